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
    let old_txids: Vec<Txid> = before.iter().map(|entry| entry.txid).collect();
    let mut on_credit = Vec::new();
    let mut results = submit_each(world, txs, &mut on_credit);
    if !is_covered(world, txs, &on_credit) {
        world.mempool = before;
        let no_credit = |world: &mut World, tx: &Arc<Transaction>| world.submit(tx);
        results = collect(world, txs, no_credit);
    }
    let gone = old_txids
        .into_iter()
        .filter(|txid| !world.mempool.contains(txid));
    PackageOutcome {
        results,
        replaced: gone.collect(),
    }
}

/// Submits one by one; notes which members come in below the relay minimum.
fn submit_each(
    world: &mut World,
    txs: &[Arc<Transaction>],
    on_credit: &mut Vec<Txid>,
) -> BTreeMap<Txid, Result<(), Reject>> {
    collect(world, txs, |world, tx| match world.submit(tx) {
        Err(Reject::MinRelayFee { .. }) => world
            .submit_on(tx, Terms::Package)
            .inspect(|txid| on_credit.push(*txid)),
        result => result,
    })
}

fn collect(
    world: &mut World,
    txs: &[Arc<Transaction>],
    mut submit: impl FnMut(&mut World, &Arc<Transaction>) -> Result<Txid, Reject>,
) -> BTreeMap<Txid, Result<(), Reject>> {
    let mut results = BTreeMap::new();
    for tx in txs {
        let result = match submit(world, tx) {
            Ok(_) | Err(Reject::AlreadyInMempool) => Ok(()),
            Err(refusal) => Err(refusal),
        };
        results.insert(tx.compute_txid(), result);
    }
    results
}

/// Do the members on credit and what spends them reach the relay minimum together?
fn is_covered(world: &World, txs: &[Arc<Transaction>], on_credit: &[Txid]) -> bool {
    let family = world.mempool.with_descendants(on_credit.iter().copied());
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
