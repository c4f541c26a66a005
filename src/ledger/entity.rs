//! Rows and their keys. Owns how a row is addressed and encoded; where it is kept is up to the
//! [`Archive`].
//!
//! Keys and values are bytes, so that the same key addresses a row in memory, in the view and in
//! an audit. Values are CBOR with numbered fields: a field added later is absent in old rows.

use minicbor::{Decode, Encode};

use super::account::{Account, Balance, WalletRef};
use super::command::IdempotencyKey;
use super::record::Event;
use super::reference::Reference;
use crate::access::{AccessNote, Business, Session, User, UserName, WalletToken};
use crate::address::Address;
use crate::holder::{Holder, HolderName, Key, Recovery, Share, Wallet};
use crate::id::{
    HolderId, NodePaymentId, OfferId, OpeningId, PaymentHash, PaymentId, RequestHash, SecretHash,
    SessionId, ShareId, TxId, UserId, WalletId, WebhookId,
};
use crate::inception::Inception;
use crate::invoice::Invoice;
use crate::money::Msat;
use crate::offer::Offer;
use crate::outbox::{Delivery, OutboxCount};
use crate::payment::Payment;
use crate::restoration::Restoration;
use crate::time::Timestamp;
use crate::transaction::Transaction;
use crate::treasury::{Allowance, Channel, CloseJob, Deposit, OnchainTx, Opening, SpendTx};
use crate::webhook::{Webhook, WebhooksOf};

/// The first byte of a row's key. Never reuse a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// [`Progress`]
    Progress = 1,
    /// [`Balance`]
    Balance = 2,
    /// [`Invoice`]
    Invoice = 3,
    /// [`Payment`]
    Payment = 4,
    /// [`OutgoingHash`]
    OutgoingHash = 5,
    /// [`Counters`]
    Counters = 6,
    /// [`Idempotency`]
    Idempotency = 7,
    /// [`Stray`]
    Stray = 8,
    /// [`Event`]
    Event = 9,
    /// [`OnchainTx`]
    OnchainTx = 10,
    /// [`Channel`]
    Channel = 11,
    /// [`Business`]
    Business = 12,
    /// [`User`]
    User = 13,
    /// [`UserName`]
    UserName = 14,
    /// [`Session`]
    Session = 15,
    /// [`WalletToken`]
    WalletToken = 16,
    /// [`OfferPayment`]
    OfferPayment = 17,
    /// [`Unlinked`]
    Unlinked = 18,
    /// [`AccessNote`]
    AccessNote = 20,
    /// [`Offer`]
    Offer = 19,
    /// [`Allowance`]
    Allowance = 21,
    /// [`SpendTx`]
    SpendTx = 22,
    /// [`Deposit`]
    Deposit = 23,
    /// [`CloseJob`]
    CloseJob = 24,
    /// [`Holder`]
    Holder = 30,
    /// [`HolderName`]
    HolderName = 31,
    /// [`Wallet`]
    Wallet = 32,
    /// [`Key`]
    Key = 33,
    /// [`Share`]
    Share = 34,
    /// [`Recovery`]
    Recovery = 35,
    /// [`Address`]
    Address = 36,
    /// [`UnlistedCount`]
    UnlistedCount = 39,
    /// [`Delivery`]
    Delivery = 40,
    /// [`OutboxCount`]
    OutboxCount = 41,
    /// [`Webhook`]
    Webhook = 42,
    /// [`WebhooksOf`]
    WebhooksOf = 43,
    /// [`Opening`]
    Opening = 26,
    /// [`Transaction`]
    Transaction = 37,
    /// [`Restoration`]
    Restoration = 45,
    /// [`Inception`]
    Inception = 46,
    /// [`Superseded`]
    Superseded = 38,
}

/// A stored row cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored row cannot be read (key {key}): {why}")]
pub struct Damaged {
    /// The row's key, hexadecimal.
    pub key: String,
    /// What is wrong with it.
    pub why: String,
}

/// A row with a key.
pub trait Entity: Sized + Encode<()> + for<'b> Decode<'b, ()> {
    /// What it is addressed by.
    type Key;
    /// Its table.
    const KIND: Kind;
    /// The key of this row.
    fn key(&self) -> Self::Key;
    /// The part of the stored key that comes after the kind.
    fn key_tail(key: &Self::Key) -> Vec<u8>;

    /// The whole stored key.
    fn key_bytes(key: &Self::Key) -> Vec<u8> {
        let mut bytes = vec![Self::KIND as u8];
        bytes.extend(Self::key_tail(key));
        bytes
    }

    /// The stored value.
    fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a stored value back.
    ///
    /// # Errors
    /// [`Damaged`] if the bytes are not such a row.
    fn from_bytes(key: &[u8], bytes: &[u8]) -> Result<Self, Damaged> {
        minicbor::decode(bytes).map_err(|e| Damaged {
            key: hex::encode(key),
            why: e.to_string(),
        })
    }
}

