//! Answers of a bitcoind. Owns what a till needs of one: the same network, every block, and its index of
//! transactions (`txindex=1`). Without that, it knows of no transaction in a block that it is asked for.

use std::sync::Arc;

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{BlockHash, Network, OutPoint, Transaction, Txid};
use serde::Deserialize;
use serde_json::{Value, json};
use till::money::Sat;

use super::access::BitcoindAccess;
use super::rpc::{Rpc, RpcError};
use super::search::Searches;
use super::{ChainError, Mined, from_txid};

/// `RPC_INVALID_ADDRESS_OR_KEY` of bitcoind's `rpc/protocol.h`: it does not know what it is asked for.
const NOT_KNOWN: i32 = -5;
/// How it says that a transaction is nowhere. Its other words with the same code say that it cannot look.
const NOWHERE: &str = "No such mempool or blockchain transaction";
/// Any feerate is taken: what a transaction pays was decided before it was signed.
const NO_MAX_FEERATE: u32 = 0;
/// Satoshis in a kilobyte's fee of one bitcoin, per virtual byte.
const SAT_PER_VB_IN_BTC_PER_KVB: f64 = 100_000.0;

/// Asks one bitcoind. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Bitcoind {
    rpc: Rpc,
    searches: Arc<Searches>,
}

/// A transaction, and where it is.
struct Found {
    transaction: Transaction,
    /// `None` while it waits.
    height: Option<u32>,
}

#[derive(Deserialize)]
struct RawTransaction {
    hex: String,
    blockhash: Option<BlockHash>,
}

/// A header as bitcoind tells it.
#[derive(Deserialize)]
pub(super) struct Header {
    /// -1 for a block that is not in the best chain.
    pub(super) confirmations: i64,
    pub(super) height: u32,
}

impl Bitcoind {
    pub(super) fn new(access: &BitcoindAccess) -> Result<Self, ChainError> {
        let rpc = Rpc::new(access)?;
        let searches = Arc::default();
        Ok(Self { rpc, searches })
    }

    /// Whether it can be the chain source of a till on `network`, now.
    ///
    /// # Errors
    /// [`ChainError`] says what is wrong, for the operator.
    pub(super) async fn check(&self, network: Network) -> Result<(), ChainError> {
        #[derive(Deserialize)]
        struct ChainInfo {
            chain: String,
            blocks: u32,
            headers: u32,
            initialblockdownload: bool,
            pruned: bool,
        }
        let info: ChainInfo = self.rpc.call("getblockchaininfo", json!([])).await?;
        let wanted = network.to_core_arg();
        if info.chain != wanted {
            let why = format!("bitcoind is on {}, and this till on {wanted}", info.chain);
            return Err(ChainError(why));
        }
        if info.pruned {
            let why = "bitcoind is pruned: the till needs all blocks and txindex=1".to_owned();
            return Err(ChainError(why));
        }
        // On regtest nobody mines by the clock: an old tip says nothing there.
        let catches_up = info.initialblockdownload && network != Network::Regtest;
        if info.blocks < info.headers || catches_up {
            let (blocks, headers) = (info.blocks, info.headers);
            let why = format!("bitcoind is still catching up: {blocks} of {headers} blocks");
            return Err(ChainError(why));
        }
        let index: Value = self.rpc.call("getindexinfo", json!(["txindex"])).await?;
        match index["txindex"]["synced"].as_bool() {
            Some(true) => Ok(()),
            Some(false) => Err(ChainError(
                "bitcoind is still making its index of transactions (txindex)".to_owned(),
            )),
            None => Err(ChainError(
                "bitcoind has no index of transactions: the till needs txindex=1".to_owned(),
            )),
        }
    }

    pub(super) async fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, ChainError> {
        Ok(self.find(txid).await?.map(|found| found.transaction))
    }

    pub(super) async fn mined(&self, txid: Txid) -> Result<Option<Mined>, ChainError> {
        let Some(found) = self.find(txid).await? else {
            return Ok(None);
        };
        let mut spends = Vec::new();
        let mut value_in = 0;
        for input in &found.transaction.input {
            let outpoint = input.previous_output;
            if outpoint.is_null() {
                continue;
            }
            let value = self.output_sat(outpoint).await?;
            value_in += value;
            spends.push((from_txid(outpoint.txid), sat(value)));
        }
        let outputs = found.transaction.output.iter();
        let value_out: u64 = outputs.map(|output| output.value.to_sat()).sum();
        Ok(Some(Mined {
            // A coinbase makes money and pays nobody.
            fee: sat(value_in.saturating_sub(value_out)),
            height: found.height,
            spends,
        }))
    }

