//! The JSON of Esplora: serde types, and how the chain's answers become them.
//!
//! Field names and their order follow Blockstream's electrs. Amounts are in satoshi, times in
//! seconds since 1970, sizes in bytes.

mod mempool;
mod tx;

use serde::Serialize;

use crate::chain::{BlockView, Confirmation, MerklePath, Outspend, ScriptTotals, Utxo};

pub(crate) use mempool::{MempoolJson, PackageJson, RecentJson};
pub(crate) use tx::TxJson;

/// Hashes as JSON shows them.
pub(crate) fn strings<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

#[derive(Debug, Serialize)]
pub(crate) struct StatusJson {
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_time: Option<u32>,
}

impl From<Option<Confirmation>> for StatusJson {
    fn from(confirmation: Option<Confirmation>) -> Self {
        StatusJson {
            confirmed: confirmation.is_some(),
            block_height: confirmation.map(|at| at.height),
            block_hash: confirmation.map(|at| at.block_hash.to_string()),
            block_time: confirmation.map(|at| at.block_time_secs),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct BlockJson {
    id: String,
    height: u32,
    version: i32,
    timestamp: u32,
    tx_count: usize,
    size: usize,
    weight: u64,
    merkle_root: String,
    previousblockhash: Option<String>,
    mediantime: u32,
    nonce: u32,
    bits: u32,
    difficulty: f64,
}

impl From<&BlockView> for BlockJson {
    fn from(view: &BlockView) -> Self {
        let header = &view.block.header;
        BlockJson {
            id: view.hash.to_string(),
            height: view.height,
            version: header.version.to_consensus(),
            timestamp: header.time,
            tx_count: view.block.txdata.len(),
            size: view.block.total_size(),
            weight: view.block.weight().to_wu(),
            merkle_root: header.merkle_root.to_string(),
            previousblockhash: (view.height > 0).then(|| header.prev_blockhash.to_string()),
            mediantime: view.median_time_secs,
            nonce: header.nonce,
            bits: header.bits.to_consensus(),
            difficulty: header.difficulty_float(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct BlockStatusJson {
    in_best_chain: bool,
    height: Option<u32>,
    next_best: Option<String>,
}

impl From<Option<BlockView>> for BlockStatusJson {
    fn from(view: Option<BlockView>) -> Self {
        let best = view.filter(|view| view.in_best_chain);
        BlockStatusJson {
            in_best_chain: best.is_some(),
            height: best.as_ref().map(|view| view.height),
            next_best: best.and_then(|view| view.next).map(|hash| hash.to_string()),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct OutspendJson {
    spent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vin: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusJson>,
}

impl From<Option<Outspend>> for OutspendJson {
    fn from(outspend: Option<Outspend>) -> Self {
        OutspendJson {
            spent: outspend.is_some(),
            txid: outspend.map(|spend| spend.txid.to_string()),
            vin: outspend.map(|spend| spend.vin),
            status: outspend.map(|spend| spend.confirmation.into()),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct UtxoJson {
    txid: String,
    vout: u32,
    status: StatusJson,
    value: u64,
}

impl From<&Utxo> for UtxoJson {
    fn from(utxo: &Utxo) -> Self {
        UtxoJson {
            txid: utxo.outpoint.txid.to_string(),
            vout: utxo.outpoint.vout,
            status: utxo.confirmation.into(),
            value: utxo.output.value.to_sat(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct TotalsJson {
    tx_count: u32,
    funded_txo_count: u32,
    funded_txo_sum: u64,
    spent_txo_count: u32,
    spent_txo_sum: u64,
}

impl From<ScriptTotals> for TotalsJson {
    fn from(totals: ScriptTotals) -> Self {
        TotalsJson {
            tx_count: totals.tx_count,
            funded_txo_count: totals.funded_count,
            funded_txo_sum: totals.funded_sat,
            spent_txo_count: totals.spent_count,
            spent_txo_sum: totals.spent_sat,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct StatsJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scripthash: Option<String>,
    pub(crate) chain_stats: TotalsJson,
    pub(crate) mempool_stats: TotalsJson,
}

#[derive(Debug, Serialize)]
pub(crate) struct MerkleProofJson {
    block_height: u32,
    merkle: Vec<String>,
    pos: usize,
}

impl From<MerklePath> for MerkleProofJson {
    fn from(path: MerklePath) -> Self {
        MerkleProofJson {
            block_height: path.confirmation.height,
            merkle: strings(path.siblings),
            pos: path.confirmation.position,
        }
    }
}
