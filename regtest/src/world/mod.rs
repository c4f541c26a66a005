//! A whole Lightning world: a chain, its Esplora server, a liquidity provider, a customer, and
//! `tilld` as a child process, funded and with channels both ways.
//!
//! [`World`] is what the sandbox shows and what end-to-end tests drive. Several live in one process:
//! no globals, no fixed ports. What a world does, it does with the till's own HTTP surface, as any
//! client would.
//!
//! ```text
//!   customer ══ announced, 16 M sat ══> provider ── inbound ──> till ── outbound ──> customer
//! ```
//! The till's channels are private: its invoices carry the way to it, as a shop's do. The provider
//! is known to the network by its channel with the customer, so that offers find a way too.
//!
//! | file | owns |
//! | --- | --- |
//! | `config`, `state` | what a world should be, and what is kept of it in its folder |
//! | `ground`, `boot` | from nothing to the first sale |
//! | `child`, `till`, `command` | the till's process |
//! | `esplora`, `remote` | parts that somebody else may run, as in containers |
//! | `client`, `wire`, `lnbits`, `lnbot` | the till's HTTP surfaces, from outside |
//! | `blocks`, `channels`, `follow` | what can be done to a world |

mod blocks;
mod boot;
mod channels;
pub mod child;
mod client;
mod command;
mod config;
mod error;
mod esplora;
mod follow;
mod ground;
mod lnbits;
mod lnbot;
mod remote;
mod state;
mod till;
mod wire;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

use crate::chain::Chain;
use crate::electrum::Electrum;
use crate::peer::{Peer, PeerError};

pub use channels::Opener;
pub use client::{ClientError, TillClient};
pub use command::TilldCommand;
pub use config::{ChainKind, Liquidity, Progress, TillAsks, WorldConfig};
pub use error::WorldError;
pub use lnbits::LnbitsWallet;
pub use lnbot::LnbotAccount;
pub use remote::RemoteTill;
pub use state::Credentials;
pub use till::TillProcess;
pub use wire::{Incoming, IncomingStatus, TillChannel, TillInvoice};

/// A running world. Clones share it. Call [`World::stop`] before the runtime ends.
#[derive(Clone, Debug)]
pub struct World {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    chain: Chain,
    chain_name: &'static str,
    till_asks: TillAsks,
    esplora: esplora::Esplora,
    electrum: std::sync::Mutex<Option<Electrum>>,
    lsp: Peer,
    customer: Peer,
    till: TillProcess,
    client: TillClient,
    credentials: Credentials,
    lnbits: OnceCell<Vec<LnbitsWallet>>,
    lnbot: OnceCell<LnbotAccount>,
    till_node: NodeAddress,
    dir: PathBuf,
    followers: Vec<follow::Follower>,
    /// Whoever opens a channel recognises it as the new one.
    opening: Mutex<()>,
    /// Removed with the world, where nobody named a folder.
    _temp: Option<Arc<TempDir>>,
}

/// Where a Lightning node is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    /// Its public key.
    pub node_id: bitcoin::secp256k1::PublicKey,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Parts of a world.
impl World {
    /// The chain. Peers follow it by themselves; [`World::mine`] also waits for everybody.
    pub fn chain(&self) -> &Chain {
        &self.inner.chain
    }

    /// Who makes the blocks: `embedded` or `bitcoind`.
    pub fn chain_name(&self) -> &'static str {
        self.inner.chain_name
    }

    /// The liquidity provider.
    pub fn lsp(&self) -> &Peer {
        &self.inner.lsp
    }

    /// The customer.
    pub fn customer(&self) -> &Peer {
        &self.inner.customer
    }

    /// The till's process.
    pub fn till(&self) -> &TillProcess {
        &self.inner.till
    }

    /// The till's POS surface, logged in as administrator.
    pub fn client(&self) -> &TillClient {
        &self.inner.client
    }

    /// Names and passwords of the till's administrator.
    pub fn credentials(&self) -> &Credentials {
        &self.inner.credentials
    }

    /// The till's Lightning node.
    pub fn till_node(&self) -> NodeAddress {
        self.inner.till_node
    }

    /// Everything that is on disk.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Base URL of the Esplora server, whether it answers or not.
    pub fn esplora_url(&self) -> String {
        self.inner.esplora.url()
    }
}

