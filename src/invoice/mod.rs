//! Invoices: what we asked somebody to pay us. Owns the row and its [state machine](machine);
//! it does not know how an HTLC is claimed, nor what a credit does to a balance.

pub mod machine;

use minicbor::{Decode, Encode};

pub use machine::{Input, State};

use crate::id::{OfferId, PaymentHash, PaymentId, Preimage};
use crate::ledger::{Origin, WalletRef};
use crate::meta::Meta;
use crate::money::{Msat, Sat};
use crate::time::Timestamp;

/// An HTLC that comes within this time after the invoice's expiry is still taken: it was on its
/// way when the invoice expired.
pub const EXPIRY_GRACE_SECS: u64 = 60;

/// The node's row of an invoice that nobody paid is removed so long after its expiry: the node itself
/// takes HTLCs for two hours past it, and without its row one could neither be claimed nor failed.
pub const FORGET_AFTER_SECS: u64 = 3 * 60 * 60;

/// How many invoices that strangers asked for may wait for payment.
pub const MAX_UNLISTED: u32 = 10_000;

/// How many invoices of one wallet may be open, being claimed or held: whoever has a key that only makes
/// invoices must not fill the node's memory and the disk. The house's have no limit.
pub const MAX_LIVE_PER_WALLET: u32 = 10_000;

/// How many that strangers asked for one wallet may have.
pub const MAX_UNLISTED_PER_WALLET: u32 = 100;

/// The longest description that BOLT 11 can carry, in bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 639;

/// What the payer is shown.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Description {
    /// The text itself, at most [`MAX_DESCRIPTION_BYTES`].
    #[n(0)]
    Text(#[n(0)] String),
    /// SHA-256 of a longer text that the payer has otherwise (BOLT 11, field `h`).
    #[n(1)]
    Hash(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
}

/// One invoice, keyed by its payment hash.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Invoice {
    /// What the payer's HTLC is locked to.
    #[n(0)]
    pub hash: PaymentHash,
    /// Whose money it will be.
    #[n(1)]
    pub wallet: WalletRef,
    /// The surface that made it.
    #[n(2)]
    pub origin: Origin,
    /// What is asked for; `None` lets the payer choose.
    #[n(3)]
    pub amount: Option<Msat>,
    /// What the payer is shown.
    #[n(4)]
    pub description: Description,
    /// The caller's own reference, free text.
    #[n(5)]
    pub external_id: Option<String>,
    /// Where the caller wants to be told of the payment.
    #[n(6)]
    pub webhook_url: Option<String>,
    /// Opens the hash. Shown to nobody before the invoice is paid; `None` while only the maker of a
    /// hold invoice knows it.
    #[n(7)]
    pub preimage: Option<Preimage>,
    /// When it was issued (while a draft: drafted); when it was paid, if that is when it came into the
    /// lists. Grows with `number`.
    #[n(8)]
    pub created_at: Timestamp,
    /// From when on it is not payable, but for the grace of HTLCs on their way.
    #[n(9)]
    pub expires_at: Timestamp,
    /// Where it stands.
    #[n(10)]
    pub state: State,
    /// The BOLT 11 text; `None` while `state` is a draft, and for what was paid to an offer.
    #[n(11)]
    pub bolt11: Option<String>,
    /// Counts the wallet's issued invoices from 1; 0 while `state` is a draft, and for what a stranger
    /// asked for until it is paid.
    #[n(12)]
    pub number: u32,
    /// The HTLC that we decided to claim, kept for good once there was one.
    #[n(13)]
    pub claim: Option<Claim>,
    /// What came in.
    #[n(14)]
    pub receipt: Option<Receipt>,
    /// Whether what comes is held until its maker settles or cancels it.
    #[n(15)]
    #[cbor(default)]
    pub hold: bool,
    /// What is held, or was and has not been given back yet.
    #[n(16)]
    pub held: Option<Held>,
    /// What the liquidity provider takes for opening a channel with this payment (LSPS2), as it was
    /// promised when the invoice was made; `None` for an invoice that needs no new channel.
    #[n(20)]
    pub lsp_fee_quoted: Option<Msat>,
    /// Its place among everything that came and went in the wallet, from 1; 0 as long as `number` is.
    #[n(21)]
    #[cbor(default)]
    pub entry: u32,
    /// What its maker tells about it.
    #[n(22)]
    #[cbor(default)]
    pub meta: Meta,
    /// The number of the wallet's transaction that it became, once it is paid.
    #[n(23)]
    pub tx_number: Option<u32>,
    /// The offer (BOLT 12) that was paid, if it was one: the row then begins when it is paid.
    #[n(17)]
    pub offer: Option<PaidOffer>,
    /// Whether a stranger asked for it: it has no number and is in no list before it is paid, and
    /// there are only so many at a time.
    #[n(24)]
    #[cbor(default)]
    pub unlisted: bool,
    /// Whether the node has been told to forget it: it was never paid, and cannot be any more.
    #[n(25)]
    #[cbor(default)]
    pub forgotten: bool,
}

