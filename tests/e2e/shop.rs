//! A shop with a till, and the words in which the stories are told. Hides HTTP and waiting.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use till_regtest::bitcoind;
use till_regtest::electrum;
use till_regtest::peer::{IssuedInvoice, NewInvoice, Paid, PeerError};
use till_regtest::wait::Wait;
use till_regtest::world::{ChainKind, Liquidity, TillAsks, TilldCommand, World, WorldConfig};

use crate::display::Display;

/// Nothing in a story takes longer.
pub const PATIENCE: Duration = Duration::from_secs(180);

pub struct Shop {
    pub world: World,
    http: reqwest::Client,
}

/// A status and a JSON body.
pub type Answer = (u16, Value);

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With settings of the till's, as `TILL_SECTION_KEY`.
    pub async fn open_with(settings: &[(&str, &str)]) -> Self {
        Self::open_rich(Liquidity::default(), settings).await
    }

    /// A till that has nothing yet: no channel, and not a satoshi on the chain.
    pub async fn open_poor(settings: &[(&str, &str)]) -> Self {
        let nothing = Liquidity {
            onchain_sat: 0,
            outbound_sat: 0,
            inbound_sat: 0,
        };
        Self::open_rich(nothing, settings).await
    }

    /// A till whose chain source is a bitcoind's RPC; `None`, said aloud, where this machine has no bitcoind.
    pub async fn open_on_bitcoind(settings: &[(&str, &str)]) -> Option<Self> {
        let Some(program) = bitcoind::find() else {
            eprintln!("there is no bitcoind on this machine: not told");
            return None;
        };
        let config = Self::config(Liquidity::default(), settings);
        let config = WorldConfig {
            chain: ChainKind::Bitcoind(program),
            till_asks: TillAsks::Bitcoind,
            ..config
        };
        Some(Self::open_world(config).await)
    }

    /// The same in a folder that its maker names, and removes.
    pub async fn open_on_bitcoind_in(dir: &Path, settings: &[(&str, &str)]) -> Option<Self> {
        let Some(program) = bitcoind::find() else {
            eprintln!("there is no bitcoind on this machine: not told");
            return None;
        };
        let config = Self::config(Liquidity::default(), settings);
        let config = WorldConfig {
            dir: Some(dir.to_owned()),
            chain: ChainKind::Bitcoind(program),
            till_asks: TillAsks::Bitcoind,
            ..config
        };
        Some(Self::open_world(config).await)
    }

    /// A till whose chain source is an Electrum server on a bitcoind; `None`, said aloud, where this machine
    /// lacks one of the two.
    pub async fn open_on_electrum(settings: &[(&str, &str)]) -> Option<Self> {
        let (Some(program), Some(_)) = (bitcoind::find(), electrum::find()) else {
            eprintln!("there is no Electrum server, or no bitcoind, on this machine: not told");
            return None;
        };
        let config = Self::config(Liquidity::default(), settings);
        let config = WorldConfig {
            chain: ChainKind::Bitcoind(program),
            till_asks: TillAsks::Electrum,
            ..config
        };
        Some(Self::open_world(config).await)
    }

    async fn open_rich(liquidity: Liquidity, settings: &[(&str, &str)]) -> Self {
        Self::open_world(Self::config(liquidity, settings)).await
    }

    fn config(liquidity: Liquidity, settings: &[(&str, &str)]) -> WorldConfig {
        let tilld = TilldCommand::this_test_program("the_till").unwrap();
        let settings = settings.iter();
        let (chain, till_asks) = chain_kind();
        WorldConfig {
            chain,
            till_asks,
            liquidity,
            env: settings
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            ..WorldConfig::new(tilld)
        }
    }

    async fn open_world(config: WorldConfig) -> Self {
        let world = World::start(config).await.unwrap();
        world.client().login().await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { world, http }
    }

    /// Closes up and looks into the books.
    pub async fn close(self) {
        crate::books::close_and_check(self).await;
    }

    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let client = self.world.client();
        let url = format!("{}{path}", client.url());
        let cookies = client.cookie_header().unwrap_or_default();
        let mut request = self.http.request(method, url).header("cookie", cookies);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        Ok((
            answer.status().as_u16(),
            answer.json().await.unwrap_or(Value::Null),
        ))
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.try_call(Method::POST, path, Some(body), &[])
            .await
            .unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.try_call(Method::GET, path, None, &[]).await.unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub async fn balance_sat(&self) -> u64 {
        self.get("/wallet/getbalance").await["balanceSat"]
            .as_u64()
            .unwrap()
    }

    /// An invoice of the till's: its text and its hash.
    pub async fn invoice(&self, wanted: Value) -> (String, String) {
        let (status, made) = self.post("/wallet/createinvoice", wanted).await;
        assert_eq!(status, 200, "{made}");
        (text(&made, "serialized"), text(&made, "paymentHash"))
    }

    pub async fn incoming(&self, hash: &str) -> Value {
        self.get(&format!("/wallet/payments/incoming/{hash}")).await
    }

    pub async fn outgoing(&self, hash: &str) -> Value {
        self.get(&format!("/wallet/payments/outgoingbyhash/{hash}"))
            .await
    }

    pub async fn customer_pays(&self, bolt11: &str) -> Result<Paid, PeerError> {
        self.world.customer().pay(bolt11, None).await
    }

    /// An invoice of the customer's.
    pub async fn customer_asks(&self, amount_sat: Option<u64>, hold: bool) -> IssuedInvoice {
        let wanted = NewInvoice {
            amount_msat: amount_sat.map(|sat| sat * 1_000),
            memo: "goods".into(),
            expiry_secs: 600,
            hold,
        };
        self.world.customer().invoice(wanted).await.unwrap()
    }

    pub async fn pays(&self, bolt11: &str) -> Answer {
        self.post("/wallet/payinvoice", json!({ "invoice": bolt11 }))
            .await
    }

    /// Waits until the customer holds the HTLC of a hold invoice.
    pub async fn customer_holds(&self, hash: &str) {
        until("the customer to hold the payment", async || {
            self.world
                .customer()
                .holds_payment(hash)
                .unwrap()
                .then_some(())
        })
        .await;
    }

    /// Waits until an outgoing payment has a status.
    pub async fn outgoing_becomes(&self, hash: &str, status: &str) -> Value {
        until(&format!("payment {hash} to be {status}"), async || {
            let row = self.outgoing(hash).await;
            (row["status"] == status).then_some(row)
        })
        .await
    }

    pub async fn incoming_becomes(&self, hash: &str, status: &str) -> Value {
        until(&format!("invoice {hash} to be {status}"), async || {
            let row = self.incoming(hash).await;
            (row["status"] == status).then_some(row)
        })
        .await
    }

    pub async fn display(&self) -> Display {
        Display::connect(self.world.client(), None).await
    }

    pub async fn display_since(&self, event_id: u64) -> Display {
        Display::connect(self.world.client(), Some(event_id)).await
    }
}

