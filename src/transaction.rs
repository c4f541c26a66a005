//! A wallet's statement: one row for each thing that changed what it has. Owns the row; which posted
//! transfers make one is the ledger's.

use minicbor::{Decode, Encode};

use crate::id::{PaymentHash, PaymentId, WalletId};
use crate::money::{Msat, Sat};
use crate::time::Timestamp;

/// A line of a wallet's statement. Amounts are differences of shown balances, so a column adds up.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Transaction {
    /// Whose.
    #[n(0)]
    pub wallet: WalletId,
    /// Counts the wallet's transactions from 1.
    #[n(1)]
    pub number: u32,
    /// Which way the money went.
    #[n(2)]
    pub side: Side,
    /// By how much the shown balance changed, fees included.
    #[n(3)]
    pub amount: Sat,
    /// The shown balance afterwards.
    #[n(4)]
    pub balance_after: Sat,
    /// What routing cost of it.
    #[n(5)]
    pub network_fee: Msat,
    /// What the house took of it.
    #[n(6)]
    pub service_fee: Msat,
    /// What it was for.
    #[n(7)]
    pub about: About,
    /// When it was booked.
    #[n(8)]
    pub at: Timestamp,
}

/// Which way money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Side {
    /// Into the wallet.
    #[n(0)]
    Credit,
    /// Out of it.
    #[n(1)]
    Debit,
}

/// What money went for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum About {
    /// It came for this hash.
    #[n(0)]
    Invoice(#[n(0)] PaymentHash),
    /// An outgoing payment.
    #[n(1)]
    Payment(#[n(0)] PaymentId),
    /// A Lightning address was bought.
    #[n(2)]
    Address(#[n(0)] String),
    /// The wallet was deleted, and the house has what was left.
    #[n(3)]
    Deleted,
    /// What only the node's owner has a word for.
    #[n(4)]
    Other,
}
