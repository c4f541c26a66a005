//! What can be asked about on-chain payments and about channels, which are the house's.

use super::{Command, IdempotencyKey};
use crate::id::{OpeningId, PaymentId, RequestHash, TxId};
use crate::ledger::account::Origin;
use crate::money::{Msat, Sat};
use crate::treasury::{CloseJob, MinedIn, Purpose, SpendPurpose, SpendVersion};

/// What can be asked about on-chain payments, which are the house's.
#[derive(Clone, Debug)]
pub enum SpendCommand {
    /// Set money aside for a payment whose transaction is signed, before anybody sees it.
    Reserve(Box<SpendOrder>),
    /// Another transaction takes the place of the newest one.
    Replace {
        /// Which payment.
        id: PaymentId,
        /// The new transaction.
        version: SpendVersion,
        /// Makes a repeat of this request the same request.
        idempotency: Option<(IdempotencyKey, RequestHash)>,
    },
    /// The chain has one of its transactions, deep enough to count.
    Mine {
        /// Which payment.
        id: PaymentId,
        /// Which transaction, and where.
        mined: MinedIn,
    },
    /// That is final.
    Finish {
        /// Which payment.
        id: PaymentId,
    },
    /// Its coins are gone for good, and not by it.
    Void {
        /// Which payment.
        id: PaymentId,
    },
}

/// An on-chain payment as its payer wants it, built and signed.
#[derive(Clone, Debug)]
pub struct SpendOrder {
    /// Our name for it; fresh randomness.
    pub id: PaymentId,
    /// Where it was asked for.
    pub origin: Origin,
    /// Who is paid.
    pub address: String,
    /// What for.
    pub purpose: SpendPurpose,
    /// Its transaction.
    pub version: SpendVersion,
    /// Makes a repeat of this order the same order.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// What can be asked about closings of channels.
#[derive(Clone, Debug)]
pub enum CloseCommand {
    /// The owner wants a channel closed.
    Ask(Box<CloseJob>),
    /// The node refused, and nothing has happened.
    Refuse {
        /// Which channel.
        user_channel_id: [u8; 16],
    },
    /// The chain shows what spent its funding.
    Show {
        /// Which channel.
        user_channel_id: [u8; 16],
        /// What spent it.
        tx_id: TxId,
    },
    /// Its money is back, and there is nothing to send on.
    Finish {
        /// Which channel.
        user_channel_id: [u8; 16],
    },
}

/// A channel as somebody wants it.
#[derive(Clone, Debug)]
pub struct OpeningOrder {
    /// Our name for it, should it be a new one; fresh randomness.
    pub id: OpeningId,
    /// The peer's node id, hexadecimal.
    pub counterparty: String,
    /// Where the peer listens, `host:port`.
    pub address: String,
    /// Whether the channel is told to the network.
    pub announce: bool,
    /// The size of the channel.
    pub capacity: Sat,
    /// What the peer is given of it.
    pub push: Msat,
    /// Makes a repeat of this order the same order.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// A transaction of the node's on-chain wallet, as the chain shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnchainSeen {
    /// Which transaction.
    pub tx_id: TxId,
    /// What it did.
    pub purpose: Purpose,
    /// What it moved, fees left out.
    pub amount: Msat,
    /// What the miners got from us.
    pub fee: Msat,
    /// In which block it is.
    pub height: Option<u32>,
    /// What getting a channel's money back cost: taken from the money itself.
    pub cost: Msat,
}

impl From<SpendCommand> for Command {
    fn from(command: SpendCommand) -> Self {
        Self::Spend(command)
    }
}

impl From<CloseCommand> for Command {
    fn from(command: CloseCommand) -> Self {
        Self::Close(command)
    }
}
