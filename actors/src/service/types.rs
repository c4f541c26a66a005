//! What surfaces ask the service for, and what it answers. Plain data; no wire format.

use till::id::{OfferId, PaymentHash, RequestHash, SessionId, TxId, UserId};
use till::invoice::{Description, Invoice};
use till::ledger::{IdempotencyKey, Origin, Refusal, WalletRef};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till::time::Timestamp;
use till::treasury::{ChannelState, CloseJob, Deposit, SweepTo};

use crate::node::{NodeChannel, NodeError, OpenChannelRequest};

/// An invoice to be made.
#[derive(Clone, Debug)]
pub struct NewInvoice {
    /// Whose money it will be.
    pub wallet: WalletRef,
    /// Where it was asked for.
    pub origin: Origin,
    /// What is asked for; `None` lets the payer choose.
    pub amount: Option<Msat>,
    /// What the payer is shown.
    pub description: Description,
    /// The caller's own reference.
    pub external_id: Option<String>,
    /// Where the caller wants to be told.
    pub webhook_url: Option<String>,
    /// How long it can be paid; `None` for the configured default.
    pub expiry_secs: Option<u32>,
    /// Whether what comes is held until its maker settles or cancels it.
    pub hold: Option<Hold>,
    /// What its maker tells about it.
    pub meta: Meta,
    /// Makes a repeat of this request the same invoice.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// Who knows what opens a hold invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The till makes it and keeps it.
    Ours,
    /// The invoice's maker alone, who chose this hash.
    Theirs(PaymentHash),
}

/// A payment to be made.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// Who pays.
    pub wallet: WalletRef,
    /// Where it was asked for.
    pub origin: Origin,
    /// The BOLT 11 text.
    pub bolt11: String,
    /// What the recipient shall get; must be given, and only be given, as the invoice demands:
    /// for an open invoice, or equal to the invoice's own amount.
    pub amount: Option<Msat>,
    /// The most that routing may cost; `None` for the configured share.
    pub fee_cap: Option<Msat>,
    /// Makes a repeat the same payment.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
    /// What its payer tells about it.
    pub meta: Meta,
}

/// A decoded invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedInvoice {
    /// What it is locked to.
    pub hash: PaymentHash,
    /// What it asks for.
    pub amount: Option<Msat>,
    /// What it shows.
    pub description: Description,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Who gets the money, hexadecimal.
    pub payee: String,
}

/// An on-chain payment to be made. It is the house's.
#[derive(Clone, Debug)]
pub struct NewSpend {
    /// Where it was asked for.
    pub origin: Origin,
    /// Who is paid.
    pub address: String,
    /// How much.
    pub amount: Sat,
    /// In sat/vB; `None` for what the chain source thinks is due.
    pub feerate: Option<u64>,
    /// Makes a repeat the same request.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// A transaction that shall have a higher fee.
#[derive(Clone, Debug)]
pub struct NewBump {
    /// Which; `None` for the newest that waits.
    pub tx_id: Option<TxId>,
    /// The new feerate, in sat/vB.
    pub feerate: u64,
    /// Makes a repeat the same request.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// A channel to be closed.
#[derive(Clone, Debug)]
pub struct CloseWish {
    /// BOLT 2 channel id, hexadecimal.
    pub channel_id: String,
    /// Whether the peer is not asked.
    pub force: bool,
    /// Where its money goes.
    pub sweep_to: Option<SweepTo>,
}

/// Something that brings money, or was to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncomingPayment {
    /// Over Lightning.
    Invoice(Box<Invoice>),
    /// On the chain.
    Deposit(Deposit),
}

impl IncomingPayment {
    /// When it was first known: grows with its place in the list.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        match self {
            Self::Invoice(invoice) => invoice.created_at,
            Self::Deposit(deposit) => deposit.created_at,
        }
    }

    /// Whether it has brought money.
    #[must_use]
    pub const fn is_received(&self) -> bool {
        match self {
            Self::Invoice(invoice) => invoice.receipt.is_some(),
            Self::Deposit(deposit) => deposit.credit.is_some(),
        }
    }
}

