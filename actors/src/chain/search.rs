//! Which transaction of a block spends an output: bitcoind has no index of that, so blocks are read, from the
//! newest down. Owns how far that has come and what it has found.

use std::collections::HashMap;

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Block, BlockHash, OutPoint, Txid};
use serde_json::json;
use tokio::sync::Mutex;

use super::ChainError;
use super::bitcoind::Header;
use super::rpc::{Rpc, RpcError};

/// Blocks read for one question; the next time it is asked, the search goes on. Till and channels wait for
/// the answer meanwhile, so this is about 10 seconds of main net.
const BLOCKS_AT_ONCE: u32 = 300;
/// Outputs that are remembered. A till asks for those of its channels' fundings and its own coins.
const MAX_REMEMBERED: usize = 1_000;

/// What is known of a search.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Found, in this block.
    Found { spender: Txid, block: BlockHash },
    /// Not in the blocks above `next`, up to this one.
    Going { top: BlockHash, next: u32 },
}

/// Searches, by the output.
#[derive(Debug, Default)]
pub(super) struct Searches(Mutex<HashMap<OutPoint, State>>);

impl Searches {
    /// The transaction that spends an output which was mined at `height` and is known to be spent in a
    /// block.
    pub(super) async fn spender(
        &self,
        rpc: &Rpc,
        outpoint: OutPoint,
        height: u32,
    ) -> Result<Option<Txid>, ChainError> {
        let mut known = self.0.lock().await;
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        let mut begun = known.get(&outpoint).copied();
        if let Some(State::Found { block, .. } | State::Going { top: block, .. }) = begun
            && !is_in_best_chain(rpc, block).await?
        {
            begun = None;
        }
        let (top, next) = match begun {
            Some(State::Found { spender, .. }) => return Ok(Some(spender)),
            Some(State::Going { top, next }) => (top, next),
            None => {
                let top: BlockHash = rpc.call("getbestblockhash", json!([])).await?;
                (top, header(rpc, top).await?.height)
            }
        };
        let last = height.max(next.saturating_sub(BLOCKS_AT_ONCE - 1));
        for at in (last..=next).rev() {
            let block: BlockHash = rpc.call("getblockhash", json!([at])).await?;
            if let Some(spender) = spender_in(rpc, block, outpoint).await? {
                known.insert(outpoint, State::Found { spender, block });
                return Ok(Some(spender));
            }
        }
        if last > height {
            let next = last - 1;
            known.insert(outpoint, State::Going { top, next });
            let why = format!("what spends {outpoint} is looked for, below block {last}");
            return Err(ChainError(why));
        }
        // It is in a newer block than the search began at, or something has changed meanwhile.
        known.remove(&outpoint);
        Err(ChainError(format!("what spends {outpoint} was not found")))
    }
}

async fn header(rpc: &Rpc, hash: BlockHash) -> Result<Header, RpcError> {
    rpc.call("getblockheader", json!([hash])).await
}

async fn is_in_best_chain(rpc: &Rpc, hash: BlockHash) -> Result<bool, RpcError> {
    Ok(header(rpc, hash).await?.confirmations > 0)
}

async fn spender_in(
    rpc: &Rpc,
    hash: BlockHash,
    outpoint: OutPoint,
) -> Result<Option<Txid>, ChainError> {
    let hex: String = rpc.call("getblock", json!([hash, 0])).await?;
    let block: Block = deserialize_hex(&hex).map_err(|error| ChainError(error.to_string()))?;
    let spends = |tx: &&bitcoin::Transaction| {
        let mut inputs = tx.input.iter();
        inputs.any(|input| input.previous_output == outpoint)
    };
    Ok(block.txdata.iter().find(spends).map(|tx| tx.compute_txid()))
}
