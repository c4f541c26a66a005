//! What the house pays on the chain. Owns the transactions that make one payment, and what became of
//! them; it does not know how they are built.
//!
//! A payment may have several transactions: each later one replaces the one before it for a higher
//! fee (BIP 125). They spend the same coins, so at most one of them is ever mined, and which one only
//! the chain decides.

use minicbor::{Decode, Encode};

use crate::id::{PaymentId, TxId};
use crate::money::Sat;
use crate::time::Timestamp;

/// The chain's half of a [`Payment`](crate::payment::Payment).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Spend {
    /// Who is paid.
    #[n(0)]
    pub address: String,
    /// What for.
    #[n(1)]
    pub purpose: SpendPurpose,
    /// Its transactions, the newest last. There is at least one.
    #[n(2)]
    pub versions: Vec<SpendVersion>,
    /// Which of them is in the chain, once one is deep enough.
    #[n(3)]
    pub mined: Option<MinedIn>,
    /// Whether that is final: nobody looks any more.
    #[n(4)]
    pub is_final: bool,
}

/// What money is sent away for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SpendPurpose {
    /// Somebody is paid.
    #[n(0)]
    Payment,
    /// What a closed channel brought goes where its owner wants it.
    #[n(1)]
    Sweep {
        /// Which channel, by the node's lasting name.
        #[cbor(n(0), with = "minicbor::bytes")]
        user_channel_id: [u8; 16],
    },
}

/// One transaction that makes a payment, signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SpendVersion {
    /// Which.
    #[n(0)]
    pub tx_id: TxId,
    /// Its bytes. Recovery broadcasts these and never builds another.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub raw: Vec<u8>,
    /// What the address gets.
    #[n(2)]
    pub amount: Sat,
    /// What the miners get.
    #[n(3)]
    pub fee: Sat,
    /// The feerate that was asked for, in sat/vB.
    #[n(4)]
    pub feerate: u64,
    /// When it was journaled.
    #[n(5)]
    pub at: Timestamp,
}

/// Where the chain has a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MinedIn {
    /// Which.
    #[n(0)]
    pub tx_id: TxId,
    /// In which block.
    #[n(1)]
    pub height: u32,
}

impl Spend {
    /// The transaction that is to be mined.
    #[must_use]
    pub fn newest(&self) -> Option<&SpendVersion> {
        self.versions.last()
    }

    /// The transaction with this id.
    #[must_use]
    pub fn version(&self, tx_id: TxId) -> Option<&SpendVersion> {
        self.versions.iter().find(|version| version.tx_id == tx_id)
    }

    /// What was mined, or else what is to be.
    #[must_use]
    pub fn current(&self) -> Option<&SpendVersion> {
        match self.mined {
            Some(mined) => self.version(mined.tx_id),
            None => self.newest(),
        }
    }
}

/// Finds the payment that a transaction of ours makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SpendTx {
    /// The transaction.
    #[n(0)]
    pub tx_id: TxId,
    /// The payment.
    #[n(1)]
    pub payment: PaymentId,
}
