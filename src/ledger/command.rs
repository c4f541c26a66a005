//! What can be asked of the ledger, and every reason for which it refuses. Owns no rules.

use minicbor::{Decode, Encode};

use super::account::{Origin, WalletRef};
use super::entity::Damaged;
use super::reference::Reference;
use crate::access::{Business, Session, User, WalletToken};
use crate::id::{
    NodePaymentId, OpeningId, PaymentHash, PaymentId, Preimage, RequestHash, SecretHash, SessionId,
    TxId,
};
use crate::invoice::Description;
use crate::money::{Msat, Sat};
use crate::node::SendTarget;
use crate::payment::FailureReason;
use crate::time::Timestamp;
use crate::treasury::{Channel, Closing, Figures, OpeningOutcome, Purpose};

/// Something that a caller or the node wants to be true.
#[derive(Clone, Debug)]
pub enum Command {
    /// Reserve a payment hash for an invoice, before the node hears of it.
    DraftInvoice(Box<InvoiceDraft>),
    /// The node made the BOLT 11 text; the invoice may be shown.
    IssueInvoice {
        /// Which invoice.
        hash: PaymentHash,
        /// Its text.
        bolt11: String,
    },
    /// The node refused, or never answered; the draft is dropped.
    AbandonInvoice {
        /// Which invoice.
        hash: PaymentHash,
    },
    /// An HTLC for one of our hashes is claimable: may it be claimed?
    IntendClaim {
        /// Which invoice.
        hash: PaymentHash,
        /// What the HTLC is worth to us.
        amount: Msat,
        /// What the liquidity provider kept of it.
        lsp_fee: Msat,
        /// From which block height on the node fails it back.
        deadline_height: Option<u32>,
    },
    /// The node reports that it has the money of an incoming payment.
    BookReceipt {
        /// Which hash.
        hash: PaymentHash,
        /// What the node got.
        amount: Msat,
        /// What the liquidity provider kept besides.
        lsp_fee: Msat,
    },
    /// The HTLC that we wanted to claim is gone.
    LapseClaim {
        /// Which invoice.
        hash: PaymentHash,
    },
    /// The invoice's time may be over.
    ExpireInvoice {
        /// Which invoice.
        hash: PaymentHash,
    },
    /// Set money aside for a payment, before the node hears of it.
    ReservePayment(Box<PaymentOrder>),
    /// The node told what it knows a payment to an offer by.
    LinkOffer {
        /// Which payment.
        id: PaymentId,
        /// The node's id for it.
        node_id: NodePaymentId,
    },
    /// The node reports that the recipient has the money.
    PostPayment {
        /// Which payment.
        which: Which,
        /// What it was locked to.
        hash: PaymentHash,
        /// Proof of it.
        preimage: Option<Preimage>,
        /// What routing cost.
        fee: Msat,
        /// What the node's own row says was sent, for a payment that no row of ours explains.
        node_amount: Option<Msat>,
    },
    /// The node reports that the recipient will not get the money, or the check proved it.
    VoidPayment {
        /// Which payment.
        which: Which,
        /// Which attempt failed; `None` where the report does not tell.
        attempt: Option<u32>,
        /// Why.
        reason: FailureReason,
    },
    /// A payment has been pending for long, and nothing tells what became of it.
    RaiseOverdue {
        /// Which payment.
        id: PaymentId,
    },
    /// The maker of a hold invoice wants its money.
    SettleHold {
        /// Which invoice.
        hash: PaymentHash,
        /// What opens it, where only its maker knows.
        preimage: Option<Preimage>,
        /// The best block that the node knows.
        height: u32,
    },
    /// Nobody wants a hold invoice's money: its maker, or its deadline, has it given back.
    CancelHold {
        /// Which invoice.
        hash: PaymentHash,
    },
    /// The node has failed a cancelled invoice's HTLC back.
    ReleaseHtlc {
        /// Which invoice.
        hash: PaymentHash,
    },
    /// A transaction of the node's on-chain wallet is deep enough to count.
    BookOnchain(OnchainSeen),
    /// A deposit that was credited is not in the chain any more.
    ReverseDeposit {
        /// Which transaction.
        tx_id: TxId,
    },
    /// The chain shows what closed a channel, or shows it no longer.
    RecordClosing {
        /// Which channel.
        user_channel_id: [u8; 16],
        /// The transaction, if there is one.
        closing: Option<Closing>,
        /// What it may have cost us at most.
        cost: Msat,
    },
    /// Forwarding other people's payments earned something.
    NoteRouting {
        /// How much.
        earned: Msat,
    },
    /// Put the ledger to the node's own figures, taken while nothing was on its way.
    Reconcile {
        /// What the node holds.
        figures: Figures,
        /// The last record when they were taken: refused if there have been others since.
        seq: u64,
    },
    /// A channel changed; the first time it may bring money that its opener gave us.
    RecordChannel(Channel),
    /// Write down that a channel is wanted, before the node is asked.
    IntendOpening(Box<OpeningOrder>),
    /// What the node said to it, or what a look at its channels proved.
    EndOpening {
        /// Which wish.
        id: OpeningId,
        /// What it said.
        outcome: OpeningOutcome,
    },
    /// Something about staff, sessions and wallet tokens.
    Access(AccessCommand),
}

