//! [`Chain`]: the cheap, shared, synchronous handle to one regtest world.
//!
//! It adds what the world itself does not know: the lock, the folder on disk, and the subscribers.
//! No method blocks for longer than the work it does, so async code may call all of them.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bitcoin::{
    Address, Amount, Block, BlockHash, MerkleBlock, Network, OutPoint, Script, ScriptBuf,
    Transaction, TxOut, Txid,
};
use tokio::sync::watch;

use super::index::ScriptIndex;
use super::miner::Fill;
use super::package::{self, PackageOutcome};
use super::real::Real;
use super::reject::Reject;
use super::store::{OpenError, Store};
use super::view::{BlockView, MerklePath, Outspend, Tip, TxView, Utxo};
use super::wallet::FundError;
use super::world::{ReorgError, World};
use crate::bitcoind::RpcError;

/// A regtest chain. Clones share it.
#[derive(Debug, Clone)]
pub struct Chain {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    /// Who makes blocks and judges transactions, where we do not.
    pub(super) real: Option<Real>,
    tip: watch::Sender<Tip>,
    /// Counts changes of the mempool.
    mempool: watch::Sender<u64>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) world: World,
    store: Option<Store>,
}

impl Default for Chain {
    fn default() -> Self {
        Chain::new()
    }
}

/// Making and watching a chain.
impl Chain {
    /// A chain of the genesis block alone, in memory.
    pub fn new() -> Self {
        Chain::from_parts(World::new(), None, None)
    }

    /// Resumes the chain that is kept in `folder`, or starts one there. Stale blocks, confirmed
    /// transactions and, where still valid, unconfirmed ones come back.
    ///
    /// # Errors
    /// If the folder cannot be used, is in use, or holds a damaged chain.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let (mut store, stored) = Store::open(folder.as_ref())?;
        let mut world = World::new();
        for (number, block) in stored.blocks.into_iter().enumerate() {
            world
                .replay(block)
                .map_err(|reason| OpenError::DoesNotConnect { number, reason })?;
        }
        for tx in &stored.mempool {
            if let Err(refusal) = world.submit(tx) {
                tracing::debug!(txid = %tx.compute_txid(), %refusal, "stored transaction dropped");
            }
        }
        store.rewrite_mempool(&world.mempool);
        Ok(Chain::from_parts(world, Some(store), None))
    }

    pub(super) fn from_parts(world: World, store: Option<Store>, real: Option<Real>) -> Self {
        let tip = watch::Sender::new(world.tip());
        let mempool = watch::Sender::new(0);
        Chain {
            shared: Arc::new(Shared {
                inner: Mutex::new(Inner { world, store }),
                real,
                tip,
                mempool,
            }),
        }
    }

    /// Follows the tip. The receiver has the newest value only: steps in between can be missed.
    pub fn subscribe(&self) -> watch::Receiver<Tip> {
        self.shared.tip.subscribe()
    }

    /// Follows the mempool: the value counts changes, so a waiter looks again when it moves.
    pub fn subscribe_mempool(&self) -> watch::Receiver<u64> {
        self.shared.mempool.subscribe()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere does not make the chain wrong: each change is made after its checks.
        self.shared
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks several questions about one and the same state.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&World) -> T) -> T {
        ask(&self.lock().world)
    }

    /// Keeps new blocks and tells the subscribers, still under the lock so that order is kept.
    pub(super) fn publish(&self, inner: &mut Inner, blocks: &[Arc<Block>]) -> Tip {
        if let (Some(store), false) = (&mut inner.store, blocks.is_empty()) {
            store.append_blocks(blocks, &inner.world.mempool);
        }
        let tip = inner.world.tip();
        self.shared
            .tip
            .send_if_modified(|seen| std::mem::replace(seen, tip) != tip);
        self.shared.mempool.send_modify(|changes| *changes += 1);
        tip
    }
}

/// Changing a chain.
impl Chain {
    /// Mines `blocks` blocks to the miner's own wallet; the first takes the mempool along.
    pub fn mine(&self, blocks: u32) -> Tip {
        self.mine_filled(None, blocks, Fill::Mempool)
    }

    /// Mines `blocks` blocks whose rewards go to `payout`.
    pub fn mine_to(&self, payout: impl Into<ScriptBuf>, blocks: u32) -> Tip {
        self.mine_filled(Some(payout.into()), blocks, Fill::Mempool)
    }

    /// Mines `blocks` blocks and leaves the mempool alone: what waits there stays unconfirmed.
    pub fn mine_empty(&self, blocks: u32) -> Tip {
        self.mine_filled(None, blocks, Fill::Nothing)
    }