    pub(super) async fn spender(&self, outpoint: OutPoint) -> Result<Option<Txid>, ChainError> {
        #[derive(Deserialize)]
        struct Spending {
            spendingtxid: Option<Txid>,
        }
        if self.is_unspent(outpoint).await? {
            return Ok(None);
        }
        let asked = json!([[{"txid": outpoint.txid, "vout": outpoint.vout}]]);
        let waiting: Vec<Spending> = self.rpc.call("gettxspendingprevout", asked).await?;
        if let Some(txid) = waiting.first().and_then(|found| found.spendingtxid) {
            return Ok(Some(txid));
        }
        let Some(parent) = self.find(outpoint.txid).await? else {
            return Ok(None);
        };
        match parent.height {
            Some(height) => self.searches.spender(&self.rpc, outpoint, height).await,
            // Not mined, neither unspent nor spent: something has changed between the questions.
            None => Err(ChainError("its mempool is changing".to_owned())),
        }
    }

    /// Whether nothing spends an output, neither in a block nor in the mempool.
    pub(super) async fn is_unspent(&self, outpoint: OutPoint) -> Result<bool, ChainError> {
        let asked = json!([outpoint.txid, outpoint.vout, true]);
        let unspent: Option<Value> = self.rpc.call("gettxout", asked).await?;
        Ok(unspent.is_some())
    }

    pub(super) async fn broadcast(&self, transaction: &Transaction) -> Result<(), ChainError> {
        let asked = json!([serialize_hex(transaction), NO_MAX_FEERATE]);
        let _: Txid = self.rpc.call("sendrawtransaction", asked).await?;
        Ok(())
    }

    /// What is due for a transaction that should be mined within so many blocks, in sat/vB; `None` where
    /// bitcoind has seen too little to tell.
    pub(super) async fn feerate(&self, blocks: u16) -> Result<Option<f64>, ChainError> {
        let estimate: Value = self.rpc.call("estimatesmartfee", json!([blocks])).await?;
        let rate = estimate["feerate"].as_f64();
        Ok(rate.map(|rate| rate * SAT_PER_VB_IN_BTC_PER_KVB))
    }

    /// Looks a second time before it says that there is none: what is mined just now may have left the
    /// mempool and not be in the index yet.
    async fn find(&self, txid: Txid) -> Result<Option<Found>, ChainError> {
        match self.look(txid).await? {
            Some(found) => Ok(Some(found)),
            None => self.look(txid).await,
        }
    }

    async fn look(&self, txid: Txid) -> Result<Option<Found>, ChainError> {
        let asked = self.rpc.call("getrawtransaction", json!([txid, 1])).await;
        let found: RawTransaction = match asked {
            Ok(found) => found,
            Err(RpcError::Refused { code, message })
                if code == NOT_KNOWN && message.starts_with(NOWHERE) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let transaction = deserialize_hex(&found.hex).map_err(|e| ChainError(e.to_string()))?;
        let height = match found.blockhash {
            None => None,
            Some(hash) => {
                let header: Header = self.rpc.call("getblockheader", json!([hash])).await?;
                if header.confirmations < 1 {
                    // Of a block that a reorg took away, and in no mempool.
                    return Ok(None);
                }
                Some(header.height)
            }
        };
        Ok(Some(Found {
            transaction,
            height,
        }))
    }

    async fn output_sat(&self, outpoint: OutPoint) -> Result<u64, ChainError> {
        let missing = || ChainError(format!("it has no output {outpoint}"));
        let parent = self.find(outpoint.txid).await?.ok_or_else(missing)?;
        let index = usize::try_from(outpoint.vout).map_err(|_| missing())?;
        let output = parent.transaction.output.get(index).ok_or_else(missing)?;
        Ok(output.value.to_sat())
    }
}

fn sat(value: u64) -> Sat {
    Sat::new(value).unwrap_or(Sat::ZERO)
}