/// What can be asked about staff, sessions and wallet tokens.
#[derive(Clone, Debug)]
pub enum AccessCommand {
    /// The first set-up: the shop and its first administrator.
    Initialize {
        /// The shop.
        business: Business,
        /// Its first administrator.
        admin: User,
    },
    /// Another member of staff.
    AddUser(User),
    /// A login.
    OpenSession(Session),
    /// A refresh token is used: exchanged for `next`, or the session ends if it is an old one.
    RotateSession {
        /// Which session.
        session: SessionId,
        /// The digest of the token that was presented.
        presented: SecretHash,
        /// The digest of the token that replaces it.
        next: SecretHash,
        /// When that one stops being good.
        expires_at: Timestamp,
    },
    /// A logout: the session and its wallet tokens end.
    EndSession {
        /// Which session.
        session: SessionId,
    },
    /// The wallet password was typed correctly.
    GrantWalletToken(WalletToken),
    /// A wallet token is used.
    TouchWalletToken {
        /// Its digest.
        token: SecretHash,
    },
    /// A wallet token is given back.
    RevokeWalletToken {
        /// Its digest.
        token: SecretHash,
    },
}

impl From<AccessCommand> for Command {
    fn from(command: AccessCommand) -> Self {
        Self::Access(command)
    }
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

/// Which outgoing payment a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that we call this.
    Ours(PaymentId),
    /// The one that the node calls this.
    Node {
        /// The node's id for it.
        id: NodePaymentId,
        /// What it is locked to, if the report tells.
        hash: Option<PaymentHash>,
    },
}

impl Which {
    /// The payment to the BOLT 11 invoice with this hash.
    #[must_use]
    pub fn to_invoice(hash: PaymentHash) -> Self {
        Self::Node {
            id: hash.into(),
            hash: Some(hash),
        }
    }
}

/// What done means for a command that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is durable and visible.
    Changed,
    /// Everything was as wanted already.
    Unchanged,
    /// The same request was carried out before, as this.
    Repeat(Reference),
}

/// An invoice as its maker wants it.
#[derive(Clone, Debug)]
pub struct InvoiceDraft {
    /// What it will be known by.
    pub hash: PaymentHash,
    /// Opens the hash; fresh randomness. `None` where only the maker of a hold invoice knows it.
    pub preimage: Option<Preimage>,
    /// Whether what comes is held until its maker settles or cancels it.
    pub hold: bool,
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
    /// How long it can be paid.
    pub expiry_secs: u32,
}

