//! Chain, mempool and miner as one thing that changes step by step.
//!
//! Every change to the regtest world is a method here. No lock, no file and no subscriber: those
//! belong to the handle in `mod`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::constants::genesis_block;
use bitcoin::{Block, Network, ScriptBuf, Transaction, TxOut, Txid};
use thiserror::Error;

use super::accept::{Terms, admit};
use super::mempool::Mempool;
use super::miner::{Fill, build};
use super::policy::MIN_RELAY_FEE_SAT_PER_KVB;
use super::reject::Reject;
use super::state::{ChainState, ConnectError};
use super::wallet::{FundError, MinerWallet};
use crate::bitcoind::RpcError;

/// What `/fee-estimates` says until it is told otherwise, in sat/vB.
pub const DEFAULT_FEERATE_SAT_PER_VB: f64 = 1.5;
/// Height up to which the miner mines when it is first asked for money: 20 mature coinbases.
pub(super) const FIRST_FUNDED_HEIGHT: u32 = 120;
/// The miner's own payments never pay more than this, whatever the estimate is set to.
const MAX_FUNDING_SAT_PER_KVB: u64 = 1_000_000;
/// Blocks mined when the wallet is empty above that height: 10 more mature coinbases.
pub(super) const REFILL_BLOCKS: u32 = 110;

/// A reorg that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReorgError {
    /// More blocks than there are on genesis.
    #[error("cannot reorg {depth} blocks at height {height}")]
    TooDeep {
        /// Blocks to take away.
        depth: u32,
        /// Blocks there are.
        height: u32,
    },
    /// A real bitcoind does not do it.
    #[error(transparent)]
    Bitcoind(#[from] RpcError),
}

/// The whole regtest world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) state: ChainState,
    pub(crate) mempool: Mempool,
    wallet: MinerWallet,
    clock_ahead: Duration,
    pub(crate) feerate_sat_per_vb: f64,
}

impl World {
    pub(crate) fn new() -> Self {
        World {
            state: ChainState::new(genesis_block(Network::Regtest)),
            mempool: Mempool::default(),
            wallet: MinerWallet::new(),
            clock_ahead: Duration::ZERO,
            feerate_sat_per_vb: DEFAULT_FEERATE_SAT_PER_VB,
        }
    }

    pub(crate) fn miner_script(&self) -> ScriptBuf {
        self.wallet.script().clone()
    }

    /// The miner's clock runs ahead of the machine's by this much more.
    pub(crate) fn advance_clock(&mut self, by: Duration) {
        self.clock_ahead = self.clock_ahead.saturating_add(by);
    }

