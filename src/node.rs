//! What a Lightning node is asked and what it answers, in plain words. Owns the vocabulary that
//! flows are written in; it knows no node.

use crate::id::{NodePaymentId, OfferId, PaymentHash, Preimage, TxId};
use crate::money::Msat;
use crate::payment::FailureReason;

/// A payment to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendRequest {
    /// What is paid.
    pub target: SendTarget,
    /// What the recipient shall get.
    pub amount: Msat,
    /// The most that routing may cost.
    pub fee_cap: Msat,
    /// Counts attempts from 1; a later attempt first clears the node's stale row.
    pub attempt: u32,
}

/// What a payment is made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendTarget {
    /// An invoice. The node knows the payment by its hash.
    Bolt11 {
        /// Its text.
        text: String,
        /// Its payment hash.
        hash: PaymentHash,
    },
    /// An offer. The node makes up an id inside the call, and learns the hash later.
    Offer {
        /// Its text.
        text: String,
        /// What the recipient is told.
        payer_note: Option<String>,
    },
}

/// Why the node did not simply say that it sends. Each is what an error of the node's means, not
/// what becomes of the payment: that is [`SendFault::proves_nothing_sent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SendFault {
    /// The call was never made, or the node does not run.
    NotAsked,
    /// The invoice, the offer or the amount cannot be paid by anybody.
    Unpayable,
    /// No route, or past its time: checked before anything of this attempt leaves. It is checked
    /// before the node looks for an earlier attempt, too, and so says nothing about that one.
    SendingFailed,
    /// Anything else: not persisted, known already, or an error nobody has thought about.
    Unclear,
}

impl SendFault {
    /// The reason to void with, where the fault proves that nothing was sent and that no event
    /// will come. Nothing else ever voids without the node's word.
    ///
    /// `earlier_over` is whether the node itself has reported the end of every earlier attempt, which
    /// it has if there was none.
    #[must_use]
    pub const fn proves_nothing_sent(self, earlier_over: bool) -> Option<FailureReason> {
        match (self, earlier_over) {
            (Self::NotAsked, _) => Some(FailureReason::NeverSent),
            (Self::Unpayable, _) => Some(FailureReason::Unpayable),
            (Self::SendingFailed, true) => Some(FailureReason::NoRoute),
            (Self::SendingFailed, false) | (Self::Unclear, _) => None,
        }
    }
}

/// The node's own row of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePayment {
    /// What it says became of it; may be stale, but success never is.
    pub status: NodePaymentStatus,
    /// What it is locked to, once known.
    pub hash: Option<PaymentHash>,
    /// What was moved.
    pub amount: Option<Msat>,
    /// What routing cost, for a payment that succeeded.
    pub fee: Option<Msat>,
    /// Proof of it.
    pub preimage: Option<Preimage>,
    /// What a liquidity provider kept of a received payment (LSPS2).
    pub lsp_fee: Msat,
}

/// What a node row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodePaymentStatus {
    /// Not final, or stale.
    Pending,
    /// It has happened.
    Succeeded,
    /// It has not.
    Failed,
}

/// One look at everything that is under way in the node's channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The best block that the node knows.
    pub height: u32,
    /// Hashes of HTLCs that we sent and that are not resolved, each big enough for an output.
    pub outgoing: Vec<PaymentHash>,
    /// The sum of those that are not big enough, with roundings (dust): they show only as a sum.
    pub dust: Msat,
    /// Hashes of HTLCs that came to us and that we have not claimed.
    pub incoming: Vec<PaymentHash>,
    /// Every channel that the node lists: its lasting id, and whether it can be used.
    pub channels: Vec<([u8; 16], bool)>,
    /// Every payment to an offer that the node has a row of and does not call failed. MUST leave those
    /// out: a call that is refused leaves such a row behind under a name that nobody is told, and it
    /// would be taken for the payment that is not linked. What failed later an event tells by its name.
    pub offer_payments: Vec<NodePaymentId>,
}

