//! The Esplora server of a world: its own, which shows each change at once, or one that somebody else runs and
//! that follows bitcoind in its own time.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::Mutex;

use super::WorldError;
use crate::chain::{Chain, EsploraServer, Tip};
use crate::wait::Wait;

/// How long one of somebody else's may take to show a block. Blockstream's looks every five seconds, and listens
/// only once it has read the chain.
const SHOW_LIMIT: Duration = Duration::from_secs(120);
/// Longest answer to a look at its tip.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// How often peers look at one of somebody else's, beside when the chain changes.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// An Esplora server.
#[derive(Debug)]
pub(super) enum Esplora {
    /// In this process, on loopback; none while it is stopped.
    Own {
        addr: SocketAddr,
        server: Mutex<Option<EsploraServer>>,
    },
    /// Somebody else's.
    Remote { url: String, http: reqwest::Client },
}

impl Esplora {
    /// The one at `remote`, or else one of our own.
    pub(super) async fn start(remote: Option<&str>, chain: &Chain) -> Result<Self, WorldError> {
        if let Some(url) = remote {
            let http = reqwest::Client::builder()
                .no_proxy()
                .timeout(PROBE_LIMIT)
                .build()
                .map_err(|error| WorldError::Invalid(error.to_string()))?;
            let url = url.trim_end_matches('/').to_owned();
            return Ok(Esplora::Remote { url, http });
        }
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = EsploraServer::start(chain.clone(), any);
        let server = server.await.map_err(WorldError::Port)?;
        Ok(Esplora::Own {
            addr: server.addr(),
            server: Mutex::new(Some(server)),
        })
    }

    /// Base URL, whether it answers or not.
    pub(super) fn url(&self) -> String {
        match self {
            Esplora::Own { addr, .. } => format!("http://{addr}"),
            Esplora::Remote { url, .. } => url.clone(),
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        match self {
            Esplora::Own { .. } => true,
            Esplora::Remote { .. } => false,
        }
    }

    /// How often to look, where a change of the chain is not seen at once.
    pub(super) fn look_every(&self) -> Option<Duration> {
        (!self.is_ours()).then_some(LOOK_EVERY)
    }

    /// Whether it has not been stopped by us.
    pub(super) async fn is_running(&self) -> bool {
        match self {
            Esplora::Own { server, .. } => server.lock().await.is_some(),
            Esplora::Remote { .. } => true,
        }
    }

    /// Waits until it shows a block of this height. A peer that syncs before would be told of an older chain.
    pub(super) async fn shows(&self, tip: Tip) -> Result<(), WorldError> {
        let Esplora::Remote { url, http } = self else {
            return Ok(());
        };
        let what = format!("the Esplora server at {url} to show block {}", tip.height);
        let mut wait = Wait::new(what, SHOW_LIMIT);
        loop {
            let answer = http.get(format!("{url}/blocks/tip/height")).send().await;
            if let Ok(answer) = answer
                && let Ok(text) = answer.text().await
                && text
                    .trim()
                    .parse()
                    .is_ok_and(|seen: u32| seen >= tip.height)
            {
                return Ok(());
            }
            wait.pause().await?;
        }
    }

    /// Ends it where it is ours.
    pub(super) async fn stop(&self) {
        if let Esplora::Own { server, .. } = self
            && let Some(server) = server.lock().await.take()
        {
            server.stop().await;
        }
    }

    /// Starts it again where it is ours, at the same address.
    pub(super) async fn restart(&self, chain: &Chain) -> std::io::Result<()> {
        if let Esplora::Own { addr, server } = self {
            let mut server = server.lock().await;
            if server.is_none() {
                *server = Some(EsploraServer::start(chain.clone(), *addr).await?);
            }
        }
        Ok(())
    }
}
