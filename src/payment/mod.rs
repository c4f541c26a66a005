//! Outgoing payments, over Lightning and on the chain. Owns the row and its [state machine](machine);
//! it does not know routes, nor when the node is asked.

pub mod machine;
mod retry;

use minicbor::{Decode, Encode};

pub use machine::{Input, State};
pub use retry::Deferred;

use crate::id::{NodePaymentId, PaymentHash, PaymentId, Preimage};
use crate::ledger::{Account, Origin, WalletRef};
use crate::meta::Meta;
use crate::money::{Msat, Sat};
use crate::node::SendTarget;
use crate::time::Timestamp;
use crate::treasury::Spend;

/// One outgoing payment with all its attempts: at most one row per payment hash.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Payment {
    /// Our name for it.
    #[n(0)]
    pub id: PaymentId,
    /// What the HTLCs are locked to; unknown for an offer until its recipient has the money.
    #[n(1)]
    pub hash: Option<PaymentHash>,
    /// Who pays.
    #[n(2)]
    pub wallet: WalletRef,
    /// The surface that asked for it.
    #[n(3)]
    pub origin: Origin,
    /// What the recipient gets.
    #[n(4)]
    pub amount: Msat,
    /// The most that routing may cost; set aside together with the amount.
    #[n(5)]
    pub fee_cap: Msat,
    /// The BOLT 11 text that is being paid, if it is one.
    #[n(6)]
    pub bolt11: Option<String>,
    /// The invoice's description, for people.
    #[n(7)]
    pub description: Option<String>,
    /// Where it stands.
    #[n(8)]
    pub state: State,
    /// Counts attempts from 1. A new one is made only after the node reported failure.
    #[n(9)]
    pub attempt: u32,
    /// When the first attempt was journaled.
    #[n(10)]
    pub created_at: Timestamp,
    /// When the latest attempt was journaled.
    #[n(11)]
    pub attempted_at: Timestamp,
    /// Counts the wallet's outgoing payments from 1.
    #[n(12)]
    pub number: u32,
    /// How it ended.
    #[n(13)]
    pub outcome: Option<Outcome>,
    /// The offer that is being paid, if it is one.
    #[n(14)]
    pub offer: Option<Offer>,
    /// What the node knows a payment to an offer by: made up inside the node's call, so that it is
    /// unknown until the node has answered (the payment is then *linked*).
    #[n(15)]
    pub node_id: Option<NodePaymentId>,
    /// Whether it pays an invoice of this till's own, in the ledger alone.
    #[n(16)]
    #[cbor(default)]
    pub internal: bool,
    /// Whether an alarm was raised because it has been pending for so long.
    #[n(17)]
    #[cbor(default)]
    pub overdue: bool,
    /// The transactions that make it, if it is made on the chain.
    #[n(18)]
    pub spend: Option<Spend>,
    /// Its place among everything that came and went in the wallet, from 1.
    #[n(19)]
    #[cbor(default)]
    pub entry: u32,
    /// What its payer tells about it.
    #[n(20)]
    #[cbor(default)]
    pub meta: Meta,
    /// The number of the wallet's transaction that it became, once the recipient has the money.
    #[n(21)]
    pub tx_number: Option<u32>,
    /// What its payer named as the recipient, where that was not the invoice itself.
    #[n(22)]
    pub target: Option<String>,
    /// What the house takes for it, beside what routing costs.
    #[n(23)]
    #[cbor(default)]
    pub service_fee: Msat,
    /// Until when an attempt that failed is followed by another one, without anybody asking. While it
    /// is there, the node has reported the failure of every attempt before the present one.
    #[n(24)]
    pub retry_until: Option<Timestamp>,
    /// The failure after which it waits for another attempt.
    #[n(25)]
    pub deferred: Option<Deferred>,
    /// Whether an attempt was given up without the node's word. If the node has one to say after all, it
    /// must not be taken for one about a later attempt.
    #[n(26)]
    #[cbor(default)]
    pub unreported: bool,
}

/// An offer (BOLT 12) that is being paid.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Offer {
    /// Its text.
    #[n(0)]
    pub text: String,
    /// What the recipient is told.
    #[n(1)]
    pub payer_note: Option<String>,
}

/// How a payment ended.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// The recipient has the money.
    #[n(0)]
    Sent(#[n(0)] Sent),
    /// The recipient has not, and will not.
    #[n(1)]
    Failed {
        /// Why.
        #[n(0)]
        reason: FailureReason,
        /// When it was booked.
        #[n(1)]
        at: Timestamp,
    },
}

