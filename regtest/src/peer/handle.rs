//! [`Peer`]: start, stop, sync, and the way to call the node.
//!
//! Every call into the node may block, so all go through [`Peer::call`] to the blocking threads. The
//! node is always stopped before it is dropped: dropping a running one panics when the runtime ends.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bitcoin::secp256k1::PublicKey;
use ldk_node::lightning::ln::msgs::SocketAddress;
use ldk_node::lightning_types::payment::{PaymentHash, PaymentPreimage};
use ldk_node::{Node, NodeError};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::config::build;
use super::ending::{BadEnd, end};
use super::seen::Seen;
use super::{PeerConfig, PeerError, events};
use crate::wait::Wait;

/// How long a node may take to reach the tip, retries included.
const SYNC_LIMIT: Duration = Duration::from_secs(60);

/// A counterparty node. Clones share it.
#[derive(Clone)]
pub struct Peer {
    shared: Arc<Shared>,
}

/// What outlives a stop.
pub(super) struct Shared {
    config: PeerConfig,
    facts: Arc<Facts>,
    node_id: PublicKey,
    running: Mutex<Option<Running>>,
    /// Starting and stopping exclude each other.
    lifecycle: tokio::sync::Mutex<()>,
    /// A sync that began before a block came would be joined by one that is to see that block.
    syncing: tokio::sync::Mutex<()>,
}

/// What the consumer of events shares with everybody. It must not hold on to [`Shared`], whose end
/// is its own.
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) seen: watch::Sender<Seen>,
    holds: Mutex<HashMap<PaymentHash, PaymentPreimage>>,
}

impl Facts {
    /// Preimages of the invoices that are not settled by themselves.
    pub(super) fn holds(&self) -> MutexGuard<'_, HashMap<PaymentHash, PaymentPreimage>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Running {
    node: Arc<Node>,
    /// Sent: the consumer of events ends.
    stop: oneshot::Sender<()>,
    consumer: JoinHandle<()>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("name", &self.shared.config.name)
            .field("node_id", &self.shared.node_id)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way out where nobody called [`Peer::stop`]: a start that was given up, a failing test.
impl Drop for Shared {
    fn drop(&mut self) {
        let Some(running) = self.running().take() else {
            return;
        };
        drop(running.stop);
        let node = running.node;
        // On a thread of its own, as stopping blocks on the runtime that this one may belong to.
        let ended = std::thread::spawn(move || end(node)).join();
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!(peer = self.config.name, "not stopped cleanly");
        }
    }
}

/// A peer that somebody else keeps alive.
#[derive(Clone)]
pub(crate) struct WeakPeer {
    shared: Weak<Shared>,
}

impl WeakPeer {
    /// The peer, if it is still there.
    pub(crate) fn upgrade(&self) -> Option<Peer> {
        self.shared.upgrade().map(|shared| Peer { shared })
    }
}

/// Life and death.
impl Peer {
    /// Builds a node in its folder and starts it. The Esplora server must answer.
    ///
    /// # Errors
    /// If the folder, the port or the chain source cannot be used.
    pub async fn start(config: PeerConfig) -> Result<Self, PeerError> {
        let node = launch(config.clone()).await?;
        let facts = Facts {
            name: config.name.clone(),
            seen: watch::Sender::new(Seen::default()),
            holds: Mutex::default(),
        };
        let shared = Arc::new(Shared {
            node_id: node.node_id(),
            config,
            facts: Arc::new(facts),
            running: Mutex::new(None),
            lifecycle: tokio::sync::Mutex::new(()),
            syncing: tokio::sync::Mutex::new(()),
        });
        let peer = Peer { shared };
        peer.attend(node);
        Ok(peer)
    }

