//! Packages: a child that pays for parents which alone are below the relay minimum.
//!
//! Members enter one by one. What fails only for its fee is let in on credit; if the credit is not
//! covered by the members after it, everything is as before. Packages replace nothing and dust in
//! them is dust: that is less than bitcoind allows, and enough for commitment-like packages.

use std::collections::BTreeMap;
use std::sync::Arc;

use bitcoin::{Amount, Transaction, Txid};

use super::accept::Terms;
use super::policy::{MIN_RELAY_FEE_SAT_PER_KVB, fee_for};
use super::reject::Reject;
use super::world::World;

/// Most transactions in a package.
pub const MAX_PACKAGE_COUNT: usize = 25;

/// What became of each member of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageOutcome {
    /// Per txid. `AlreadyInMempool` counts as success.
    pub results: BTreeMap<Txid, Result<(), Reject>>,
    /// What members with a sufficient fee of their own threw out of the mempool.
    pub replaced: Vec<Txid>,
}

impl PackageOutcome {
    /// Is every member in the mempool now?
    pub fn is_success(&self) -> bool {
        self.results.values().all(Result::is_ok)
    }
}

/// Submits `txs`, parents first.
pub(crate) fn submit(world: &mut World, txs: &[Arc<Transaction>]) -> PackageOutcome {
    let before = world.mempool.clone();
    let before_txids: Vec<Txid> = before.iter().map(|entry| entry.txid).collect();
    let mut results = BTreeMap::new();
    let mut on_credit = Vec::new();
    for tx in txs {
        let txid = tx.compute_txid();
        let mut result = world.submit(tx).map(drop);
        if let Err(refusal @ Reject::MinRelayFee { .. }) = &result {
            let refusal = refusal.clone();
            result = world.submit_on(tx, Terms::Package).map(drop);
            if result.is_ok() {
                on_credit.push((txid, refusal));
            }
        }
        if result == Err(Reject::AlreadyInMempool) {
            result = Ok(());
        }
        results.insert(txid, result);
    }
    if !on_credit.is_empty() && !is_covered(world, txs, &on_credit) {
        world.mempool = before;
        for (txid, refusal) in on_credit {
            // What came in on top of the credit went out with it.
            let children = txs.iter().filter(|tx| {
                tx.input
                    .iter()
                    .any(|input| input.previous_output.txid == txid)
            });
            for child in children {
                results.insert(child.compute_txid(), Err(Reject::MissingInputs));
            }
            results.insert(txid, Err(refusal));
        }
    }
    let gone = before_txids
        .into_iter()
        .filter(|txid| !world.mempool.contains(txid));
    PackageOutcome {
        results,
        replaced: gone.collect(),
    }
}

/// Do the members on credit and what spends them reach the relay minimum together?
fn is_covered(world: &World, txs: &[Arc<Transaction>], on_credit: &[(Txid, Reject)]) -> bool {
    let roots = on_credit.iter().map(|(txid, _)| *txid);
    let family = world.mempool.with_descendants(roots);
    let (mut fee, mut vsize) = (Amount::ZERO, 0);
    for txid in txs
        .iter()
        .map(|tx| tx.compute_txid())
        .filter(|txid| family.contains(txid))
    {
        if let Some(entry) = world.mempool.get(&txid) {
            fee += entry.fee;
            vsize += entry.vsize;
        }
    }
    fee >= fee_for(vsize, MIN_RELAY_FEE_SAT_PER_KVB)
}