/// Says on which chain the stories are told: `embedded`, which is also what they are told on without it;
/// `bitcoind`; `bitcoind-rpc`, where the till asks it without an Esplora server between; or `electrum`, where the
/// till asks an Electrum server on it.
const CHAIN_VARIABLE: &str = "E2E_CHAIN";

/// The chain that was asked for. To ask for a bitcoind where there is none is a failure: the stories
/// would be told on another chain than somebody thinks.
fn chain_kind() -> (ChainKind, TillAsks) {
    let wanted = std::env::var(CHAIN_VARIABLE).unwrap_or_default();
    let real = || ChainKind::Bitcoind(bitcoind::find().expect("a bitcoind on this machine"));
    match wanted.as_str() {
        "" | "embedded" => (ChainKind::Embedded, TillAsks::Esplora),
        "bitcoind" => (real(), TillAsks::Esplora),
        "bitcoind-rpc" => (real(), TillAsks::Bitcoind),
        "electrum" => (real(), TillAsks::Electrum),
        other => {
            panic!("{CHAIN_VARIABLE} is {other}, not embedded, bitcoind, bitcoind-rpc or electrum")
        }
    }
}

/// Settings for a till that is to find the money of a seed from before its node was made: a bitcoind cannot
/// help with that, and an operator asks an Esplora server then.
pub fn with_index<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let (_, asks) = chain_kind();
    let index = (asks == TillAsks::Bitcoind).then_some(("TILL_CHAIN_SOURCE", "esplora"));
    settings.iter().copied().chain(index).collect()
}

pub fn text(value: &Value, field: &str) -> String {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

/// Looks again and again until there is something, or patience is over.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let mut wait = Wait::new(what, PATIENCE);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        wait.pause().await.unwrap();
    }
}
