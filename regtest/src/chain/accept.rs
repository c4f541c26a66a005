//! May this transaction enter the mempool? The checks that need coins and other transactions.
//!
//! The order is bitcoind's, so that the first reason given is the same. Nothing is changed here:
//! the answer is what to insert and what to throw out for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitcoin::{Amount, OutPoint, Transaction, TxOut, Txid};

use super::mempool::{Entry, Mempool};
use super::policy::{
    INCREMENTAL_RELAY_FEE_SAT_PER_KVB, MIN_RELAY_FEE_SAT_PER_KVB, check_form, check_standard,
    fee_for,
};
use super::reject::Reject;
use super::state::{ChainState, Coin, outpoints};
use super::verify::{check_scripts, is_final, relative_locks_passed};

/// Blocks until a coinbase can be spent.
pub(crate) const COINBASE_MATURITY_BLOCKS: u32 = 100;
/// Most transactions in an unconfirmed family, the newcomer included.
const MAX_FAMILY_COUNT: usize = 25;
/// Most virtual bytes in an unconfirmed family, the newcomer included.
const MAX_FAMILY_VSIZE: u64 = 101_000;
/// A small child of a single parent may be one too many (the CPFP carve-out of anchor channels).
const CARVE_OUT_MAX_VSIZE: u64 = 10_000;
/// Most transactions one replacement may throw out (BIP 125 rule 5).
const MAX_REPLACED: usize = 100;

/// Which rules of relay hold for a transaction; those of consensus always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terms {
    /// All of them.
    Relay,
    /// No relay minimum and no replacement: the member of a package pays for this one.
    Package,
    /// None: the transaction was in a block that a reorg took away.
    Reorg,
}

/// What accepting a transaction means.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) entry: Entry,
    /// To be evicted first, descendants included.
    pub(crate) replaced: BTreeSet<Txid>,
}

/// Checks `tx` against chain and mempool.
pub(crate) fn admit(
    state: &ChainState,
    mempool: &Mempool,
    tx: &Arc<Transaction>,
    terms: Terms,
) -> Result<Admission, Reject> {
    check_form(tx)?;
    if terms != Terms::Reorg {
        check_standard(tx)?;
    }
    let txid = tx.compute_txid();
    check_unknown(state, mempool, tx, txid)?;
    if !is_final(state, tx) {
        return Err(Reject::NonFinal);
    }
    let coins = find_coins(state, mempool, tx)?;
    if !relative_locks_passed(state, tx, &coins) {
        return Err(Reject::NonBip68Final);
    }
    check_maturity(state, &coins)?;
    let spent: Vec<TxOut> = coins.into_iter().map(|coin| coin.output).collect();
    let fee = check_fee(tx, &spent)?;
    let entry = Entry {
        tx: Arc::clone(tx),
        txid,
        spent,
        fee,
        vsize: tx.vsize() as u64,
    };
    let needed = fee_for(entry.vsize, MIN_RELAY_FEE_SAT_PER_KVB);
    if terms == Terms::Relay && fee < needed {
        return Err(Reject::MinRelayFee {
            fee_sat: fee.to_sat(),
            needed_sat: needed.to_sat(),
        });
    }
    let replaced = check_replacement(mempool, &entry, terms)?;
    if terms != Terms::Reorg {
        check_family(mempool, &entry, &replaced)?;
    }
    check_scripts(tx, &entry.spent)?;
    Ok(Admission { entry, replaced })
}

fn check_unknown(
    state: &ChainState,
    mempool: &Mempool,
    tx: &Transaction,
    txid: Txid,
) -> Result<(), Reject> {
    if let Some(known) = mempool.get(&txid) {
        let same = known.tx.compute_wtxid() == tx.compute_wtxid();
        return Err(if same {
            Reject::AlreadyInMempool
        } else {
            Reject::SameNonWitnessData
        });
    }
    let confirmed = outpoints(tx, txid).any(|(outpoint, _)| state.coin(&outpoint).is_some());
    if confirmed {
        Err(Reject::AlreadyInUtxoSet)
    } else {
        Ok(())
    }
}

fn find_coins(
    state: &ChainState,
    mempool: &Mempool,
    tx: &Transaction,
) -> Result<Vec<Coin>, Reject> {
    tx.input
        .iter()
        .map(|input| find_coin(state, mempool, &input.previous_output))
        .collect::<Option<Vec<Coin>>>()
        .ok_or(Reject::MissingInputs)
}

/// A coin of the chain or the mempool. One that another mempool transaction spends counts: that is
/// a conflict, and conflicts can be replaced.
fn find_coin(state: &ChainState, mempool: &Mempool, outpoint: &OutPoint) -> Option<Coin> {
    if let Some(coin) = state.coin(outpoint) {
        return Some(coin.clone());
    }
    let output = mempool.output(outpoint)?.clone();
    // BIP 68 counts an unconfirmed coin as one of the next block.
    Some(Coin {
        output,
        height: state.height() + 1,
        coinbase: false,
    })
}

