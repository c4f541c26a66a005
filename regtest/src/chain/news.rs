//! What a real bitcoind has that our picture of its chain does not have yet.
//!
//! [`gather`] asks for it without holding anything up, [`World::adopt`] takes it in. Nothing is judged here:
//! what bitcoind has is right.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bitcoin::consensus::Decodable;
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Amount, Block, BlockHash, Transaction, TxOut, Txid};
use serde_json::json;

use super::mempool::Entry;
use super::state::ConnectError;
use super::world::World;
use crate::bitcoind::{Rpc, RpcError};

/// Looks at a chain that moves while it is looked at, before that is given up.
const GATHER_TRIES: usize = 20;

/// One moment of bitcoind's chain and mempool, as far as it is new.
#[derive(Debug)]
pub(super) struct News {
    /// The newest block that the picture has, too.
    fork: BlockHash,
    /// Those on it, oldest first.
    blocks: Vec<Arc<Block>>,
    /// Everything that waits for a block.
    waiting: Vec<Txid>,
    /// What of that the picture does not have.
    fresh: Vec<Arc<Transaction>>,
}

/// Asks for what is new. `known` asks the picture.
pub(super) fn gather(rpc: &Rpc, known: impl Fn(&dyn Fn(&World) -> bool) -> bool) -> Gathered {
    for _ in 0..GATHER_TRIES {
        let tip: BlockHash = rpc.call("getbestblockhash", json!([]))?;
        let mut blocks = Vec::new();
        let mut fork = tip;
        while !known(&|world| world.state.is_active(&fork)) {
            let block: Block = decoded(&rpc.call::<String>("getblock", json!([fork, 0]))?)?;
            fork = block.header.prev_blockhash;
            blocks.push(Arc::new(block));
        }
        blocks.reverse();
        let waiting: Vec<Txid> = rpc.call("getrawmempool", json!([]))?;
        let Some(fresh) = fetch(rpc, &waiting, &known)? else {
            continue;
        };
        let now: BlockHash = rpc.call("getbestblockhash", json!([]))?;
        if now == tip {
            return Ok(News {
                fork,
                blocks,
                waiting,
                fresh,
            });
        }
    }
    let message = "its chain moves faster than it can be read".to_owned();
    Err(RpcError::NoAnswer(message))
}

type Gathered = Result<News, RpcError>;

/// The transactions that the picture does not have; `None` if one has gone meanwhile.
fn fetch(
    rpc: &Rpc,
    waiting: &[Txid],
    known: &impl Fn(&dyn Fn(&World) -> bool) -> bool,
) -> Result<Option<Vec<Arc<Transaction>>>, RpcError> {
    let mut fresh = Vec::new();
    for txid in waiting {
        if known(&|world| world.mempool.contains(txid)) {
            continue;
        }
        match rpc.call::<String>("getrawtransaction", json!([txid])) {
            Ok(hex) => fresh.push(Arc::new(decoded(&hex)?)),
            Err(RpcError::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(fresh))
}

/// The blocks beside the best chain that bitcoind knows, parents first: who saw one asks for it later.
pub(super) fn stale_blocks(rpc: &Rpc) -> Result<Vec<(u32, Arc<Block>)>, RpcError> {
    #[derive(serde::Deserialize)]
    struct Branch {
        height: u32,
        hash: BlockHash,
        branchlen: u32,
    }
    let mut stale = Vec::new();
    for branch in rpc.call::<Vec<Branch>>("getchaintips", json!([]))? {
        let mut hash = branch.hash;
        for above in 0..branch.branchlen {
            let block: Block = decoded(&rpc.call::<String>("getblock", json!([hash, 0]))?)?;
            hash = block.header.prev_blockhash;
            stale.push((branch.height - above, Arc::new(block)));
        }
    }
    Ok(stale)
}

fn decoded<T: Decodable>(hex: &str) -> Result<T, RpcError> {
    deserialize_hex(hex).map_err(|error| RpcError::NoAnswer(error.to_string()))
}

impl World {
    /// Becomes what `news` tells. Gives whether anything has changed.
    pub(super) fn adopt(&mut self, news: News) -> Result<bool, ConnectError> {
        let mut changed = !news.blocks.is_empty();
        let mut loose = news.fresh;
        if self.state.tip_hash() != news.fork {
            changed = true;
            // From scratch, so that what came back from lost blocks stands before what rests on it.
            loose.extend(self.mempool.drain());
            while self.state.tip_hash() != news.fork {
                let Some(lost) = self.state.disconnect() else {
                    return Err(ConnectError::WrongParent);
                };
                loose.extend(lost.txdata.iter().skip(1).cloned().map(Arc::new));
            }
        }
        for block in news.blocks {
            self.connect(block)?;
        }
        let waiting: HashSet<Txid> = news.waiting.into_iter().collect();
        let before: Vec<Txid> = self.mempool.iter().map(|entry| entry.txid).collect();
        for txid in before.iter().filter(|txid| !waiting.contains(*txid)) {
            changed |= self.mempool.remove(txid).is_some();
        }
        let loose: HashMap<Txid, _> = loose
            .into_iter()
            .map(|tx| (tx.compute_txid(), tx))
            .filter(|(txid, _)| waiting.contains(txid) && !self.mempool.contains(txid))
            .collect();
        changed |= !loose.is_empty();
        self.insert_by_family(loose);
        Ok(changed)
    }

    /// Puts transactions into the mempool, parents first.
    fn insert_by_family(&mut self, mut loose: HashMap<Txid, Arc<Transaction>>) {
        while !loose.is_empty() {
            let ready: Vec<Entry> = loose
                .iter()
                .filter_map(|(txid, tx)| self.entry(*txid, tx))
                .collect();
            if ready.is_empty() {
                // bitcoind has their parents, so we have missed something; the next look finds it.
                tracing::warn!(
                    count = loose.len(),
                    "transactions without parents are left out"
                );
                return;
            }
            for entry in ready {
                loose.remove(&entry.txid);
                self.mempool.insert(entry);
            }
        }
    }

    /// `None` while a parent is missing.
    fn entry(&self, txid: Txid, tx: &Arc<Transaction>) -> Option<Entry> {
        let output = |input: &bitcoin::TxIn| {
            let outpoint = &input.previous_output;
            let output = self.state.output(outpoint);
            output.or_else(|| self.mempool.output(outpoint)).cloned()
        };
        let spent: Vec<TxOut> = tx.input.iter().map(output).collect::<Option<_>>()?;
        let value_in: Amount = spent.iter().map(|output| output.value).sum();
        let value_out: Amount = tx.output.iter().map(|output| output.value).sum();
        Some(Entry {
            tx: Arc::clone(tx),
            txid,
            spent,
            fee: value_in.checked_sub(value_out).unwrap_or(Amount::ZERO),
            vsize: tx.vsize() as u64,
        })
    }
}