/// An offer to be made.
#[derive(Clone, Debug)]
pub struct NewOffer {
    /// Whose money it brings.
    pub wallet: WalletRef,
    /// Where it was asked for.
    pub origin: Origin,
    /// What is asked for each time; `None` lets the payer choose.
    pub amount: Option<Msat>,
    /// What the payer is shown.
    pub description: Option<String>,
    /// How long it can be paid; `None` for ever.
    pub expiry_secs: Option<u32>,
}

/// A payment to an offer, to be made.
#[derive(Clone, Debug)]
pub struct NewOfferPayment {
    /// Who pays.
    pub wallet: WalletRef,
    /// Where it was asked for.
    pub origin: Origin,
    /// The offer's text.
    pub offer: String,
    /// What the recipient is told.
    pub payer_note: Option<String>,
    /// What the recipient shall get: at least what the offer asks for; `None` for just that.
    pub amount: Option<Msat>,
    /// The most that routing may cost; `None` for the configured share.
    pub fee_cap: Option<Msat>,
    /// Makes a repeat the same payment.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// A decoded offer: one in bitcoin, for this till's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedOffer {
    /// What it is known by.
    pub id: OfferId,
    /// The text without anything around it.
    pub text: String,
    /// What it asks for.
    pub amount: Option<Msat>,
    /// What it shows.
    pub description: Option<String>,
    /// Who says to have made it; nobody has vouched for that.
    pub issuer: Option<String>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The key that signs its invoices, hexadecimal: a node's, or one made for it alone.
    pub signing_key: Option<String>,
}

/// Which incoming payments to list: newest first.
#[derive(Clone, Debug)]
pub struct InvoiceQuery {
    /// Whose.
    pub wallet: WalletRef,
    /// Only those that were paid.
    pub paid_only: bool,
    /// Created at or after.
    pub from: Option<Timestamp>,
    /// Created at or before.
    pub to: Option<Timestamp>,
    /// Only those with this reference.
    pub external_id: Option<String>,
    /// How many to leave out.
    pub offset: usize,
    /// How many to return at most.
    pub limit: usize,
}

/// Which outgoing payments to list: newest first.
#[derive(Clone, Debug)]
pub struct PaymentQuery {
    /// Whose.
    pub wallet: WalletRef,
    /// Failed ones too.
    pub include_failed: bool,
    /// Created at or after.
    pub from: Option<Timestamp>,
    /// Created at or before.
    pub to: Option<Timestamp>,
    /// How many to leave out.
    pub offset: usize,
    /// How many to return at most.
    pub limit: usize,
}

/// The house's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HouseBalance {
    /// By the ledger, in msat; may be below zero.
    pub ledger_msat: i128,
    /// What it may send over Lightning just now.
    pub spendable: Msat,
    /// What it owns or what the channels hold less what is others', whichever is smaller; what is
    /// set aside for payments in flight is still in it.
    pub balance: Msat,
    /// What the node holds on the chain, unconfirmed included.
    pub onchain: Sat,
    /// What of it can be spent, the anchor reserve left out.
    pub onchain_spendable: Sat,
}

/// The node, as far as it may be shown.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Our public key, hexadecimal.
    pub node_id: String,
    /// `regtest`, `signet`, `testnet4` or `mainnet`.
    pub network: String,
    /// The best block the node knows.
    pub height: u32,
    /// All channels.
    pub channels: Vec<ChannelInfo>,
}

/// A channel and how it stands.
#[derive(Clone, Debug)]
pub struct ChannelInfo {
    /// As the node has it.
    pub channel: NodeChannel,
    /// How it stands.
    pub state: ChannelPhase,
    /// How its closing stands, if it is being closed.
    pub closing: Option<ClosingInfo>,
}

/// How a channel's closing stands.
#[derive(Clone, Debug)]
pub struct ClosingInfo {
    /// The transaction that spends its funding, once the chain has shown it.
    pub tx_id: Option<TxId>,
    /// The height at which the last of its time locks ends, if there is one.
    pub spendable_at_height: Option<u32>,
    /// The owner's wish, if it was theirs.
    pub job: Option<CloseJob>,
}

