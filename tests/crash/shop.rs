//! The till's surface as the load uses it: answers may be missing, because the till is being killed.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use till_regtest::wait::Wait;
use till_regtest::world::{Opener, World};

use super::Failure;

/// A caller gives up after this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long channels may take to be usable after a start.
const CHANNELS_PATIENCE: Duration = Duration::from_secs(60);

/// A world and a way to its till. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) world: World,
    http: reqwest::Client,
}

impl Shop {
    pub(super) fn new(world: World) -> Result<Self, Failure> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        Ok(Self {
            world,
            http: http.build()?,
        })
    }

    /// Status and body, if there was an answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Option<(u16, Value)> {
        let client = self.world.client();
        let mut request = self
            .http
            .request(method, format!("{}{path}", client.url()))
            .header("cookie", client.cookie_header().unwrap_or_default());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// A read that has to work, because the till serves.
    pub(super) async fn get(&self, path: &str) -> Result<(u16, Value), Failure> {
        let answer = self.call(Method::GET, path, None, None).await;
        answer.ok_or_else(|| format!("no answer to GET {path}").into())
    }

    pub(super) async fn usable_channels(&self) -> Result<usize, Failure> {
        let channels = self.world.client().channels().await?;
        Ok(channels.iter().filter(|channel| channel.usable()).count())
    }

    /// How many channels are left once each that is can be used: one that LDK closed at the start is
    /// not listed any more.
    pub(super) async fn channels_left(&self) -> Result<usize, Failure> {
        let mut wait = Wait::new("every channel that is left to be usable", CHANNELS_PATIENCE);
        loop {
            let channels = self.world.client().channels().await?;
            let open = channels.iter().filter(|channel| !channel.closing());
            let (open, usable) = (open.count(), channels.iter().filter(|c| c.usable()).count());
            if open == usable {
                return Ok(open);
            }
            wait.pause().await?;
        }
    }

    /// Another channel, with money on both sides. The till accepts one only with a reserve on the
    /// chain, so it may have to be given some.
    pub(super) async fn open_another(&self) -> Result<(), Failure> {
        let (_, made) = self
            .call(Method::POST, "/wallet/newaddress", Some(json!({})), None)
            .await
            .ok_or("no address")?;
        let address = made["address"].as_str().ok_or("no address")?;
        self.world.fund(address, 100_000, true).await?;
        let opened = self
            .world
            .open_channel(Opener::Customer, 6_000_000, 3_000_000);
        opened.await?;
        Ok(())
    }

    /// Whether the till's own audit agrees.
    pub(super) async fn audit_agrees(&self) -> Result<bool, Failure> {
        let dir = self.world.dir().join("till").join("control.json");
        let door: Value = serde_json::from_slice(&std::fs::read(dir)?)?;
        let (port, token) = (&door["port"], door["token"].as_str().ok_or("no token")?);
        let url = format!("http://127.0.0.1:{port}/audit");
        let answer = self.http.post(url).bearer_auth(token).send().await?;
        let report: Value = answer.json().await?;
        if report["agrees"] != true {
            println!("the audit does not agree: {report}");
        }
        Ok(report["agrees"] == true)
    }
}