/// An HTLC with an output of its own leaves less than this in the sum of dust, in msat.
const ROUNDING_MSAT: u64 = 1_000;

impl Look {
    /// Whether some HTLC is too small to be listed: there is more dust than the listed ones leave by
    /// rounding.
    #[must_use]
    pub fn has_unlisted_dust(&self) -> bool {
        let listed = u64::try_from(self.outgoing.len()).unwrap_or(u64::MAX);
        self.dust.get() > listed.saturating_mul(ROUNDING_MSAT)
    }
}

/// What a node tells. At least once each, in order: be idempotent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEvent {
    /// HTLCs for a hash of ours wait to be claimed.
    Claimable {
        /// Which hash.
        hash: PaymentHash,
        /// What they are worth to us.
        amount: Msat,
        /// What a liquidity provider kept.
        lsp_fee: Msat,
        /// From which height on they are failed back.
        deadline_height: Option<u32>,
    },
    /// Money of an incoming payment is ours.
    Received {
        /// Which hash.
        hash: PaymentHash,
        /// How much.
        amount: Msat,
        /// What a liquidity provider kept besides.
        lsp_fee: Msat,
        /// The offer that it was paid to, if it was one. The node claims such money by itself.
        offer: Option<OfferReceipt>,
    },
    /// An outgoing payment succeeded.
    Sent {
        /// What the node knows it by.
        id: NodePaymentId,
        /// Which hash.
        hash: PaymentHash,
        /// Proof of it.
        preimage: Option<Preimage>,
        /// What routing cost.
        fee: Msat,
    },
    /// An outgoing payment failed.
    SendFailed {
        /// What the node knows it by.
        id: NodePaymentId,
        /// Which hash; unknown for an offer that never got an invoice.
        hash: Option<PaymentHash>,
        /// Why.
        reason: FailureReason,
    },
    /// A channel changed.
    Channel {
        /// What became of it.
        change: ChannelChange,
        /// The node's lasting name for it.
        user_channel_id: [u8; 16],
        /// BOLT 2 channel id, hexadecimal.
        channel_id: String,
        /// The peer's node id, hexadecimal.
        counterparty: Option<String>,
        /// The funding output, where the event tells.
        funding: Option<(TxId, u32)>,
        /// What the peer gave us when it opened the channel, as long as it is new.
        given_by_peer: Msat,
    },
    /// A channel is being spliced, or is not after all.
    Splice {
        /// The node's lasting name for it.
        user_channel_id: [u8; 16],
        /// The output that it will hang on; `None` if the splice failed.
        funding: Option<(TxId, u32)>,
    },
    /// Somebody else's payment went through us.
    Forwarded {
        /// What that earned.
        earned: Msat,
    },
    /// Something that the ledger has no row for; logged and acknowledged.
    Other(String),
}

/// What the node knows of a payment that it took for an offer of ours (BOLT 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferReceipt {
    /// Which offer.
    pub offer_id: OfferId,
    /// What the payer wrote.
    pub payer_note: Option<String>,
    /// What opens the hash: the node made it.
    pub preimage: Option<Preimage>,
}

/// What became of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelChange {
    /// Its funding transaction is known.
    Pending,
    /// It can be used.
    Ready,
    /// It is closed, or closing.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of design.md, row by row, for a first and for a later attempt.
    #[test]
    fn only_a_clear_refusal_voids() {
        use FailureReason::{NeverSent, NoRoute, Unpayable};
        let table = [
            (SendFault::NotAsked, Some(NeverSent), Some(NeverSent)),
            (SendFault::Unpayable, Some(Unpayable), Some(Unpayable)),
            (SendFault::SendingFailed, Some(NoRoute), None),
            (SendFault::Unclear, None, None),
        ];
        for (fault, first, later) in table {
            assert_eq!(fault.proves_nothing_sent(true), first, "{fault:?}");
            assert_eq!(fault.proves_nothing_sent(false), later, "{fault:?} again");
        }
    }
}
