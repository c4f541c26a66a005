//! The changes of a chain that a real bitcoind makes: it mines, it judges, and we follow.
//!
//! Each change asks bitcoind, and then looks at what it has now, so that whoever asks next sees it. A thread
//! looks too, for what others tell it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{ScriptBuf, Transaction, TxOut, Txid};
use serde_json::{Value, json};

use super::handle::{Chain, Shared};
use super::host::Host;
use super::miner::Fill;
use super::news::{gather, stale_blocks};
use super::package::PackageOutcome;
use super::reject::Reject;
use super::view::Tip;
use super::wallet::FundError;
use super::world::{FIRST_FUNDED_HEIGHT, REFILL_BLOCKS, ReorgError, World};
use crate::bitcoind::{Bitcoind, BitcoindError, RemoteBitcoind, Rpc, RpcError, Waiting, blocking};

/// How often bitcoind is looked at for what others have told it.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Any feerate is taken: what a transaction pays is its maker's business.
const NO_MAX_FEERATE: u32 = 0;
/// Most blocks that are asked for at once.
const MINE_AT_ONCE: u32 = 200;

/// A bitcoind, and a clock that may run ahead.
#[derive(Debug)]
pub(super) struct Real {
    /// One change at a time.
    daemon: Mutex<Daemon>,
}

#[derive(Debug)]
struct Daemon {
    host: Host,
    clock_ahead: Duration,
}

impl Daemon {
    fn rpc(&self) -> &Rpc {
        self.host.rpc()
    }

    fn now(&self) -> Duration {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        since_epoch.unwrap_or_default() + self.clock_ahead
    }

    /// Mines one block after the other, dated by the clock.
    fn generate(&self, payout: &ScriptBuf, blocks: u32, fill: Fill) -> Result<(), RpcError> {
        if !self.clock_ahead.is_zero() {
            self.rpc()
                .call::<Value>("setmocktime", json!([self.now().as_secs()]))?;
        }
        let payout = format!("raw({payout:x})");
        match fill {
            Fill::Mempool => {
                let mut left = blocks;
                while left > 0 {
                    let count = left.min(MINE_AT_ONCE);
                    let asked = json!([count, payout]);
                    self.rpc().call::<Value>("generatetodescriptor", asked)?;
                    left -= count;
                }
            }
            Fill::Nothing => {
                for _ in 0..blocks {
                    let asked = json!([payout, []]);
                    self.rpc().call::<Value>("generateblock", asked)?;
                }
            }
        }
        Ok(())
    }

    fn send(&self, tx: &Transaction) -> Result<Txid, RpcError> {
        let asked = json!([serialize_hex(tx), NO_MAX_FEERATE]);
        self.rpc().call("sendrawtransaction", asked)
    }

