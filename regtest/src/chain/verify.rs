//! Script checks by the consensus library, and lock times against a chain.
//!
//! `bitcoinconsensus` is bitcoind's own interpreter. It knows the consensus flags, taproot included,
//! but not the relay-only ones (low S, clean stack, minimal if): those are not enforced.

use bitcoin::consensus::encode::serialize;
use bitcoin::{Sequence, Transaction, TxOut, absolute};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT, verify_with_flags};

use super::reject::Reject;
use super::state::{ChainState, Coin};

/// BIP 68 counts time in units of 512 seconds.
const SEQUENCE_GRANULARITY_BITS: u32 = 9;
/// First transaction version whose sequence numbers are relative lock times (BIP 68).
const FIRST_BIP68_VERSION: i32 = 2;

/// Runs the script of every input. `spent` are the outputs being spent, in input order.
pub(crate) fn check_scripts(tx: &Transaction, spent: &[TxOut]) -> Result<(), Reject> {
    let raw = serialize(tx);
    let coins: Vec<Utxo> = spent.iter().map(to_library).collect();
    for (input, output) in spent.iter().enumerate() {
        verify_with_flags(
            output.script_pubkey.as_bytes(),
            output.value.to_sat(),
            &raw,
            Some(&coins),
            input,
            VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT,
        )
        .map_err(|_| Reject::ScriptFailed { input })?;
    }
    Ok(())
}

/// The library's view of an output. It borrows by pointer; `spent` outlives every use of it above.
fn to_library(output: &TxOut) -> Utxo {
    let script = output.script_pubkey.as_bytes();
    Utxo {
        script_pubkey: script.as_ptr(),
        script_pubkey_len: u32::try_from(script.len()).unwrap_or(u32::MAX),
        value: i64::try_from(output.value.to_sat()).unwrap_or(i64::MAX),
    }
}

/// Absolute lock time for the next block, on median time past (BIP 113).
pub(crate) fn is_final(state: &ChainState, tx: &Transaction) -> bool {
    if tx.input.iter().all(|input| input.sequence == Sequence::MAX) {
        return true;
    }
    match tx.lock_time {
        absolute::LockTime::Blocks(height) => height.to_consensus_u32() <= state.height(),
        absolute::LockTime::Seconds(time) => {
            time.to_consensus_u32() < state.median_time(state.height())
        }
    }
}

/// Relative lock times for the next block (BIP 68). `coins` are the spent ones, in input order.
pub(crate) fn relative_locks_passed(state: &ChainState, tx: &Transaction, coins: &[Coin]) -> bool {
    if tx.version.0 < FIRST_BIP68_VERSION {
        return true;
    }
    tx.input.iter().zip(coins).all(|(input, coin)| {
        let Some(lock) = input.sequence.to_relative_lock_time() else {
            return true;
        };
        match lock {
            bitcoin::relative::LockTime::Blocks(blocks) => {
                coin.height + u32::from(blocks.value()) <= state.height() + 1
            }
            bitcoin::relative::LockTime::Time(time) => {
                let since = state.median_time(coin.height.saturating_sub(1));
                let wait_secs = u32::from(time.value()) << SEQUENCE_GRANULARITY_BITS;
                since + wait_secs <= state.median_time(state.height())
            }
        }
    })
}