    fn mine_filled(&self, payout: Option<ScriptBuf>, blocks: u32, fill: Fill) -> Tip {
        self.try_mine(payout, blocks, fill).unwrap_or_else(|error| {
            tracing::error!(%error, "nothing was mined");
            self.tip()
        })
    }

    /// Mines `blocks` blocks, to the miner's own wallet where no `payout` is named. The other ways to
    /// mine are this; where a real bitcoind has gone they log it, and the tip stays as it is.
    ///
    /// # Errors
    /// A real bitcoind's reason. The in-process chain always mines.
    pub fn try_mine(
        &self,
        payout: Option<ScriptBuf>,
        blocks: u32,
        fill: Fill,
    ) -> Result<Tip, RpcError> {
        if let Some(real) = &self.shared.real {
            return self.real_mine(real, payout, blocks, fill);
        }
        let mut inner = self.lock();
        let payout = payout.unwrap_or_else(|| inner.world.miner_script());
        let mined: Vec<_> = (0..blocks)
            .map(|_| inner.world.mine_block(payout.clone(), fill))
            .collect();
        Ok(self.publish(&mut inner, &mined))
    }

    /// The miner's wallet pays `amount` to an address or script; the payment waits in the mempool.
    /// On a young chain this mines first, until the miner has 20 mature coinbases.
    ///
    /// # Errors
    /// If the miner does not have that much, or the mempool refuses the payment (dust).
    pub fn fund(&self, to: impl Into<ScriptBuf>, amount: Amount) -> Result<Txid, FundError> {
        self.fund_many(&[TxOut {
            value: amount,
            script_pubkey: to.into(),
        }])
    }

    /// [`Self::fund`] for several payees in one transaction; output order is kept, change is last.
    ///
    /// # Errors
    /// As [`Self::fund`].
    pub fn fund_many(&self, payments: &[TxOut]) -> Result<Txid, FundError> {
        if let Some(real) = &self.shared.real {
            return self.real_fund(real, payments);
        }
        let mut inner = self.lock();
        let (mined, funded) = inner.world.fund(payments);
        if let (Some(store), Ok(tx)) = (&mut inner.store, &funded) {
            store.append_tx(tx);
        }
        self.publish(&mut inner, &mined);
        Ok(funded?.compute_txid())
    }

    /// Offers a transaction to the mempool. Replaces what it conflicts with if it pays for that.
    ///
    /// # Errors
    /// bitcoind's reason for refusing it.
    pub fn submit(&self, tx: Transaction) -> Result<Txid, Reject> {
        if let Some(real) = &self.shared.real {
            return Ok(self.real_submit(real, &tx)?);
        }
        let tx = Arc::new(tx);
        let mut inner = self.lock();
        let txid = inner.world.submit(&tx)?;
        if let Some(store) = &mut inner.store {
            store.append_tx(&tx);
        }
        self.publish(&mut inner, &[]);
        Ok(txid)
    }

    /// Offers transactions, parents first, whose fees may be paid by a child.
    pub fn submit_package(&self, txs: Vec<Transaction>) -> PackageOutcome {
        if let Some(real) = &self.shared.real {
            return self.real_submit_package(real, &txs);
        }
        let txs: Vec<_> = txs.into_iter().map(Arc::new).collect();
        let mut inner = self.lock();
        let outcome = package::submit(&mut inner.world, &txs);
        self.save_mempool(&mut inner);
        outcome
    }

    /// Drops a transaction and its descendants from the mempool, as when it expires; gives all of
    /// them. They may be submitted again.
    pub fn evict(&self, txid: &Txid) -> Vec<Txid> {
        if let Some(real) = &self.shared.real {
            return self.real_evict(real, txid).unwrap_or_else(|error| {
                tracing::error!(%error, "nothing was dropped from the mempool");
                Vec::new()
            });
        }
        let mut inner = self.lock();
        let evicted = inner.world.evict(txid).into_iter().collect();
        self.save_mempool(&mut inner);
        evicted
    }

    fn save_mempool(&self, inner: &mut Inner) {
        if let Some(store) = &mut inner.store {
            store.rewrite_mempool(&inner.world.mempool);
        }
        self.publish(inner, &[]);
    }

    /// Replaces the newest `depth` blocks by `depth + 1` new ones. Transactions of the lost blocks
    /// go back to the mempool where they are still valid, and the first new block confirms them.
    ///
    /// # Errors
    /// If there are fewer than `depth` blocks on genesis.
    pub fn reorg(&self, depth: u32) -> Result<Tip, ReorgError> {
        self.reorg_filled(depth, &[], Fill::Mempool)
    }

    /// [`Self::reorg`] with new blocks that confirm nothing: the transactions of the lost blocks
    /// stay in the mempool.
    ///
    /// # Errors
    /// As [`Self::reorg`].
    pub fn reorg_empty(&self, depth: u32) -> Result<Tip, ReorgError> {
        self.reorg_filled(depth, &[], Fill::Nothing)
    }