/// How a channel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelPhase {
    /// Waiting for its funding to be deep enough.
    Opening,
    /// Usable.
    Normal,
    /// Its peer is away.
    Offline,
    /// It is being closed, or what is left of it is on its way back.
    Closing,
}

/// A channel to be opened.
#[derive(Clone, Debug)]
pub struct NewChannel {
    /// As the node is asked for it.
    pub request: OpenChannelRequest,
    /// Makes a repeat the same channel.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// How the opening of a channel stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelOpening {
    /// Its funding transaction is known.
    Funded(OpenedChannel),
    /// The peer has not decided, or nobody knows whether the node has asked it: it may yet come.
    Pending {
        /// The node's lasting name for it, big-endian, if that is known.
        user_channel_id: Option<[u8; 16]>,
    },
}

/// A channel that has its funding transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedChannel {
    /// Where it stands now: a repeat may come when it has long been closed.
    pub state: ChannelState,
    /// The node's lasting name for it, big-endian.
    pub user_channel_id: [u8; 16],
    /// BOLT 2 channel id, hexadecimal, once known.
    pub channel_id: Option<String>,
    /// The funding transaction, once known.
    pub funding_tx_id: Option<String>,
}

/// A channel that is being spliced. It goes on as it is until that is deep enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplicedChannel {
    /// BOLT 2 channel id, hexadecimal.
    pub channel_id: String,
    /// The splice's transaction.
    pub tx: Option<TxId>,
}

/// A wish to set up the till.
#[derive(Clone, Debug)]
pub struct InitialSetup {
    /// The first administrator's name.
    pub name: String,
    /// Their password, hashed.
    pub password: till::access::PasswordHash,
    /// Their PIN, hashed.
    pub pin: till::access::PasswordHash,
    /// The wallet password, hashed.
    pub wallet_password: till::access::PasswordHash,
    /// What the shop calls itself.
    pub business_name: Option<String>,
    /// The currency it counts in.
    pub business_currency: Option<String>,
}

/// A session with the one refresh token that is good for it. Secrets; never log.
#[derive(Clone)]
pub struct OpenedSession {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// The refresh token's text.
    pub refresh_token: String,
}

/// How ready the till is to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether payments can be made and taken.
    pub ready: bool,
    /// Why not, in words for an operator.
    pub reason: Option<String>,
    /// Whether payments are held back until the operator of a restored till lets them go.
    pub holds_payments: bool,
    /// The best block the node knows.
    pub height: u32,
}

/// Why the service did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The ledger refused; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The text is no BOLT 11 invoice, or not for this network.
    #[error("invalid invoice: {0}")]
    InvalidInvoice(String),
    /// No Bitcoin address, or not for this network.
    #[error("invalid address: {0}")]
    InvalidAddress(String),
    /// No channel has that name.
    #[error("there is no such channel")]
    UnknownChannel,
    /// No transaction of this till's waits to be mined, or not the one that was named.
    #[error("no transaction waits to be mined")]
    NothingToBump,
    /// The on-chain wallet does not have so much to spare.
    #[error("not enough on-chain funds")]
    TooPoorOnchain {
        /// Amount and fee, as far as they are known.
        needed: Sat,
        /// What may be spent.
        spendable: Sat,
        /// What is kept to be able to close channels.
        reserve: Sat,
        /// What closings or splices would free.
        in_channels: Sat,
    },
    /// The text is no BOLT 12 offer, or none that this till can pay.
    #[error("invalid offer: {0}")]
    InvalidOffer(String),
    /// The request cannot be carried out as it stands.
    #[error("{0}")]
    InvalidRequest(String),
    /// A queue is full: try again after this many seconds.
    #[error("too many requests are under way")]
    Busy {
        /// When to try again.
        retry_after_secs: u32,
    },
    /// The node cannot do it now.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The outcome did not become known in time. It is not a failure: ask again.
    #[error("the outcome is not known yet")]
    Unknown,
    /// The till is shutting down.
    #[error("the till is shutting down")]
    Stopping,
}
