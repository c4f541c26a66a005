//! Accounts and their four columns. Owns what a balance is; transfers change it.

use minicbor::{Decode, Encode};

use crate::id::WalletId;
use crate::money::Msat;

/// Whose money: a wallet's, or the house's (the owner of the till).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum WalletRef {
    /// The owner's own; the only one that may go below zero, and only for what the node did.
    #[n(0)]
    House,
    /// Somebody's wallet on the LNbits or ln.bot surface.
    #[n(1)]
    Wallet(#[n(0)] WalletId),
}

/// The surface through which something was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Origin {
    /// The POS wallet API.
    #[n(0)]
    Pos,
    /// Nobody asked: the node reported it.
    #[n(1)]
    Node,
    /// The LNbits API.
    #[n(2)]
    Lnbits,
    /// The ln.bot API.
    #[n(3)]
    Lnbot,
}

/// What money is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Account {
    /// What we owe a wallet, or the house what it owns. Credits raise it.
    #[n(0)]
    Wallet(#[n(0)] WalletRef),
    /// What the node holds in channels. Debits raise it.
    #[n(1)]
    Lightning,
    /// What the node holds on the chain. Debits raise it.
    #[n(2)]
    Onchain,
    /// Passed through on the way to miners; debits and credits are equal, their sum is the cost.
    #[n(3)]
    FeesChain,
    /// Passed through on the way to liquidity providers, likewise.
    #[n(4)]
    FeesLsp,
    /// What the node holds of channels that are closed and not back in its wallet. Debits raise it.
    #[n(5)]
    Closing,
}

impl Account {
    /// The house's own account.
    pub const HOUSE: Self = Self::Wallet(WalletRef::House);
}

/// An account's columns, in msat, each only ever growing but for the pending ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Balance {
    /// Which account.
    #[n(0)]
    pub account: Account,
    /// Debits set aside for transfers that are not final.
    #[n(1)]
    pub debits_pending: u64,
    /// Debits that happened.
    #[n(2)]
    pub debits_posted: u64,
    /// Credits promised by transfers that are not final.
    #[n(3)]
    pub credits_pending: u64,
    /// Credits that happened.
    #[n(4)]
    pub credits_posted: u64,
}

impl Balance {
    /// An account that nothing has happened to.
    #[must_use]
    pub const fn empty(account: Account) -> Self {
        Self {
            account,
            debits_pending: 0,
            debits_posted: 0,
            credits_pending: 0,
            credits_posted: 0,
        }
    }

    /// Posted credits less posted debits, in msat: what is owed to a wallet.
    #[must_use]
    pub fn credit_msat(&self) -> i128 {
        i128::from(self.credits_posted) - i128::from(self.debits_posted)
    }

    /// Posted debits less posted credits, in msat: what is held in an asset account.
    #[must_use]
    pub fn debit_msat(&self) -> i128 {
        -self.credit_msat()
    }

    /// What a wallet may still spend, in msat: its balance less what is set aside.
    #[must_use]
    pub fn available_msat(&self) -> i128 {
        self.credit_msat() - i128::from(self.debits_pending)
    }

    /// The same as an amount; zero where it is below.
    #[must_use]
    pub fn available(&self) -> Msat {
        u64::try_from(self.available_msat())
            .ok()
            .and_then(Msat::new)
            .unwrap_or(Msat::ZERO)
    }
}
