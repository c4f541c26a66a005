//! Closing a channel and sending its money on. Owns the row of the job, which survives everything.

use minicbor::{Decode, Encode};

use crate::id::{PaymentId, TxId};
use crate::time::Timestamp;

/// A channel that its owner wants closed, keyed by the node's lasting name for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CloseJob {
    /// Which channel.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub user_channel_id: [u8; 16],
    /// Its BOLT 2 channel id when it was asked for, hexadecimal.
    #[n(1)]
    pub channel_id: String,
    /// The peer's node id, hexadecimal.
    #[n(2)]
    pub counterparty: String,
    /// Whether the peer is not asked.
    #[n(3)]
    pub force: bool,
    /// Where the money goes; `None` leaves it in the node's wallet.
    #[n(4)]
    pub sweep_to: Option<SweepTo>,
    /// When it was asked for.
    #[n(5)]
    pub created_at: Timestamp,
    /// Where it stands.
    #[n(6)]
    pub state: CloseState,
}

/// Where a channel's money goes once it is back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SweepTo {
    /// Who gets it.
    #[n(0)]
    pub address: String,
    /// The feerate of the transaction, in sat/vB; `None` for the node's own estimate.
    #[n(1)]
    pub feerate: Option<u64>,
}

/// Where a closing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CloseState {
    /// The node is told, again after each start, until the chain shows the closing.
    #[n(0)]
    Closing,
    /// The chain shows the closing. Its money comes back to the wallet, after its time locks.
    #[n(1)]
    Returning {
        /// What spent the channel's funding.
        #[n(0)]
        tx_id: TxId,
    },
    /// The money is on its way to the address.
    #[n(2)]
    Sweeping {
        /// What spent the channel's funding.
        #[n(0)]
        tx_id: TxId,
        /// The payment that sends it.
        #[n(1)]
        payment: PaymentId,
    },
    /// Nothing is left to do.
    #[n(3)]
    Done {
        /// What spent the channel's funding.
        #[n(0)]
        tx_id: TxId,
        /// The payment that sent the money on, if there was any to send.
        #[n(1)]
        payment: Option<PaymentId>,
    },
    /// The node refused before anything had happened.
    #[n(4)]
    Refused,
}

impl CloseState {
    /// Whether the treasury has anything to do for it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Refused)
    }

    /// What spent the channel's funding, once that is known.
    #[must_use]
    pub const fn closing_tx(&self) -> Option<TxId> {
        match self {
            Self::Returning { tx_id } | Self::Sweeping { tx_id, .. } | Self::Done { tx_id, .. } => {
                Some(*tx_id)
            }
            Self::Closing | Self::Refused => None,
        }
    }

    /// The payment that sends the money on, once there is one.
    #[must_use]
    pub const fn sweep(&self) -> Option<PaymentId> {
        match self {
            Self::Sweeping { payment, .. } => Some(*payment),
            Self::Done { payment, .. } => *payment,
            Self::Closing | Self::Returning { .. } | Self::Refused => None,
        }
    }
}
