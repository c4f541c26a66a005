//! Why a transaction is refused, in bitcoind's words.
//!
//! Wallets and Lightning nodes read these strings, so they are kept letter by letter. This file
//! knows the words and their JSON-RPC codes only; the rules are in `policy`, `accept` and `verify`.

use thiserror::Error;

use crate::bitcoind::RpcError;

/// JSON-RPC code of `RPC_TRANSACTION_ERROR`: an input is unknown or already spent.
const RPC_TRANSACTION_ERROR: i32 = -25;
/// JSON-RPC code of `RPC_TRANSACTION_REJECTED`: consensus or policy says no.
pub(super) const RPC_TRANSACTION_REJECTED: i32 = -26;
/// JSON-RPC code of `RPC_TRANSACTION_ALREADY_IN_UTXO_SET`.
const RPC_TRANSACTION_ALREADY_IN_UTXO_SET: i32 = -27;
/// JSON-RPC code of `RPC_CLIENT_NOT_CONNECTED`: there is nobody to ask.
const RPC_CLIENT_NOT_CONNECTED: i32 = -9;

/// A refusal by the mempool. `Display` gives bitcoind's reason, with the detail after a comma.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reject {
    /// The transaction breaks a context-free consensus rule; the reason starts with `bad-txns-`.
    #[error("{0}")]
    Malformed(&'static str),
    /// A coinbase outside of a block.
    #[error("coinbase")]
    Coinbase,
    /// A relay rule that needs no context: `version`, `tx-size`, `dust`, `scriptpubkey`, ...
    #[error("{0}")]
    NonStandard(&'static str),
    /// The absolute lock time (BIP 113) is not reached.
    #[error("non-final")]
    NonFinal,
    /// The relative lock time (BIP 68) of an input is not reached.
    #[error("non-BIP68-final")]
    NonBip68Final,
    /// The very same transaction is in the mempool.
    #[error("txn-already-in-mempool")]
    AlreadyInMempool,
    /// The mempool holds this txid with another witness.
    #[error("txn-same-nonwitness-data-in-mempool")]
    SameNonWitnessData,
    /// The transaction is confirmed and at least one of its outputs is unspent.
    #[error("Transaction outputs already in utxo set")]
    AlreadyInUtxoSet,
    /// An input is unknown or already spent in a block.
    #[error("bad-txns-inputs-missingorspent")]
    MissingInputs,
    /// A coinbase output younger than 100 blocks is spent.
    #[error("bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth {depth}")]
    PrematureCoinbaseSpend {
        /// Blocks between the coinbase and the next block.
        depth: u32,
    },
    /// The outputs are worth more than the inputs.
    #[error("bad-txns-in-belowout, value in ({in_sat} sat) < value out ({out_sat} sat)")]
    InBelowOut {
        /// Sum of the spent outputs.
        in_sat: u64,
        /// Sum of the new outputs.
        out_sat: u64,
    },
    /// The feerate is below the relay minimum.
    #[error("min relay fee not met, {fee_sat} < {needed_sat}")]
    MinRelayFee {
        /// What the transaction pays.
        fee_sat: u64,
        /// What it would have to pay.
        needed_sat: u64,
    },
    /// A replacement (BIP 125 rules 3, 4 and 6) does not pay enough.
    #[error("insufficient fee, rejecting replacement; {fee_sat} < {needed_sat} sat")]
    InsufficientFee {
        /// What the replacement pays.
        fee_sat: u64,
        /// What it would have to pay.
        needed_sat: u64,
    },
    /// A replacement that needs mempool transactions the replaced one did not (BIP 125 rule 2).
    #[error("replacement-adds-unconfirmed")]
    ReplacementAddsUnconfirmed,
    /// A replacement that would evict more than 100 transactions (BIP 125 rule 5).
    #[error("too many potential replacements")]
    TooManyReplacements,
    /// A replacement that spends an output of what it replaces.
    #[error("bad-txns-spends-conflicting-tx")]
    SpendsConflictingTx,
    /// A package member that conflicts with the mempool: packages replace nothing here.
    #[error("txn-mempool-conflict")]
    MempoolConflict,
    /// Too many or too large unconfirmed ancestors or descendants.
    #[error("too-long-mempool-chain")]
    TooLongMempoolChain,
    /// The script of an input says no.
    #[error("mandatory-script-verify-flag-failed (input {input}: script evaluated to false)")]
    ScriptFailed {
        /// Index of the first failing input.
        input: usize,
    },
    /// What a real bitcoind says, or that it says nothing.
    #[error(transparent)]
    Bitcoind(#[from] RpcError),
}

impl Reject {
    /// bitcoind's reason without the detail, as `testmempoolaccept` prints it.
    pub fn reason(&self) -> String {
        let full = self.to_string();
        match full.split_once(", ") {
            Some((reason, _detail)) => reason.to_owned(),
            None => full,
        }
    }

    /// The error code `sendrawtransaction` answers with.
    pub fn rpc_code(&self) -> i32 {
        match self {
            Reject::MissingInputs => RPC_TRANSACTION_ERROR,
            Reject::AlreadyInUtxoSet => RPC_TRANSACTION_ALREADY_IN_UTXO_SET,
            Reject::Bitcoind(RpcError::Refused { code, .. }) => *code,
            Reject::Bitcoind(RpcError::NoAnswer(_)) => RPC_CLIENT_NOT_CONNECTED,
            Reject::Malformed(_)
            | Reject::Coinbase
            | Reject::NonStandard(_)
            | Reject::NonFinal
            | Reject::NonBip68Final
            | Reject::AlreadyInMempool
            | Reject::SameNonWitnessData
            | Reject::PrematureCoinbaseSpend { .. }
            | Reject::InBelowOut { .. }
            | Reject::MinRelayFee { .. }
            | Reject::InsufficientFee { .. }
            | Reject::ReplacementAddsUnconfirmed
            | Reject::TooManyReplacements
            | Reject::SpendsConflictingTx
            | Reject::MempoolConflict
            | Reject::TooLongMempoolChain
            | Reject::ScriptFailed { .. } => RPC_TRANSACTION_REJECTED,
        }
    }
}
