//! The JSON of Esplora: serde types, and how the chain's answers become them.
//!
//! Field names and their order follow Blockstream's electrs. Amounts are in satoshi, times in
//! seconds since 1970, sizes in bytes.

use std::collections::BTreeMap;

use bitcoin::hex::DisplayHex as _;
use bitcoin::{Address, Network, Script, Transaction, TxIn, TxOut};
use serde::Serialize;

use crate::chain::mempool::{Entry, Mempool};
use crate::chain::{
    BlockView, Chain, Confirmation, MerklePath, Outspend, PackageOutcome, ScriptTotals, TxView,
    Utxo,
};

/// Satoshi per bitcoin.
const SAT_PER_BTC: f64 = 100_000_000.0;

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
pub(crate) struct OutputJson {
    scriptpubkey: String,
    scriptpubkey_asm: String,
    scriptpubkey_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scriptpubkey_address: Option<String>,
    value: u64,
}

impl From<&TxOut> for OutputJson {
    fn from(output: &TxOut) -> Self {
        let script = &output.script_pubkey;
        let address = Address::from_script(script, Network::Regtest).ok();
        OutputJson {
            scriptpubkey: script.to_hex_string(),
            scriptpubkey_asm: script.to_asm_string(),
            scriptpubkey_type: script_type(script),
            scriptpubkey_address: address.map(|address| address.to_string()),
            value: output.value.to_sat(),
        }
    }
}

fn script_type(script: &Script) -> &'static str {
    match script {
        script if script.is_empty() => "empty",
        script if script.is_op_return() => "op_return",
        script if script.is_p2pk() => "p2pk",
        script if script.is_p2pkh() => "p2pkh",
        script if script.is_p2sh() => "p2sh",
        script if script.is_p2wpkh() => "v0_p2wpkh",
        script if script.is_p2wsh() => "v0_p2wsh",
        script if script.is_p2tr() => "v1_p2tr",
        script if script.is_multisig() => "multisig",
        _ => "unknown",
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct InputJson {
    txid: String,
    vout: u32,
    prevout: Option<OutputJson>,
    scriptsig: String,
    scriptsig_asm: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witness: Vec<String>,
    is_coinbase: bool,
    sequence: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_redeemscript_asm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_witnessscript_asm: Option<String>,
}

impl InputJson {
    fn new(input: &TxIn, spent: Option<&TxOut>) -> Self {
        let redeem = spent
            .filter(|spent| spent.script_pubkey.is_p2sh())
            .and_then(|_| input.script_sig.redeem_script());
        let is_p2wsh = spent.is_some_and(|spent| spent.script_pubkey.is_p2wsh())
            || redeem.is_some_and(Script::is_p2wsh);
        let witness_script = input
            .witness
            .last()
            .filter(|_| is_p2wsh)
            .map(Script::from_bytes);
        InputJson {
            txid: input.previous_output.txid.to_string(),
            vout: input.previous_output.vout,
            prevout: spent.map(OutputJson::from),
            scriptsig: input.script_sig.to_hex_string(),
            scriptsig_asm: input.script_sig.to_asm_string(),
            witness: input
                .witness
                .iter()
                .map(|item| item.to_lower_hex_string())
                .collect(),
            is_coinbase: input.previous_output.is_null(),
            sequence: input.sequence.to_consensus_u32(),
            inner_redeemscript_asm: redeem.map(Script::to_asm_string),
            inner_witnessscript_asm: witness_script.map(Script::to_asm_string),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct TxJson {
    txid: String,
    version: i32,
    locktime: u32,
    vin: Vec<InputJson>,
    vout: Vec<OutputJson>,
    size: usize,
    weight: u64,
    fee: u64,
    status: StatusJson,
}

impl From<&TxView> for TxJson {
    fn from(view: &TxView) -> Self {
        let tx = &view.tx;
        let inputs = tx.input.iter().zip(&view.spent);
        TxJson {
            txid: view.txid.to_string(),
            version: tx.version.0,
            locktime: tx.lock_time.to_consensus_u32(),
            vin: inputs
                .map(|(input, spent)| InputJson::new(input, spent.as_ref()))
                .collect(),
            vout: tx.output.iter().map(OutputJson::from).collect(),
            size: tx.total_size(),
            weight: tx.weight().to_wu(),
            fee: view.fee.to_sat(),
            status: view.confirmation.into(),
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

#[derive(Debug, Serialize)]
pub(crate) struct MempoolJson {
    count: usize,
    vsize: u64,
    total_fee: u64,
    /// Pairs of a feerate in sat/vB and the virtual bytes that pay it or more, best first.
    fee_histogram: Vec<(f64, u64)>,
}

impl From<&Mempool> for MempoolJson {
    fn from(mempool: &Mempool) -> Self {
        // One bin per whole sat/vB: exact enough for a chain without a fee market.
        let mut bins: BTreeMap<u64, u64> = BTreeMap::new();
        for entry in mempool.iter() {
            *bins
                .entry(entry.fee.to_sat() / entry.vsize.max(1))
                .or_default() += entry.vsize;
        }
        MempoolJson {
            count: mempool.len(),
            vsize: mempool.iter().map(|entry| entry.vsize).sum(),
            total_fee: mempool.iter().map(|entry| entry.fee.to_sat()).sum(),
            fee_histogram: bins
                .iter()
                .rev()
                .map(|(rate, vsize)| (*rate as f64, *vsize))
                .collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct RecentJson {
    txid: String,
    fee: u64,
    vsize: u64,
    value: u64,
}

impl From<&Entry> for RecentJson {
    fn from(entry: &Entry) -> Self {
        RecentJson {
            txid: entry.txid.to_string(),
            fee: entry.fee.to_sat(),
            vsize: entry.vsize,
            value: entry
                .tx
                .output
                .iter()
                .map(|output| output.value.to_sat())
                .sum(),
        }
    }
}

#[derive(Debug, Serialize)]
struct PackageFeesJson {
    /// In bitcoin, as bitcoind gives it.
    base: f64,
}

#[derive(Debug, Serialize)]
struct PackageMemberJson {
    txid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vsize: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fees: Option<PackageFeesJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// bitcoind's answer to `submitpackage`; members are named by their wtxid.
#[derive(Debug, Serialize)]
pub(crate) struct PackageJson {
    package_msg: &'static str,
    #[serde(rename = "tx-results")]
    tx_results: BTreeMap<String, PackageMemberJson>,
    #[serde(rename = "replaced-transactions")]
    replaced_transactions: Vec<String>,
}

impl PackageJson {
    pub(crate) fn new(txs: &[Transaction], outcome: &PackageOutcome, chain: &Chain) -> Self {
        let members = txs.iter().map(|tx| {
            let txid = tx.compute_txid();
            let view = chain.tx(&txid);
            let fee_btc = |view: &TxView| view.fee.to_sat() as f64 / SAT_PER_BTC;
            let refusal = outcome
                .results
                .get(&txid)
                .and_then(|result| result.as_ref().err());
            let member = PackageMemberJson {
                txid: txid.to_string(),
                vsize: view.as_ref().map(|view| view.tx.vsize() as u64),
                fees: view.as_ref().map(|view| PackageFeesJson {
                    base: fee_btc(view),
                }),
                error: refusal.map(ToString::to_string),
            };
            (tx.compute_wtxid().to_string(), member)
        });
        PackageJson {
            package_msg: if outcome.is_success() {
                "success"
            } else {
                "transaction failed"
            },
            tx_results: members.collect(),
            replaced_transactions: strings(&outcome.replaced),
        }
    }
}