/// The offer that a payment was made to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PaidOffer {
    /// Which offer.
    #[n(0)]
    pub id: OfferId,
    /// What the payer wrote: nobody has vouched for it.
    #[n(1)]
    pub payer_note: Option<String>,
}

/// What a hold invoice holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Held {
    /// An HTLC.
    #[n(0)]
    Htlc(#[n(0)] Claim),
    /// Money set aside in another wallet of this till's.
    #[n(1)]
    Internal {
        /// Whose payment it is.
        #[n(0)]
        payer: PaymentId,
        /// Since when.
        #[n(1)]
        since: Timestamp,
    },
}

/// The decision to claim an HTLC, journaled before the node hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Claim {
    /// What the HTLC is worth to us.
    #[n(0)]
    pub amount: Msat,
    /// The block height from which the node fails the HTLC back.
    #[n(1)]
    pub deadline_height: Option<u32>,
}

/// How an invoice was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// What the wallet was credited: the amount that the node reported, and what the LSP kept.
    #[n(0)]
    pub amount: Msat,
    /// The wallet's balance in whole satoshis after, less that before.
    #[n(1)]
    pub amount_sat: Sat,
    /// What the liquidity provider kept for opening a channel (LSPS2).
    #[n(2)]
    pub lsp_fee: Msat,
    /// When it was booked.
    #[n(3)]
    pub at: Timestamp,
    /// The payment that paid it, if it was one of this till's own.
    #[n(4)]
    pub payer: Option<PaymentId>,
}

impl Invoice {
    /// What people read of it: what it says it is for, or where it gives only a digest of that, what its
    /// maker said.
    #[must_use]
    pub fn memo(&self) -> &str {
        match &self.description {
            Description::Text(text) => text,
            Description::Hash(_) => self.meta.memo.as_deref().unwrap_or_default(),
        }
    }

    /// Until when an HTLC for this invoice is taken.
    #[must_use]
    pub const fn taken_until(&self) -> Timestamp {
        self.expires_at.plus_secs(EXPIRY_GRACE_SECS)
    }

    /// Whether money may come for it, or has come and is not booked: its wallet cannot go meanwhile.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        match self.state {
            State::Open | State::Claiming | State::Held => true,
            State::Draft | State::Paid | State::Expired | State::Abandoned | State::Cancelled => {
                false
            }
        }
    }

    /// Whether it counts among those that strangers asked for and that wait.
    #[must_use]
    pub const fn is_outstanding(&self) -> bool {
        match self.state {
            State::Draft | State::Open | State::Claiming | State::Held => self.unlisted,
            State::Paid | State::Expired | State::Abandoned | State::Cancelled => false,
        }
    }

    /// From when on the node may forget it, if the node has a row of it that nothing needs any more.
    #[must_use]
    pub const fn forget_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Expired | State::Cancelled if self.held.is_none() && !self.forgotten => {
                Some(self.expires_at.plus_secs(FORGET_AFTER_SECS))
            }
            State::Draft
            | State::Open
            | State::Claiming
            | State::Held
            | State::Paid
            | State::Expired
            | State::Abandoned
            | State::Cancelled => None,
        }
    }

    /// Whether an HTLC worth `amount`, of which an LSP kept `lsp_fee`, pays this invoice.
    #[must_use]
    pub fn is_paid_by(&self, amount: Msat, lsp_fee: Msat) -> bool {
        match (self.amount, amount.checked_add(lsp_fee)) {
            (_, None) => false,
            (None, Some(gross)) => !gross.is_zero(),
            (Some(asked), Some(gross)) => gross >= asked,
        }
    }
}