    /// [`Self::reorg`] that forgets the transactions `leave_out` and what descends from them, be
    /// they in a lost block or in the mempool. What they spent can be spent otherwise then.
    ///
    /// # Errors
    /// As [`Self::reorg`].
    pub fn reorg_without(&self, depth: u32, leave_out: &[Txid]) -> Result<Tip, ReorgError> {
        self.reorg_filled(depth, leave_out, Fill::Mempool)
    }

    fn reorg_filled(&self, depth: u32, leave_out: &[Txid], fill: Fill) -> Result<Tip, ReorgError> {
        if let Some(real) = &self.shared.real {
            return self.real_reorg(real, depth, leave_out, fill);
        }
        let mut inner = self.lock();
        let mined = inner.world.reorg(depth, leave_out, fill)?;
        Ok(self.publish(&mut inner, &mined))
    }

    /// Moves the miner's clock ahead, for lock times in seconds. Blocks from now on are dated so.
    pub fn advance_clock(&self, by: Duration) {
        if let Some(real) = &self.shared.real {
            return real.advance_clock(by);
        }
        self.lock().world.advance_clock(by);
    }

    /// Sets what the fee estimates say and the miner's own payments pay, in sat/vB.
    pub fn set_feerate(&self, sat_per_vb: f64) {
        self.lock().world.feerate_sat_per_vb = sat_per_vb;
    }
}

/// Asking a chain.
impl Chain {
    /// Number of blocks on genesis.
    pub fn height(&self) -> u32 {
        self.tip().height
    }

    /// Height and hash of the newest block.
    pub fn tip(&self) -> Tip {
        self.read(World::tip)
    }

    /// Hash of the block at a height of the best chain.
    pub fn block_hash(&self, height: u32) -> Option<BlockHash> {
        self.read(|world| world.state.hash_at(height))
    }

    /// A block by its hash, stale ones included. The header is in it.
    pub fn block(&self, hash: &BlockHash) -> Option<BlockView> {
        self.read(|world| world.block_view(hash))
    }

    /// A transaction of the best chain or the mempool.
    pub fn tx(&self, txid: &Txid) -> Option<TxView> {
        let known = self.read(|world| world.tx_view(txid));
        known.or_else(|| {
            self.refresh();
            self.read(|world| world.tx_view(txid))
        })
    }

    /// Blocks from the one that confirms a transaction up to the tip: 0 is unconfirmed or unknown.
    pub fn confirmations(&self, txid: &Txid) -> u32 {
        self.refresh();
        self.read(|world| {
            let confirmed = world.confirmation(txid);
            confirmed.map_or(0, |confirmed| world.state.height() - confirmed.height + 1)
        })
    }

    /// What spends an output, confirmed or not.
    pub fn outspend(&self, outpoint: &OutPoint) -> Option<Outspend> {
        self.refresh();
        self.read(|world| world.outspend(outpoint))
    }

    /// The proof that a transaction is in its block, in Bitcoin's format.
    pub fn merkle_block(&self, txid: &Txid) -> Option<MerkleBlock> {
        self.read(|world| world.merkle_block(txid))
    }

    /// The proof that a transaction is in its block, in Electrum's format.
    pub fn merkle_path(&self, txid: &Txid) -> Option<MerklePath> {
        self.read(|world| world.merkle_path(txid))
    }

    /// Unconfirmed transactions in order of arrival, parents before children.
    pub fn mempool(&self) -> Vec<Txid> {
        self.refresh();
        self.read(|world| world.mempool.iter().map(|entry| entry.txid).collect())
    }

    /// Unspent outputs of a script, unconfirmed ones included.
    pub fn utxos(&self, script: &Script) -> Vec<Utxo> {
        self.refresh();
        self.read(|world| world.utxos(&ScriptIndex::key(script)))
    }

    /// Transactions that pay or spend a script: unconfirmed ones first, then newest to oldest.
    pub fn history(&self, script: &Script) -> Vec<TxView> {
        self.refresh();
        let key = ScriptIndex::key(script);
        self.read(|world| {
            let mut history = world.unconfirmed_page(&key, usize::MAX);
            history.extend(world.confirmed_page(&key, None, usize::MAX));
            history
        })
    }

    /// The address that block rewards go to and test money comes from.
    pub fn miner_address(&self) -> Address {
        let script = self.read(World::miner_script);
        Address::from_script(&script, Network::Regtest)
            .expect("cannot fail: the miner's script is P2WPKH, which has an address")
    }

    /// What the fee estimates say, in sat/vB.
    pub fn feerate(&self) -> f64 {
        self.read(|world| world.feerate_sat_per_vb)
    }
}
