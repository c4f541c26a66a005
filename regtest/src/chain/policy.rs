//! The rules that need nothing but the transaction itself: consensus form and relay standards.
//!
//! They follow bitcoind's `CheckTransaction` and `IsStandardTx`, in the same order, so that the
//! first reason given is the same. Coins, times and scripts are looked at in `accept` and `verify`.

use std::collections::HashSet;

use bitcoin::{Amount, Script, Transaction, TxOut, Weight};

use super::reject::Reject;

/// Smallest serialised size without witnesses (CVE-2017-12842), in bytes.
const MIN_STANDARD_SIZE_BYTES: usize = 65;
/// Largest weight that is relayed.
const MAX_STANDARD_WEIGHT: Weight = Weight::from_wu(400_000);
/// Largest input script that is relayed, in bytes.
const MAX_STANDARD_SCRIPTSIG_BYTES: usize = 1_650;
/// Versions that are relayed: 3 is TRUC (BIP 431).
const STANDARD_VERSIONS: std::ops::RangeInclusive<i32> = 1..=3;
/// Largest number of public keys in a bare multisig output that is relayed.
const MAX_BARE_MULTISIG_KEYS: i64 = 3;

/// Relay minimum in satoshi per 1,000 virtual bytes. LDK's floor of 253 sat/kw is just above.
pub const MIN_RELAY_FEE_SAT_PER_KVB: u64 = 1_000;
/// What a replacement adds for its own relay, in satoshi per 1,000 virtual bytes.
pub const INCREMENTAL_RELAY_FEE_SAT_PER_KVB: u64 = 1_000;

/// The fee a feerate asks of a size, rounded up.
pub(crate) fn fee_for(vsize: u64, sat_per_kvb: u64) -> Amount {
    Amount::from_sat(vsize.saturating_mul(sat_per_kvb).div_ceil(1_000))
}

/// Consensus rules that need no context.
pub(crate) fn check_form(tx: &Transaction) -> Result<(), Reject> {
    if tx.input.is_empty() {
        return Err(Reject::Malformed("bad-txns-vin-empty"));
    }
    if tx.output.is_empty() {
        return Err(Reject::Malformed("bad-txns-vout-empty"));
    }
    if Weight::from_non_witness_data_size(tx.base_size() as u64) > Weight::MAX_BLOCK {
        return Err(Reject::Malformed("bad-txns-oversize"));
    }
    check_amounts(&tx.output)?;
    let mut seen = HashSet::new();
    if !tx
        .input
        .iter()
        .all(|input| seen.insert(input.previous_output))
    {
        return Err(Reject::Malformed("bad-txns-inputs-duplicate"));
    }
    if tx.is_coinbase() {
        return Err(Reject::Coinbase);
    }
    if tx.input.iter().any(|input| input.previous_output.is_null()) {
        return Err(Reject::Malformed("bad-txns-prevout-null"));
    }
    Ok(())
}

fn check_amounts(outputs: &[TxOut]) -> Result<(), Reject> {
    let mut total = Amount::ZERO;
    for output in outputs {
        // Amounts are signed on the wire for bitcoind and unsigned here.
        if output.value.to_sat() > i64::MAX as u64 {
            return Err(Reject::Malformed("bad-txns-vout-negative"));
        }
        if output.value > Amount::MAX_MONEY {
            return Err(Reject::Malformed("bad-txns-vout-toolarge"));
        }
        total = total
            .checked_add(output.value)
            .filter(|total| *total <= Amount::MAX_MONEY)
            .ok_or(Reject::Malformed("bad-txns-txouttotal-toolarge"))?;
    }
    Ok(())
}

/// Relay rules that need no context.
pub(crate) fn check_standard(tx: &Transaction) -> Result<(), Reject> {
    if !STANDARD_VERSIONS.contains(&tx.version.0) {
        return Err(Reject::NonStandard("version"));
    }
    if tx.weight() > MAX_STANDARD_WEIGHT {
        return Err(Reject::NonStandard("tx-size"));
    }
    for input in &tx.input {
        if input.script_sig.len() > MAX_STANDARD_SCRIPTSIG_BYTES {
            return Err(Reject::NonStandard("scriptsig-size"));
        }
        if !input.script_sig.is_push_only() {
            return Err(Reject::NonStandard("scriptsig-not-pushonly"));
        }
    }
    if !tx
        .output
        .iter()
        .all(|output| is_standard_script(&output.script_pubkey))
    {
        return Err(Reject::NonStandard("scriptpubkey"));
    }
    if tx.output.iter().any(is_dust) {
        return Err(Reject::NonStandard("dust"));
    }
    if tx.base_size() < MIN_STANDARD_SIZE_BYTES {
        return Err(Reject::NonStandard("tx-size-small"));
    }
    Ok(())
}

fn is_standard_script(script: &Script) -> bool {
    script.is_witness_program()
        || script.is_p2pkh()
        || script.is_p2sh()
        || script.is_p2pk()
        || (script.is_op_return() && is_push_only_after_return(script))
        || (script.is_multisig() && multisig_keys(script) <= MAX_BARE_MULTISIG_KEYS)
}

fn is_push_only_after_return(script: &Script) -> bool {
    Script::from_bytes(&script.as_bytes()[1..]).is_push_only()
}

/// The `n` of a script that is known to be an m-of-n multisig.
fn multisig_keys(script: &Script) -> i64 {
    let pushed = script.instructions().filter_map(Result::ok);
    i64::try_from(
        pushed
            .filter(|item| item.push_bytes().is_some_and(|key| key.len() >= 33))
            .count(),
    )
    .unwrap_or(i64::MAX)
}

fn is_dust(output: &TxOut) -> bool {
    !output.script_pubkey.is_op_return() && output.value < output.script_pubkey.minimal_non_dust()
}