    fn now_secs(&self) -> u32 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u32::try_from(since_epoch.saturating_add(self.clock_ahead).as_secs()).unwrap_or(u32::MAX)
    }

    /// Lets a transaction into the mempool, or says why not.
    pub(crate) fn submit(&mut self, tx: &Arc<Transaction>) -> Result<Txid, Reject> {
        self.submit_on(tx, Terms::Relay)
    }

    pub(crate) fn submit_on(
        &mut self,
        tx: &Arc<Transaction>,
        terms: Terms,
    ) -> Result<Txid, Reject> {
        let admission = admit(&self.state, &self.mempool, tx, terms)?;
        for txid in &admission.replaced {
            self.mempool.evict(txid);
        }
        let txid = admission.entry.txid;
        self.mempool.insert(admission.entry);
        Ok(txid)
    }

    /// Mines one block.
    pub(crate) fn mine_block(&mut self, payout: ScriptBuf, fill: Fill) -> Arc<Block> {
        let block = build(&self.state, &self.mempool, payout, fill, self.now_secs());
        let block = Arc::new(block);
        self.connect(Arc::clone(&block))
            .expect("cannot fail: a block built on the tip from the checked mempool connects");
        block
    }

    /// Connects a block and takes what it confirms, and what conflicts with that, out of the mempool.
    pub(crate) fn connect(&mut self, block: Arc<Block>) -> Result<(), ConnectError> {
        self.state.connect(Arc::clone(&block))?;
        for tx in block.txdata.iter().skip(1) {
            self.mempool.remove(&tx.compute_txid());
            for conflict in self.mempool.conflicts(tx) {
                self.mempool.evict(&conflict);
            }
        }
        Ok(())
    }

    /// Repeats a block of the store's log: one that does not follow the tip starts a reorg.
    pub(crate) fn replay(&mut self, block: Arc<Block>) -> Result<(), ConnectError> {
        let parent = block.header.prev_blockhash;
        if self.state.is_active(&parent) {
            while self.state.tip_hash() != parent {
                self.state.disconnect();
            }
        }
        self.state.connect(block)
    }

    /// Replaces the newest `depth` blocks by `depth + 1` new ones, which it gives. Transactions of
    /// the lost blocks return to the mempool where they are still valid; `leave_out` and what
    /// descends from it is forgotten.
    pub(crate) fn reorg(
        &mut self,
        depth: u32,
        leave_out: &[Txid],
        fill: Fill,
    ) -> Result<Vec<Arc<Block>>, ReorgError> {
        let height = self.state.height();
        if depth > height {
            return Err(ReorgError::TooDeep { depth, height });
        }
        let mut lost: Vec<Arc<Block>> =
            (0..depth).filter_map(|_| self.state.disconnect()).collect();
        lost.reverse();
        let mut homeless: Vec<Arc<Transaction>> = lost
            .iter()
            .flat_map(|block| block.txdata.iter().skip(1).cloned().map(Arc::new))
            .chain(self.mempool.drain())
            .filter(|tx| !leave_out.contains(&tx.compute_txid()))
            .collect();
        let mut blocks = Vec::new();
        for _ in 0..=depth {
            // A lock time that was reached in a lost block may be reached again only further up.
            homeless = self.readmit(homeless);
            blocks.push(self.mine_block(self.miner_script(), fill));
        }
        self.readmit(homeless);
        Ok(blocks)
    }

    /// Puts transactions back and gives those that are not valid now.
    fn readmit(&mut self, txs: Vec<Arc<Transaction>>) -> Vec<Arc<Transaction>> {
        txs.into_iter()
            .filter(|tx| self.submit_on(tx, Terms::Reorg).is_err())
            .collect()
    }

    /// Takes a transaction and its descendants out of the mempool.
    pub(crate) fn evict(&mut self, txid: &Txid) -> BTreeSet<Txid> {
        self.mempool.evict(txid)
    }

    /// The miner pays. Gives the transaction, and the blocks it had to mine to have money.
    pub(crate) fn fund(&mut self, payments: &[TxOut]) -> (Vec<Arc<Block>>, Funded) {
        let mut mined = Vec::new();
        let mut funded = self.pay(payments);
        let first = FIRST_FUNDED_HEIGHT.saturating_sub(self.state.height());
        for blocks in [first, REFILL_BLOCKS] {
            if !matches!(funded, Err(FundError::Insufficient { .. })) {
                break;
            }
            for _ in 0..blocks {
                mined.push(self.mine_block(self.miner_script(), Fill::Mempool));
            }
            funded = self.pay(payments);
        }
        (mined, funded)
    }

    fn pay(&mut self, payments: &[TxOut]) -> Funded {
        let tx = self.draft(payments)?;
        self.submit(&tx)?;
        Ok(tx)
    }

    /// The miner's signed payment, which nobody has been given yet.
    pub(crate) fn draft(&self, payments: &[TxOut]) -> Funded {
        let feerate = self.feerate_sat_per_kvb();
        let drafted = self
            .wallet
            .pay(&self.state, &self.mempool, payments, feerate);
        drafted.map(Arc::new)
    }

    fn feerate_sat_per_kvb(&self) -> u64 {
        // A float cast saturates and makes NaN 0, so any setting ends between sane bounds.
        let set = (self.feerate_sat_per_vb * 1_000.0).ceil() as u64;
        set.clamp(MIN_RELAY_FEE_SAT_PER_KVB, MAX_FUNDING_SAT_PER_KVB)
    }
}

/// The transaction that pays.
pub(crate) type Funded = Result<Arc<Transaction>, FundError>;