/// What a successful payment cost and proved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sent {
    /// Proof of payment. Nodes before 0.4.2 did not report it.
    #[n(0)]
    pub preimage: Option<Preimage>,
    /// What routing cost.
    #[n(1)]
    pub fee: Msat,
    /// The wallet's balance in whole satoshis before, less that after: amount and fee.
    #[n(2)]
    pub sent_sat: Sat,
    /// When it was booked.
    #[n(3)]
    pub at: Timestamp,
}

/// Why a payment failed, in words of our own: the node's are for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum FailureReason {
    /// No path with enough capacity within the fee cap.
    #[n(0)]
    NoRoute,
    /// The recipient refused it: expired, cancelled or not known there.
    #[n(1)]
    RecipientRejected,
    /// Every path was tried until the node gave up.
    #[n(2)]
    RetriesExhausted,
    /// The invoice expired before a path was found.
    #[n(3)]
    InvoiceExpired,
    /// The node took the invoice for unpayable before anything was sent.
    #[n(4)]
    Unpayable,
    /// The process died between the reservation and the node; nothing was sent.
    #[n(5)]
    NeverSent,
    /// Anything else that the node reported.
    #[n(6)]
    Unexpected,
    /// Its coins were spent by another transaction, which is final.
    #[n(8)]
    CoinsSpent,
    /// Whoever made the offer did not answer the request for an invoice.
    #[n(7)]
    NoAnswer,
}

impl FailureReason {
    /// A sentence for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoRoute => "No route to the recipient was found within the fee limit",
            Self::RecipientRejected => "The recipient rejected the payment",
            Self::RetriesExhausted => "No tried route could carry the payment",
            Self::InvoiceExpired => "The invoice expired before the payment could be made",
            Self::Unpayable => "The invoice or offer cannot be paid",
            Self::NeverSent => "The payment was interrupted before anything was sent",
            Self::Unexpected => "The payment failed",
            Self::CoinsSpent => "The coins of the transaction were spent by another one",
            Self::NoAnswer => "The recipient did not answer",
        }
    }

    /// A word for a program.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRoute | Self::RetriesExhausted | Self::NoAnswer => "no_route",
            Self::RecipientRejected => "recipient_rejected_payment",
            Self::InvoiceExpired => "invoice_expired",
            Self::Unpayable => "invalid_invoice",
            Self::NeverSent => "never_sent",
            Self::Unexpected => "payment_failed",
            Self::CoinsSpent => "coins_spent",
        }
    }
}

impl Payment {
    /// What people read of it: what the invoice that was paid says; where it says nothing, what the payer
    /// noted.
    #[must_use]
    pub fn memo(&self) -> &str {
        let described = self.description.as_deref();
        let described = described.filter(|text| !text.is_empty());
        let noted = self.meta.memo.as_deref();
        described.or(noted).unwrap_or_default()
    }

    /// What the node knows it by; `None` while it is not linked, or if the node never hears of it.
    #[must_use]
    pub fn node_payment_id(&self) -> Option<NodePaymentId> {
        match (self.internal, &self.offer) {
            (true, _) => None,
            (false, Some(_)) => self.node_id,
            (false, None) => self.hash.map(NodePaymentId::from),
        }
    }

    /// What the node is asked to pay; `None` where it must never be asked.
    #[must_use]
    pub fn target(&self) -> Option<SendTarget> {
        match (self.internal, &self.offer, &self.bolt11, self.hash) {
            (false, Some(offer), _, _) => Some(SendTarget::Offer {
                text: offer.text.clone(),
                payer_note: offer.payer_note.clone(),
            }),
            (false, None, Some(text), Some(hash)) => Some(SendTarget::Bolt11 {
                text: text.clone(),
                hash,
            }),
            (true, ..) | (false, None, ..) => None,
        }
    }

    /// The account of the node's that the money leaves.
    #[must_use]
    pub const fn paid_from(&self) -> Account {
        match self.spend {
            Some(_) => Account::Onchain,
            None => Account::Lightning,
        }
    }

    /// Whether Lightning carries it: the node has, or will have, HTLCs for it.
    #[must_use]
    pub const fn is_lightning(&self) -> bool {
        !self.internal && self.spend.is_none()
    }

    /// What is set aside while the payment is pending: amount, fee cap and what the house takes.
    #[must_use]
    pub fn reserved(&self) -> Option<Msat> {
        let sent = self.amount.checked_add(self.fee_cap)?;
        sent.checked_add(self.service_fee)
    }
}