/// A payment as its payer wants it.
#[derive(Clone, Debug)]
pub struct PaymentOrder {
    /// Our name for it, should it be a new one; fresh randomness.
    pub id: PaymentId,
    /// What is paid.
    pub target: SendTarget,
    /// Who pays.
    pub wallet: WalletRef,
    /// Where it was asked for.
    pub origin: Origin,
    /// What the recipient shall get.
    pub amount: Msat,
    /// The most that routing may cost.
    pub fee_cap: Msat,
    /// The invoice's or offer's description.
    pub description: Option<String>,
    /// When the invoice or offer expires.
    pub expires_at: Timestamp,
    /// What the node's channels could send just now.
    pub spendable: Msat,
    /// Makes a repeat of this order the same order.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
    /// The failed attempt of which it is certain that nothing of it is under way, and that its
    /// failure will not be told again. Only such a payment gets another attempt.
    pub cleared: Option<u32>,
}

/// A channel as somebody wants it.
#[derive(Clone, Debug)]
pub struct OpeningOrder {
    /// Our name for it, should it be a new one; fresh randomness.
    pub id: OpeningId,
    /// The peer's node id, hexadecimal.
    pub counterparty: String,
    /// The size of the channel.
    pub capacity: Sat,
    /// What the peer is given of it.
    pub push: Msat,
    /// Makes a repeat of this order the same order.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// A caller's name for one request, unique per surface, wallet and operation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct IdempotencyKey {
    /// The surface.
    #[n(0)]
    pub origin: Origin,
    /// The wallet.
    #[n(1)]
    pub wallet: WalletRef,
    /// The operation, such as `payinvoice`.
    #[n(2)]
    pub operation: String,
    /// What the caller sent.
    #[n(3)]
    pub key: String,
}

/// Why a command was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The hash already belongs to another invoice or payment.
    #[error("the payment hash is already in use")]
    HashInUse,
    /// There is no such invoice.
    #[error("unknown invoice")]
    UnknownInvoice,
    /// There is no such session or token.
    #[error("unknown session")]
    UnknownSession,
    /// The step does not follow from where things stand.
    #[error("not possible in the present state")]
    WrongState,
    /// The HTLC is worth less than the invoice asks for.
    #[error("the amount does not pay the invoice")]
    Underpaid,
    /// The invoice is past its time.
    #[error("the invoice has expired")]
    InvoiceExpired,
    /// The invoice is one of this till's own.
    #[error("the invoice is the wallet's own")]
    SelfPayment,
    /// That invoice was paid before, by this payment.
    #[error("the invoice has already been paid")]
    AlreadyPaid(PaymentId),
    /// That invoice is being paid, by this payment.
    #[error("the invoice is already being paid")]
    InFlight(PaymentId),
    /// Somebody is paying that invoice of this till's, or has.
    #[error("the invoice is being paid or has been paid by somebody else")]
    TakenInvoice,
    /// The payment failed, but whether anything of it is under way has not been looked at.
    #[error("the earlier attempt is not known to be over")]
    NotCleared(PaymentId),
    /// The invoice was cancelled.
    #[error("the invoice has been cancelled")]
    InvoiceCancelled,
    /// What was held has to go back: there are too few blocks left to claim it safely.
    #[error("the deadline to settle has passed")]
    DeadlinePassed,
    /// That is not what opens the invoice's hash.
    #[error("the preimage does not open the payment hash")]
    WrongPreimage,
    /// The node has not yet told what it knows an earlier payment to an offer by.
    #[error("an earlier payment to an offer is not accounted for yet")]
    OfferUnlinked(PaymentId),
    /// Amount and fee cap exceed what the wallet may spend.
    #[error("not enough funds: {needed} needed, {available} available")]
    InsufficientFunds {
        /// Amount and fee cap.
        needed: Msat,
        /// What may be spent.
        available: Msat,
    },
    /// The same idempotency key came with another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyConflict,
    /// The till has been set up before.
    #[error("already initialized")]
    AlreadyInitialized,
    /// Somebody else has that name.
    #[error("the name is taken")]
    NameTaken,
    /// An amount exceeds all money.
    #[error("the amount is too large")]
    TooLarge,
    /// A stored row cannot be read. Not the caller's fault: the process must stop.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}
