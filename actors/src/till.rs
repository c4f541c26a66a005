//! Starting and stopping the whole. Owns the order of both, and what happens when a part fails.
//!
//! Up: lock, journal, views, journal thread, ledger, then the node and everything that talks to
//! it. Down: the other way round; the node is stopped explicitly, the journal last.

mod figures;
mod generation;
mod lock;
mod observers;
mod outward;
mod root;
mod start_node;
mod stopped;
pub(crate) mod store;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ractor::Actor;
use till::ledger::{EventBody, State};
use till::money::Msat;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

pub use figures::{Figures, FiguresHandle, NodeState};
pub use generation::GenerationError;
pub(crate) use lock::DataDirLock;
pub use lock::LockError;
pub use start_node::NodeSource;
pub use stopped::{StoppedError, StoppedTill};

use crate::audit::Auditor;
use crate::chain::{ChainClient, ChainError, ChainSource};
use crate::disk::DiskFloor;
use crate::export::Exporter;
use crate::health::HealthHandle;
use crate::hub::{HubHandle, HubLimits};
use crate::journal::{Applied, Job, Journal, JournalError, Writer};
use crate::ledger::{LedgerActor, LedgerHandle};
use crate::node::LightningNode;
use crate::node::handle::NodeHandle;
use crate::outbound::OutboundPolicy;
use crate::payments::{self, PaymentsActor, PaymentsHandle, Waits};
use crate::rates::RatesConfig;
use crate::runner::Runner;
use crate::service::{Parts, Policy, Service, hmac_sha256};
use crate::treasury::{self, TreasuryActor, TreasuryHandle};
use crate::views::{CatchUpError, ViewError, Views};
use crate::watcher::{self, Gate, WatcherActor, WatcherHandle, pump};
use observers::Observers;
pub(crate) use outward::Outward;
use root::{Root, RootHandle};

/// How long calls to the node that are under way may take when it is to stop; a sync against a
/// chain source that does not answer takes the longest.
const NODE_CALLS_TIMEOUT: Duration = Duration::from_secs(45);
/// How long the node may take to persist and stop.
const NODE_STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// Everything the actors need to know.
#[derive(Clone, Debug)]
pub struct TillConfig {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Which chain.
    pub network: bitcoin::Network,
    /// Where the chain is asked for.
    pub chain: ChainSource,
    /// Limits and defaults.
    pub policy: Policy,
    /// Outgoing payments in flight at once.
    pub max_in_flight: usize,
    /// Time between the two looks of the check.
    pub recheck: Duration,
    /// Confirmations after which a deposit counts.
    pub credit_depth: u32,
    /// How often the on-chain wallet is looked at.
    pub scan_every: Duration,
    /// Whether the treasury syncs the node, too, at each look.
    pub sync_too: bool,
    /// Free bytes on the disk below which nothing new is begun; normally
    /// [`DISK_FLOOR_BYTES`](crate::disk::DISK_FLOOR_BYTES).
    pub disk_floor_bytes: u64,
    /// Subscribers and how far they may fall behind.
    pub hub: HubLimits,
    /// How often it is measured how the till does.
    pub health_every: Duration,
    /// What may be called at others' addresses.
    pub outbound: OutboundPolicy,
    /// Where prices of currencies come from.
    pub rates: RatesConfig,
}

/// Why the till did not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process has the data folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The views cannot be used.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The views cannot be brought up to the journal.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError),
    /// There is a node, or there are views, but no journal.
    #[error(
        "{path} holds {what}, but there is no journal beside it, or an empty file: it was moved or \
         deleted. Restore the journal from a backup; starting without it would forget every balance."
    )]
    JournalMissing {
        /// The folder.
        path: String,
        /// What is in it.
        what: &'static str,
    },
    /// The node cannot be built.
    #[error(transparent)]
    Node(#[from] crate::node::NodeError),
    /// A node is to be made anew, and its chain source cannot tell what its seed has on the chain.
    #[error(
        "a bitcoind cannot tell where the money of a known seed is, and the first start looks once: set \
         chain.source to electrum or esplora for it; it may be bitcoind again once the money is there"
    )]
    BlindSource,
    /// Node and journal are not of the same time.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// The chain client cannot be made.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The system refuses a thread or a folder.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// An actor did not start.
    #[error("a part of the till did not start: {0}")]
    Actor(#[from] ractor::SpawnErr),
}

/// The running till.
#[derive(Debug)]
pub struct Till {
    service: Service,
    pub(crate) ledger: LedgerHandle,
    node: NodeHandle,
    node_to_stop: Arc<dyn LightningNode>,
    payments: PaymentsHandle,
    treasury: TreasuryHandle,
    hub: HubHandle,
    root: RootHandle,
    watcher: ractor::ActorRef<watcher::Msg>,
    tasks: Vec<JoinHandle<()>>,
    writer: Writer,
    observers: Observers,
    _lock: lock::DataDirLock,
}

