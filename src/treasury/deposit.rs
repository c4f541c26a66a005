//! Deposits as their owner sees them: from the mempool on. Owns the row; the money is booked by
//! [`OnchainTx`](super::OnchainTx).

use minicbor::{Decode, Encode};

use crate::id::TxId;
use crate::money::{Msat, Sat};
use crate::time::Timestamp;

/// A transaction that pays addresses of the node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Deposit {
    /// Which transaction.
    #[n(0)]
    pub tx_id: TxId,
    /// What it pays us.
    #[n(1)]
    pub amount: Msat,
    /// Its number among the house's incoming payments, invoices and deposits together.
    #[n(2)]
    pub number: u32,
    /// When it was first seen.
    #[n(3)]
    pub created_at: Timestamp,
    /// Where it stands.
    #[n(4)]
    pub state: DepositState,
    /// The credit, while there is one.
    #[n(5)]
    pub credit: Option<Credit>,
    /// Its place among everything that came and went in the house, from 1.
    #[n(6)]
    #[cbor(default)]
    pub entry: u32,
}

/// What a deposit has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Credit {
    /// When it was booked.
    #[n(0)]
    pub at: Timestamp,
    /// What the house's balance in whole satoshis grew by.
    #[n(1)]
    pub amount_sat: Sat,
}

/// Where a deposit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum DepositState {
    /// It is in the mempool, or not deep enough.
    #[n(0)]
    Seen,
    /// It counts.
    #[n(1)]
    Credited,
    /// Another transaction took its place, or nobody has it any more.
    #[n(2)]
    Gone,
}