    /// Sends what is not there; gives what it does not take now.
    fn resend(&self, txs: Vec<Arc<Transaction>>) -> Result<Vec<Arc<Transaction>>, RpcError> {
        let waiting: Vec<Txid> = self.rpc().call("getrawmempool", json!([]))?;
        let mut refused = Vec::new();
        for tx in txs {
            if waiting.contains(&tx.compute_txid()) {
                continue;
            }
            match self.send(&tx) {
                Ok(_) => {}
                Err(RpcError::Refused { .. }) => refused.push(tx),
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }
}

impl Real {
    fn lock(&self) -> MutexGuard<'_, Daemon> {
        blocking(|| self.daemon.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn advance_clock(&self, by: Duration) {
        let mut daemon = self.lock();
        daemon.clock_ahead = daemon.clock_ahead.saturating_add(by);
    }
}

/// Making a chain of a bitcoind, and ending it.
impl Chain {
    /// The chain that `program` keeps in `folder`, or a new one there. Blocks until it is read.
    ///
    /// # Errors
    /// If bitcoind does not start, or does not give its blocks.
    pub fn on_bitcoind(program: &Path, folder: &Path) -> Result<Self, BitcoindError> {
        Self::on_bitcoind_with(program, folder, &[])
    }

    /// [`Self::on_bitcoind`] with more arguments for it.
    ///
    /// # Errors
    /// As [`Self::on_bitcoind`].
    pub fn on_bitcoind_with(
        program: &Path,
        folder: &Path,
        more: &[&str],
    ) -> Result<Self, BitcoindError> {
        Self::on(Host::Own(Bitcoind::start_with(program, folder, more)?))
    }

    /// The chain of a bitcoind that somebody else runs. Blocks until that answers.
    ///
    /// # Errors
    /// If it does not answer, or does not give its blocks.
    pub fn on_remote(bitcoind: &RemoteBitcoind) -> Result<Self, BitcoindError> {
        Self::on(Host::Remote(bitcoind.reach()?))
    }

    fn on(host: Host) -> Result<Self, BitcoindError> {
        let mut world = World::new();
        for (height, block) in stale_blocks(host.rpc())? {
            world.state.remember(height, block);
        }
        let daemon = Mutex::new(Daemon {
            host,
            clock_ahead: Duration::ZERO,
        });
        let chain = Chain::from_parts(world, None, Some(Real { daemon }));
        if let Some(real) = &chain.shared.real {
            chain.catch_up(&real.lock())?;
        }
        let shared = Arc::downgrade(&chain.shared);
        let looking = thread::Builder::new().name("bitcoind-follow".to_owned());
        looking
            .spawn(move || keep_looking(&shared))
            .map_err(|error| RpcError::NoAnswer(error.to_string()))?;
        Ok(chain)
    }

    /// Asks the world's own real bitcoind something, if there is one.
    pub fn with_bitcoind<T>(&self, ask: impl FnOnce(&Bitcoind) -> T) -> Option<T> {
        let real = self.shared.real.as_ref()?;
        real.lock().host.own().map(ask)
    }

    /// Ends the world's own real bitcoind, if there is one; the picture of its chain stays. Blocks.
    ///
    /// # Errors
    /// If it does not end in time.
    pub fn stop_bitcoind(&self) -> Result<(), BitcoindError> {
        match &self.shared.real {
            Some(real) => real.lock().host.stop(),
            None => Ok(()),
        }
    }

    /// Starts a bitcoind that was stopped, at the same address. Blocks.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_bitcoind(&self) -> Result<(), BitcoindError> {
        let Some(real) = &self.shared.real else {
            return Ok(());
        };
        let mut daemon = real.lock();
        daemon.host.launch(Waiting::Kept)?;
        Ok(self.catch_up(&daemon).map(drop)?)
    }

    /// Takes in what others have told a real bitcoind, before somebody looks. While that is stopped, what was
    /// seen last is what there is.
    pub(super) fn refresh(&self) {
        if let Some(real) = &self.shared.real {
            self.look(real);
        }
    }

    fn look(&self, real: &Real) {
        let daemon = real.lock();
        if daemon.host.is_running()
            && let Err(error) = self.catch_up(&daemon)
        {
            tracing::debug!(%error, "bitcoind is not followed");
        }
    }

    /// Takes in what bitcoind has now, and tells the subscribers.
    fn catch_up(&self, daemon: &Daemon) -> Result<Tip, RpcError> {
        let news = gather(daemon.rpc(), |ask| self.read(|world| ask(world)))?;
        let mut inner = self.lock();
        let adopted = inner.world.adopt(news);
        let changed = adopted.map_err(|error| RpcError::NoAnswer(error.to_string()))?;
        if changed {
            self.publish(&mut inner, &[]);
        }
        Ok(inner.world.tip())
    }
}

/// The changes. [`Chain`]'s own methods say what each of them means.
impl Chain {
    pub(super) fn real_mine(
        &self,
        real: &Real,
        payout: Option<ScriptBuf>,
        blocks: u32,
        fill: Fill,
    ) -> Result<Tip, RpcError> {
        let daemon = real.lock();
        let payout = payout.unwrap_or_else(|| self.read(World::miner_script));
        daemon.generate(&payout, blocks, fill)?;
        self.catch_up(&daemon)
    }

    pub(super) fn real_submit(&self, real: &Real, tx: &Transaction) -> Result<Txid, RpcError> {
        let daemon = real.lock();
        let txid = daemon.send(tx)?;
        self.catch_up(&daemon)?;
        Ok(txid)
    }

    pub(super) fn real_fund(&self, real: &Real, payments: &[TxOut]) -> Result<Txid, FundError> {
        let daemon = real.lock();
        let silent = |error: RpcError| FundError::Rejected(error.into());
        let first = FIRST_FUNDED_HEIGHT.saturating_sub(self.height());
        let mut drafted = self.read(|world| world.draft(payments));
        for blocks in [first, REFILL_BLOCKS] {
            if !matches!(drafted, Err(FundError::Insufficient { .. })) {
                break;
            }
            let payout = self.read(World::miner_script);
            daemon
                .generate(&payout, blocks, Fill::Mempool)
                .map_err(silent)?;
            self.catch_up(&daemon).map_err(silent)?;
            drafted = self.read(|world| world.draft(payments));
        }
        let txid = daemon.send(&*drafted?).map_err(silent)?;
        self.catch_up(&daemon).map_err(silent)?;
        Ok(txid)
    }

    pub(super) fn real_submit_package(&self, real: &Real, txs: &[Transaction]) -> PackageOutcome {
        let daemon = real.lock();
        let hexes: Vec<String> = txs.iter().map(serialize_hex).collect();
        let asked = json!([hexes, NO_MAX_FEERATE]);
        let outcome = match daemon.rpc().call::<Value>("submitpackage", asked) {
            Ok(answer) => package_outcome(txs, &answer),
            Err(error) => PackageOutcome {
                results: txs
                    .iter()
                    .map(|tx| (tx.compute_txid(), Err(error.clone().into())))
                    .collect(),
                replaced: Vec::new(),
            },
        };
        if let Err(error) = self.catch_up(&daemon) {
            tracing::warn!(%error, "the package is not seen yet");
        }
        outcome
    }

    pub(super) fn real_evict(&self, real: &Real, txid: &Txid) -> Result<Vec<Txid>, RpcError> {
        let mut daemon = real.lock();
        self.catch_up(&daemon)?;
        let (doomed, kept) = self.read(|world| {
            let doomed = world.mempool.with_descendants([*txid]);
            let kept: Vec<_> = world
                .mempool
                .iter()
                .filter(|entry| !doomed.contains(&entry.txid))
                .map(|entry| Arc::clone(&entry.tx))
                .collect();
            (doomed, kept)
        });
        if !doomed.is_empty() {
            daemon.host.forget_mempool()?;
            daemon.resend(kept)?;
            self.catch_up(&daemon)?;
        }
        Ok(doomed.into_iter().collect())
    }

    pub(super) fn real_reorg(
        &self,
        real: &Real,
        depth: u32,
        leave_out: &[Txid],
        fill: Fill,
    ) -> Result<Tip, ReorgError> {
        let mut daemon = real.lock();
        self.catch_up(&daemon)?;
        let height = self.height();
        if depth > height {
            return Err(ReorgError::TooDeep { depth, height });
        }
        let (mut homeless, tip_secs) = self.read(|world| loosened(world, depth, leave_out));
        if depth > 0 {
            let first_lost = self.block_hash(height - depth + 1);
            daemon
                .rpc()
                .call::<Value>("invalidateblock", json!([first_lost]))?;
        }
        if !leave_out.is_empty() {
            daemon.host.forget_mempool()?;
        }
        // A block of the same second with the same transactions would be the very block that was lost.
        let later = Duration::from_secs(u64::from(tip_secs) + 1);
        let missing = later.saturating_sub(daemon.now());
        daemon.clock_ahead += missing;
        let payout = self.read(World::miner_script);
        for _ in 0..=depth {
            // A lock time that was reached in a lost block may be reached again only further up.
            homeless = daemon.resend(homeless)?;
            daemon.generate(&payout, 1, fill)?;
        }
        daemon.resend(homeless)?;
        Ok(self.catch_up(&daemon)?)
    }
}

/// The transactions of the newest `depth` blocks and of the mempool, parents first, but for those to be
/// left out; and the time of the tip.
fn loosened(world: &World, depth: u32, leave_out: &[Txid]) -> (Vec<Arc<Transaction>>, u32) {
    let height = world.state.height();
    let lost = (height - depth + 1..=height).filter_map(|height| world.state.block_at(height));
    let confirmed = lost.flat_map(|known| known.block.txdata.iter().skip(1).cloned().map(Arc::new));
    let waiting = world.mempool.iter().map(|entry| Arc::clone(&entry.tx));
    let loose = confirmed
        .chain(waiting)
        .filter(|tx| !leave_out.contains(&tx.compute_txid()))
        .collect();
    let tip = world.state.block_at(height);
    (loose, tip.map_or(0, |tip| tip.block.header.time))
}

/// Reads the answer to `submitpackage`, in which members are named by their wtxid.
fn package_outcome(txs: &[Transaction], answer: &Value) -> PackageOutcome {
    let result = |tx: &Transaction| {
        let member = &answer["tx-results"][tx.compute_wtxid().to_string()];
        match member["error"].as_str() {
            None => Ok(()),
            Some(message) => Err(Reject::Bitcoind(RpcError::Refused {
                code: super::reject::RPC_TRANSACTION_REJECTED,
                message: message.to_owned(),
            })),
        }
    };
    let replaced = answer["replaced-transactions"].as_array();
    let replaced = replaced.into_iter().flatten().filter_map(Value::as_str);
    PackageOutcome {
        results: txs
            .iter()
            .map(|tx| (tx.compute_txid(), result(tx)))
            .collect(),
        replaced: replaced.filter_map(|txid| txid.parse().ok()).collect(),
    }
}

/// Looks until nobody has the chain any more. A bitcoind that is stopped is looked at later.
fn keep_looking(shared: &Weak<Shared>) {
    loop {
        thread::sleep(LOOK_EVERY);
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let chain = Chain { shared };
        chain.refresh();
    }
}