impl Till {
    /// Starts everything but the node, which is started in the background: its chain source may
    /// be away for a while, and meanwhile the till serves what it can.
    ///
    /// `seed` is the wallet's seed; secrets of the till are derived from it.
    ///
    /// # Errors
    /// [`StartError`] says what to do about it.
    pub async fn start(
        config: TillConfig,
        seed: Zeroizing<[u8; 64]>,
        source: NodeSource,
    ) -> Result<Self, StartError> {
        std::fs::create_dir_all(&config.data_dir)?;
        let lock = lock::DataDirLock::take(&config.data_dir)?;
        let store::Opened {
            mut journal,
            views,
            state,
        } = store::open(&config).await?;
        let node_to_start = source.make(&mut journal, &views, &config.data_dir).await?;
        let was_restored = journal.was_restored();
        crate::restored::warn_if_held(&views)?;

        views.serve();
        let hub = HubHandle::new(config.hub);
        let (writer, jobs) = start_writer(journal, &views, &hub)?;
        let root = Root::spawn(hub.clone(), views.clone(), config.hub).await?;
        let node = NodeHandle::default();
        let observers = Observers::new(&config, &views, &jobs, &writer, &node);
        let floor = DiskFloor::new(&config.data_dir, config.disk_floor_bytes);
        let ledger = spawn_ledger(state, jobs, writer.applied(), floor, &root).await?;

        let gate = gate(&views)?;
        let common = Common(Runner {
            ledger: ledger.clone(),
            node: node.clone(),
            views: views.clone(),
        });
        let watcher = common.spawn_watcher(&root).await?;
        let payments = common.spawn_payments(&config, &gate, &root).await?;
        let treasury = common.spawn_treasury(&config, was_restored, &root).await?;
        let node_to_stop = node_to_start.node();
        let (health, tasks) = common.spawn_tasks(&config, node_to_start, &watcher, &gate);
        let secrets = secrets(&seed);
        let outward = Outward::start(&config, &views, &ledger, &secrets, &root);
        let service = Service::new(Parts {
            outward,
            network: config.network,
            policy: config.policy,
            views,
            ledger: ledger.clone(),
            node: node.clone(),
            payments: payments.clone(),
            treasury: treasury.clone(),
            watcher: WatcherHandle::new(watcher.clone()),
            hub: hub.clone(),
            health,
            gate,
            exporter: Exporter::new(&config.data_dir, config.network),
            root: secrets,
        });
        Ok(Self {
            service,
            ledger,
            node,
            node_to_stop,
            payments,
            treasury,
            hub,
            root,
            watcher,
            tasks,
            writer,
            observers,
            _lock: lock,
        })
    }

    /// Whoever audits the till while it serves.
    #[must_use]
    pub fn auditor(&self) -> Auditor {
        self.observers.auditor.clone()
    }

    /// Figures for whoever watches it from outside.
    #[must_use]
    pub fn figures(&self) -> FiguresHandle {
        self.observers.figures.clone()
    }

    /// The door for surfaces.
    #[must_use]
    pub fn service(&self) -> Service {
        self.service.clone()
    }

    /// Becomes `Some` with the reason when a part has failed that cannot be restarted: drain and
    /// exit with an error then.
    #[must_use]
    pub fn failed(&self) -> watch::Receiver<Option<String>> {
        self.root.failed()
    }

    /// Ends every subscription, and admits no other: the first step of a stop. Whoever listened has
    /// somewhere to resume from.
    pub fn end_streams(&self) {
        self.hub.stop();
    }

    /// Returns once nobody listens any more.
    pub async fn streams_ended(&self) {
        self.hub.emptied().await;
    }

    /// Stops everything in order. Calls under way get their answers; the node stops after the
    /// last of its events that was taken has been booked, the journal after the last command.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.payments.stop();
        self.treasury.stop();
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            // Cancelled, which is what was asked for.
            let _ = task.await;
        }
        self.node.disconnect(NODE_CALLS_TIMEOUT).await;
        let node = self.node_to_stop;
        let stopped = tokio::task::spawn_blocking(move || node.stop());
        match tokio::time::timeout(NODE_STOP_TIMEOUT, stopped).await {
            Ok(Ok(Ok(()))) => tracing::info!("the node has stopped"),
            Ok(Ok(Err(error))) => tracing::error!(%error, "the node did not stop well"),
            Ok(Err(_)) | Err(_) => tracing::error!("the node did not stop in time"),
        }
        self.hub.stop();
        self.watcher.stop(None);
        self.ledger.stop().await;
        self.root.stop().await;
        drop(self.ledger);
        drop(self.service);
        let joined = tokio::task::spawn_blocking(move || self.writer.join());
        if tokio::time::timeout(NODE_STOP_TIMEOUT, joined)
            .await
            .is_err()
        {
            tracing::error!("the journal's thread did not end in time");
        }
        tracing::info!("stopped");
    }
}