    /// Starts a stopped peer again, from what its folder holds. A running one stays as it is.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn restart(&self) -> Result<(), PeerError> {
        let _turn = self.shared.lifecycle.lock().await;
        if self.is_running() {
            return Ok(());
        }
        let node = launch(self.shared.config.clone()).await?;
        self.attend(node);
        Ok(())
    }

    fn attend(&self, node: Node) {
        let node = Arc::new(node);
        let (stop, stopped) = oneshot::channel();
        let facts = Arc::clone(&self.shared.facts);
        let consumer = tokio::spawn(events::consume(Arc::clone(&node), facts, stopped));
        *self.shared.running() = Some(Running {
            node,
            stop,
            consumer,
        });
    }

    /// Takes the peer offline and waits until all it knows is on disk. Idempotent.
    ///
    /// # Errors
    /// If the node does not stop.
    pub async fn stop(&self) -> Result<(), PeerError> {
        let _turn = self.shared.lifecycle.lock().await;
        let Some(running) = self.shared.running().take() else {
            return Ok(());
        };
        drop(running.stop);
        if let Err(error) = running.consumer.await {
            tracing::error!(peer = self.name(), %error, "the event consumer ended badly");
        }
        let node = running.node;
        match tokio::task::spawn_blocking(move || end(node)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(BadEnd::Refused(source))) => Err(self.refused("stop", source)),
            Ok(Err(BadEnd::Panicked)) | Err(_) => Err(PeerError::Panicked(self.name().to_owned())),
        }
    }
}

async fn launch(config: PeerConfig) -> Result<Node, PeerError> {
    let name = config.name.clone();
    let launched = tokio::task::spawn_blocking(move || {
        let node = build(&config)?;
        node.start().map_err(|source| PeerError::Node {
            name: config.name.clone(),
            action: "start",
            source,
        })?;
        // If nobody waits any more, the node ends before its folder does: fields drop in order.
        Ok((node, config))
    });
    match launched.await {
        Ok(launched) => launched.map(|(node, _config)| node),
        Err(_panic) => Err(PeerError::Panicked(name)),
    }
}

/// Asking and syncing.
impl Peer {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.shared.config.name
    }

    /// Its public key.
    pub fn node_id(&self) -> PublicKey {
        self.shared.node_id
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.config.listen
    }

    /// A handle that does not keep it alive.
    pub(crate) fn downgrade(&self) -> WeakPeer {
        WeakPeer {
            shared: Arc::downgrade(&self.shared),
        }
    }

    /// Whether it is online.
    pub fn is_running(&self) -> bool {
        self.shared.running().is_some()
    }

    /// The best block it knows.
    ///
    /// # Errors
    /// If it is stopped.
    pub async fn height(&self) -> Result<u32, PeerError> {
        self.call(|node| node.status().current_best_block.height)
            .await
    }

    /// Brings its wallets up to the chain's tip, once.
    ///
    /// # Errors
    /// If it is stopped or the chain source does not answer.
    pub async fn sync(&self) -> Result<(), PeerError> {
        let _turn = self.shared.syncing.lock().await;
        self.ask("sync", Node::sync_wallets).await
    }

    /// Syncs until it knows a block of this height.
    ///
    /// # Errors
    /// As [`Self::sync`], or if the height is not reached in time.
    pub async fn sync_to(&self, height: u32) -> Result<(), PeerError> {
        let what = format!("the {} node to reach block {height}", self.name());
        let mut wait = Wait::new(what, SYNC_LIMIT);
        loop {
            self.sync().await?;
            if self.height().await? >= height {
                return Ok(());
            }
            wait.pause().await?;
        }
    }

    /// Connects to another node, and remembers it for later starts.
    ///
    /// # Errors
    /// If it is stopped or the other does not answer.
    pub async fn connect(&self, node_id: PublicKey, address: SocketAddr) -> Result<(), PeerError> {
        self.ask("connect", move |node| {
            node.connect(node_id, SocketAddress::from(address), true)
        })
        .await
    }

    /// Runs something with the node on a blocking thread.
    pub(super) async fn call<T, F>(&self, work: F) -> Result<T, PeerError>
    where
        T: Send + 'static,
        F: FnOnce(&Node) -> T + Send + 'static,
    {
        let node = self.shared.running().as_ref().map(|r| Arc::clone(&r.node));
        let node = node.ok_or_else(|| PeerError::Stopped(self.name().to_owned()))?;
        tokio::task::spawn_blocking(move || work(&node))
            .await
            .map_err(|_panic| PeerError::Panicked(self.name().to_owned()))
    }

    /// [`Self::call`] for what the node can refuse.
    pub(super) async fn ask<T, F>(&self, action: &'static str, work: F) -> Result<T, PeerError>
    where
        T: Send + 'static,
        F: FnOnce(&Node) -> Result<T, NodeError> + Send + 'static,
    {
        let answer = self.call(work).await?;
        answer.map_err(|source| self.refused(action, source))
    }

    pub(super) fn refused(&self, action: &'static str, source: NodeError) -> PeerError {
        PeerError::Node {
            name: self.name().to_owned(),
            action,
            source,
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.shared.facts
    }
}