/// Taking parts away and bringing them back.
impl World {
    /// Starts the till's process and waits until it is ready and its peers are there.
    ///
    /// # Errors
    /// If it exits, or is not ready in time.
    pub async fn start_till(&self) -> Result<(), WorldError> {
        self.inner.till.start().await?;
        self.reconnect(&self.inner.lsp).await;
        self.reconnect(&self.inner.customer).await;
        Ok(())
    }

    /// Takes the customer offline.
    ///
    /// # Errors
    /// If the node does not stop.
    pub async fn stop_customer(&self) -> Result<(), PeerError> {
        self.inner.customer.stop().await
    }

    /// Brings the customer back, in sync and connected.
    ///
    /// # Errors
    /// If the node does not start.
    pub async fn start_customer(&self) -> Result<(), PeerError> {
        let customer = &self.inner.customer;
        customer.restart().await?;
        customer.sync().await?;
        let lsp = &self.inner.lsp;
        customer.connect(lsp.node_id(), lsp.address()).await?;
        self.reconnect(customer).await;
        Ok(())
    }

    /// The Esplora server stops answering; the chain goes on. Where the till asks the real bitcoind, that
    /// is stopped too, and nobody mines meanwhile; where it asks an Electrum server, that.
    pub async fn stop_esplora(&self) {
        let electrum = self.with_electrum(Electrum::stop);
        if let Some(Err(error)) = electrum {
            tracing::warn!(%error, "while stopping the till's chain source");
        }
        if self.inner.till_asks == TillAsks::Bitcoind
            && let Err(error) = self.inner.chain.stop_bitcoind()
        {
            tracing::warn!(%error, "while stopping the till's chain source");
        }
        self.inner.esplora.stop().await;
    }

    /// Whether [`stop_esplora`](Self::stop_esplora) stops anything.
    ///
    /// # Errors
    /// If somebody else runs the Esplora server.
    pub fn esplora_is_ours(&self) -> Result<(), WorldError> {
        if self.inner.esplora.is_ours() {
            Ok(())
        } else {
            Err(WorldError::Elsewhere("the Esplora server"))
        }
    }

    /// The Esplora server answers again, at the same address.
    ///
    /// # Errors
    /// If its port is taken, or a bitcoind does not start again.
    pub async fn start_esplora(&self) -> std::io::Result<()> {
        if self.inner.till_asks == TillAsks::Bitcoind {
            let started = self.inner.chain.start_bitcoind();
            started.map_err(std::io::Error::other)?;
        }
        if let Some(started) = self.with_electrum(Electrum::launch) {
            started.map_err(std::io::Error::other)?;
        }
        self.inner.esplora.restart(&self.inner.chain).await
    }

    /// Does something with the Electrum server that the till asks, if it does.
    pub fn with_electrum<T>(&self, act: impl FnOnce(&mut Electrum) -> T) -> Option<T> {
        let held = self.inner.electrum.lock();
        let mut held = held.unwrap_or_else(PoisonError::into_inner);
        held.as_mut().map(act)
    }

    /// Stops everything that somebody else does not run: the till first, so that it sees its peers and its chain to the end.
    /// Idempotent.
    ///
    /// # Errors
    /// The first thing that did not stop cleanly; the rest is stopped all the same.
    pub async fn stop(&self) -> Result<(), WorldError> {
        let till = match self.inner.till.is_ours() {
            true => self.inner.till.stop().await,
            false => Ok(()),
        };
        for follower in &self.inner.followers {
            follower.end();
        }
        let (customer, lsp) = tokio::join!(self.inner.customer.stop(), self.inner.lsp.stop());
        self.stop_esplora().await;
        let chain = self.inner.chain.stop_bitcoind();
        till?;
        customer?;
        lsp?;
        Ok(chain?)
    }
}