/// What the till's own secrets are derived from.
fn secrets(seed: &Zeroizing<[u8; 64]>) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hmac_sha256(seed.as_slice(), "tilld"))
}

/// Where nothing was ever sent, nothing old can be told.
fn gate(views: &Views) -> Result<Gate, ViewError> {
    Ok(match views.has_payments()? {
        true => Gate::default(),
        false => Gate::opened(),
    })
}

/// The journal's thread; it tells the hub of events once they are durable and visible.
fn start_writer(
    journal: Journal,
    views: &Views,
    hub: &HubHandle,
) -> std::io::Result<(Writer, mpsc::Sender<Job>)> {
    let hub = hub.clone();
    Writer::start(journal, views.clone(), move |events| {
        for event in &events {
            if let EventBody::Alarm(alarm) = &event.body {
                tracing::error!(event_id = event.id, ?alarm, "somebody should look at this");
            }
        }
        if let Some(last) = events.last() {
            hub.announce(last.id);
        }
    })
}

async fn spawn_ledger(
    state: State<Views>,
    journal: mpsc::Sender<Job>,
    applied: Applied,
    floor: DiskFloor,
    root: &RootHandle,
) -> Result<LedgerHandle, StartError> {
    let args = crate::ledger::Args {
        state,
        journal,
        applied,
    };
    let (ledger, _) = LedgerActor::spawn_linked(None, LedgerActor, args, root.cell()).await?;
    Ok(LedgerHandle::new(ledger, floor))
}

/// What every actor above the ledger works with.
struct Common(Runner);

impl Common {
    /// What runs beside the actors: the node's start, the pump, and whoever measures how the till does.
    fn spawn_tasks(
        &self,
        config: &TillConfig,
        node_to_start: start_node::NodeToStart,
        watcher: &ractor::ActorRef<watcher::Msg>,
        gate: &Gate,
    ) -> (HealthHandle, Vec<JoinHandle<()>>) {
        let Runner { node, views, .. } = &self.0;
        let (health, sampler) =
            HealthHandle::start(&config.data_dir, config.health_every, views, node);
        let starting = tokio::spawn(node_to_start.run(node.clone()));
        let pump = self.spawn_pump(watcher, gate, config.recheck);
        (health, vec![starting, pump, sampler])
    }

    fn spawn_pump(
        &self,
        watcher: &ractor::ActorRef<watcher::Msg>,
        gate: &Gate,
        recheck: Duration,
    ) -> JoinHandle<()> {
        let runner = self.0.clone();
        tokio::spawn(pump(runner, watcher.clone(), gate.clone(), recheck))
    }

    async fn spawn_watcher(
        &self,
        root: &RootHandle,
    ) -> Result<ractor::ActorRef<watcher::Msg>, StartError> {
        let runner = self.0.clone();
        let spawned = WatcherActor::spawn_linked(None, WatcherActor, runner, root.cell()).await?;
        Ok(spawned.0)
    }

    async fn spawn_payments(
        &self,
        config: &TillConfig,
        gate: &Gate,
        root: &RootHandle,
    ) -> Result<PaymentsHandle, StartError> {
        let waits = Waits::default();
        let places = Arc::new(Semaphore::new(config.max_in_flight));
        let args = payments::Args {
            runner: self.0.clone(),
            gate: gate.clone(),
            recheck: config.recheck,
            waits: waits.clone(),
            handing: payments::Handing::default(),
            offers: Arc::default(),
            places: Arc::clone(&places),
            retries: payments::Retries::default(),
        };
        let spawned = PaymentsActor::spawn_linked(None, PaymentsActor, args, root.cell()).await?;
        Ok(PaymentsHandle::new(spawned.0, places, waits))
    }

    async fn spawn_treasury(
        &self,
        config: &TillConfig,
        was_restored: bool,
        root: &RootHandle,
    ) -> Result<TreasuryHandle, StartError> {
        let args = treasury::Args {
            ledger: self.0.ledger.clone(),
            node: self.0.node.clone(),
            views: self.0.views.clone(),
            chain: ChainClient::new(&config.chain)?,
            credit_depth: config.credit_depth,
            scan_every: config.scan_every,
            recheck: config.recheck,
            sync_too: config.sync_too,
            was_restored,
        };
        let spawned = TreasuryActor::spawn_linked(None, TreasuryActor, args, root.cell()).await?;
        Ok(TreasuryHandle::new(spawned.0))
    }
}

/// A policy for tests and examples: one per cent, at least 20 sat; an hour; ten bitcoin.
impl Default for Policy {
    fn default() -> Self {
        Self {
            fees: till::fees::FeePolicy {
                reserve_ppm: 10_000,
                reserve_min: Msat::new(20_000).unwrap_or(Msat::ZERO),
            },
            invoice_expiry_secs: 3_600,
            max_amount: Msat::new(1_000_000_000_000).unwrap_or(Msat::ZERO),
            lsp: None,
        }
    }
}