/// CBOR of a value, for storage.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    // Writing to a vector is infallible, and no type of ours refuses to be encoded.
    minicbor::to_vec(value).expect("encoding to a vector cannot fail")
}

/// Where rows are that are not in memory.
pub trait Archive {
    /// The row stored under `key`.
    ///
    /// # Errors
    /// [`Damaged`] if the store cannot be read.
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Damaged>;
}

/// An archive with nothing in it: a ledger that lives in memory alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoArchive;

impl Archive for NoArchive {
    fn read(&self, _key: &[u8]) -> Result<Option<Vec<u8>>, Damaged> {
        Ok(None)
    }
}

/// How far the ledger has come: one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Progress {
    /// Records so far; the last one's sequence number.
    #[n(0)]
    pub seq: u64,
    /// Events so far; the last one's id.
    #[n(1)]
    pub event_id: u64,
    /// The last record's time.
    #[n(2)]
    pub at: Timestamp,
}

/// A wallet's running numbers, and the one thing that it has one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Counters {
    /// Which wallet.
    #[n(0)]
    pub wallet: WalletRef,
    /// Invoices issued.
    #[n(1)]
    pub invoices: u32,
    /// Outgoing payments begun.
    #[n(2)]
    pub payments: u32,
    /// Its standing offer, once it was asked for.
    #[n(3)]
    pub standing_offer: Option<OfferId>,
    /// Everything that came and went: issued invoices, deposits, payments begun.
    #[n(4)]
    #[cbor(default)]
    pub entries: u32,
    /// Invoices that are open, being claimed or held; the house's are not counted.
    #[n(10)]
    #[cbor(default)]
    pub live: u32,
    /// Invoices that strangers asked for and that wait for payment.
    #[n(11)]
    #[cbor(default)]
    pub unlisted: u32,
    /// Lightning addresses under which it can be paid.
    #[n(12)]
    #[cbor(default)]
    pub addresses: u32,
    /// Lines of its statement; the house has none.
    #[n(13)]
    #[cbor(default)]
    pub transactions: u32,
}

/// How many invoices of all wallets strangers asked for and wait for payment: one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct UnlistedCount {
    /// So many.
    #[n(0)]
    pub unpaid: u32,
}

/// Finds the one outgoing payment of a hash that may still be made: wallets that failed to make it before
/// have theirs as [`Superseded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OutgoingHash {
    /// The hash.
    #[n(0)]
    pub hash: PaymentHash,
    /// The payment.
    #[n(1)]
    pub payment: PaymentId,
}

/// Finds the payment of a hash that a wallet failed to make, and that another wallet has begun since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Superseded {
    /// The hash.
    #[n(0)]
    pub hash: PaymentHash,
    /// Who failed to pay.
    #[n(1)]
    pub wallet: WalletRef,
    /// Its payment.
    #[n(2)]
    pub payment: PaymentId,
}

/// A request that was carried out under a caller's key; kept for good.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Idempotency {
    /// The caller's key.
    #[n(0)]
    pub key: IdempotencyKey,
    /// What was asked for.
    #[n(1)]
    pub request: RequestHash,
    /// What came of it.
    #[n(2)]
    pub reference: Reference,
}

/// Money that moved without a row of ours to explain it, booked once. The node may tell of it again,
/// and another sum may come with the same hash: it is known by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Stray {
    /// Its hash.
    #[n(0)]
    pub hash: PaymentHash,
    /// Whether it came in.
    #[n(1)]
    pub incoming: bool,
    /// How much it was.
    #[n(2)]
    pub amount: Msat,
}

/// Finds the payment to an offer that the node knows by an id of its own making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OfferPayment {
    /// The node's id.
    #[n(0)]
    pub node_id: NodePaymentId,
    /// The payment.
    #[n(1)]
    pub payment: PaymentId,
}

/// The one payment to an offer of which the node's id is not known: one row. An outgoing payment
/// of the node's that nothing else explains is this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Unlinked {
    /// Which, if there is one.
    #[n(0)]
    pub payment: Option<PaymentId>,
}

/// Declares how a row is addressed.
macro_rules! entity {
    ($row:ty, $kind:ident, $key:ty, |$this:ident| $of:expr, |$k:ident| $tail:expr) => {
        impl Entity for $row {
            type Key = $key;
            const KIND: Kind = Kind::$kind;
            fn key(&self) -> $key {
                let $this = self;
                $of
            }
            fn key_tail($k: &$key) -> Vec<u8> {
                $tail
            }
        }
    };
}

entity!(Progress, Progress, (), |_p| (), |_k| Vec::new());
entity!(Balance, Balance, Account, |b| b.account, |k| encode(k));
entity!(Invoice, Invoice, PaymentHash, |i| i.hash, |k| k
    .as_bytes()
    .to_vec());
entity!(Payment, Payment, PaymentId, |p| p.id, |k| k
    .as_bytes()
    .to_vec());
