//! The mempool in JSON, and the answer to a package.

use std::collections::BTreeMap;

use bitcoin::Transaction;
use serde::Serialize;

use super::strings;
use crate::chain::mempool::{Entry, Mempool};
use crate::chain::{Chain, PackageOutcome, TxView};

/// Satoshi per bitcoin.
const SAT_PER_BTC: f64 = 100_000_000.0;

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