fn check_maturity(state: &ChainState, coins: &[Coin]) -> Result<(), Reject> {
    let next_height = state.height() + 1;
    for coin in coins.iter().filter(|coin| coin.coinbase) {
        let depth = next_height - coin.height;
        if depth < COINBASE_MATURITY_BLOCKS {
            return Err(Reject::PrematureCoinbaseSpend { depth });
        }
    }
    Ok(())
}

fn check_fee(tx: &Transaction, spent: &[TxOut]) -> Result<Amount, Reject> {
    // No sum can overflow: every amount was checked when its output was made.
    let value_in: Amount = spent.iter().map(|output| output.value).sum();
    let value_out: Amount = tx.output.iter().map(|output| output.value).sum();
    value_in.checked_sub(value_out).ok_or(Reject::InBelowOut {
        in_sat: value_in.to_sat(),
        out_sat: value_out.to_sat(),
    })
}

/// BIP 125 as full RBF: signalling is not asked for. Gives everything that has to go.
fn check_replacement(
    mempool: &Mempool,
    entry: &Entry,
    terms: Terms,
) -> Result<BTreeSet<Txid>, Reject> {
    let direct = mempool.conflicts(&entry.tx);
    if direct.is_empty() {
        return Ok(direct);
    }
    if terms != Terms::Relay {
        return Err(Reject::MempoolConflict);
    }
    let parents = mempool.parents(&entry.tx);
    if !mempool
        .with_ancestors(parents.iter().copied())
        .is_disjoint(&direct)
    {
        return Err(Reject::SpendsConflictingTx);
    }
    let replaced = mempool.with_descendants(direct.iter().copied());
    if replaced.len() > MAX_REPLACED {
        return Err(Reject::TooManyReplacements);
    }
    let known_parents: BTreeSet<Txid> = direct
        .iter()
        .filter_map(|txid| mempool.get(txid))
        .flat_map(|conflict| mempool.parents(&conflict.tx))
        .collect();
    if !parents.is_subset(&known_parents) {
        return Err(Reject::ReplacementAddsUnconfirmed);
    }
    check_replacement_fee(mempool, entry, &direct, &replaced)?;
    Ok(replaced)
}

fn check_replacement_fee(
    mempool: &Mempool,
    entry: &Entry,
    direct: &BTreeSet<Txid>,
    replaced: &BTreeSet<Txid>,
) -> Result<(), Reject> {
    let replaced_fee: Amount = replaced
        .iter()
        .filter_map(|txid| mempool.get(txid))
        .map(|old| old.fee)
        .sum();
    let relay = fee_for(entry.vsize, INCREMENTAL_RELAY_FEE_SAT_PER_KVB);
    let better_feerate = direct
        .iter()
        .filter_map(|txid| mempool.get(txid))
        .all(|old| {
            // Compared crosswise, so that no division rounds.
            let new_rate = u128::from(entry.fee.to_sat()) * u128::from(old.vsize);
            new_rate > u128::from(old.fee.to_sat()) * u128::from(entry.vsize)
        });
    if entry.fee < replaced_fee + relay || !better_feerate {
        return Err(Reject::InsufficientFee {
            fee_sat: entry.fee.to_sat(),
            needed_sat: (replaced_fee + relay).to_sat(),
        });
    }
    Ok(())
}

fn check_family(mempool: &Mempool, entry: &Entry, replaced: &BTreeSet<Txid>) -> Result<(), Reject> {
    let ancestors = mempool.with_ancestors(mempool.parents(&entry.tx));
    let vsize_of = |family: &BTreeSet<Txid>| -> u64 {
        family
            .iter()
            .filter_map(|txid| mempool.get(txid))
            .map(|member| member.vsize)
            .sum()
    };
    if ancestors.len() + 1 > MAX_FAMILY_COUNT
        || vsize_of(&ancestors) + entry.vsize > MAX_FAMILY_VSIZE
    {
        return Err(Reject::TooLongMempoolChain);
    }
    let carved_out = ancestors.len() == 1 && entry.vsize <= CARVE_OUT_MAX_VSIZE;
    let (extra_count, extra_vsize) = if carved_out {
        (1, CARVE_OUT_MAX_VSIZE)
    } else {
        (0, 0)
    };
    for ancestor in &ancestors {
        let family = mempool.with_descendants([*ancestor]);
        let family: BTreeSet<Txid> = family.difference(replaced).copied().collect();
        if family.len() + 1 > MAX_FAMILY_COUNT + extra_count
            || vsize_of(&family) + entry.vsize > MAX_FAMILY_VSIZE + extra_vsize
        {
            return Err(Reject::TooLongMempoolChain);
        }
    }
    Ok(())
}