entity!(OutgoingHash, OutgoingHash, PaymentHash, |o| o.hash, |k| k
    .as_bytes()
    .to_vec());
entity!(
    Superseded,
    Superseded,
    (PaymentHash, WalletRef),
    |s| (s.hash, s.wallet),
    |k| {
        let mut tail = k.0.as_bytes().to_vec();
        tail.extend(encode(&k.1));
        tail
    }
);
entity!(Counters, Counters, WalletRef, |c| c.wallet, |k| encode(k));
entity!(
    Idempotency,
    Idempotency,
    IdempotencyKey,
    |i| i.key.clone(),
    |k| encode(k)
);
entity!(
    Stray,
    Stray,
    (PaymentHash, bool, Msat),
    |s| {
        // What we pay for a hash we pay once, whatever the node makes of its amount.
        let told_apart = if s.incoming { s.amount } else { Msat::ZERO };
        (s.hash, s.incoming, told_apart)
    },
    |k| {
        let mut tail = k.0.as_bytes().to_vec();
        tail.push(u8::from(k.1));
        tail.extend(k.2.get().to_be_bytes());
        tail
    }
);
entity!(Event, Event, u64, |e| e.id, |k| k.to_be_bytes().to_vec());
entity!(OnchainTx, OnchainTx, TxId, |t| t.tx_id, |k| k
    .as_bytes()
    .to_vec());
entity!(Channel, Channel, [u8; 16], |c| c.user_channel_id, |k| k
    .to_vec());
entity!(Business, Business, (), |_b| (), |_k| Vec::new());
entity!(User, User, UserId, |u| u.id, |k| k.as_bytes().to_vec());
entity!(UserName, UserName, String, |n| n.name.clone(), |k| k
    .clone()
    .into_bytes());
entity!(Session, Session, SessionId, |s| s.id, |k| k
    .as_bytes()
    .to_vec());
entity!(WalletToken, WalletToken, SecretHash, |t| t.token, |k| k
    .as_bytes()
    .to_vec());
entity!(
    OfferPayment,
    OfferPayment,
    NodePaymentId,
    |o| o.node_id,
    |k| k.as_bytes().to_vec()
);
entity!(Offer, Offer, OfferId, |o| o.id, |k| k.as_bytes().to_vec());
entity!(Unlinked, Unlinked, (), |_u| (), |_k| Vec::new());
entity!(AccessNote, AccessNote, u64, |n| n.number, |k| k
    .to_be_bytes()
    .to_vec());
entity!(Allowance, Allowance, (), |_a| (), |_k| Vec::new());
entity!(Inception, Inception, (), |_i| (), |_k| Vec::new());
entity!(Restoration, Restoration, (), |_r| (), |_k| Vec::new());
entity!(SpendTx, SpendTx, TxId, |t| t.tx_id, |k| k
    .as_bytes()
    .to_vec());
entity!(Deposit, Deposit, TxId, |d| d.tx_id, |k| k
    .as_bytes()
    .to_vec());
entity!(Holder, Holder, HolderId, |h| h.id, |k| k
    .as_bytes()
    .to_vec());
entity!(HolderName, HolderName, String, |n| n.name.clone(), |k| k
    .clone()
    .into_bytes());
entity!(Wallet, Wallet, WalletId, |w| w.id, |k| k
    .as_bytes()
    .to_vec());
entity!(Key, Key, SecretHash, |k| k.hash, |k| k.as_bytes().to_vec());
entity!(Share, Share, ShareId, |s| s.id, |k| k.as_bytes().to_vec());
entity!(Recovery, Recovery, SecretHash, |r| r.digest, |k| k
    .as_bytes()
    .to_vec());
entity!(Address, Address, String, |a| a.name.clone(), |k| k
    .clone()
    .into_bytes());
entity!(UnlistedCount, UnlistedCount, (), |_c| (), |_k| Vec::new());
entity!(CloseJob, CloseJob, [u8; 16], |j| j.user_channel_id, |k| k
    .to_vec());
entity!(Delivery, Delivery, u64, |d| d.number, |k| k
    .to_be_bytes()
    .to_vec());
entity!(OutboxCount, OutboxCount, (), |_c| (), |_k| Vec::new());
entity!(Webhook, Webhook, WebhookId, |w| w.id, |k| k
    .as_bytes()
    .to_vec());
entity!(WebhooksOf, WebhooksOf, WalletId, |w| w.wallet, |k| k
    .as_bytes()
    .to_vec());
entity!(Opening, Opening, OpeningId, |o| o.id, |k| k
    .as_bytes()
    .to_vec());
// A wallet's are side by side and in order, so that a page of them is a range of keys.
entity!(
    Transaction,
    Transaction,
    (WalletId, u32),
    |t| (t.wallet, t.number),
    |k| {
        let mut tail = k.0.as_bytes().to_vec();
        tail.extend(k.1.to_be_bytes());
        tail
    }
);
