//! What can be asked of the ledger, and every reason for which it refuses. Owns no rules.

use minicbor::{Decode, Encode};

use super::account::{Origin, WalletRef};
use super::entity::Damaged;
use super::reference::Reference;
use crate::access::{AccessAction, Business, PasswordHash, Role, Session, User, WalletToken};
use crate::id::{
    NodePaymentId, OpeningId, PaymentHash, PaymentId, Preimage, RequestHash, SecretHash, SessionId,
    TxId, UserId,
};
use crate::invoice::Description;
use crate::money::{Msat, Sat};
use crate::node::{OfferReceipt, SendTarget};
use crate::offer::Offer;
use crate::payment::FailureReason;
use crate::time::Timestamp;
use crate::treasury::{
    Channel, CloseJob, Closing, Figures, Funding, MinedIn, OpeningOutcome, Purpose, SpendPurpose,
    SpendVersion,
};

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
        /// What a liquidity provider will take of it for opening a channel, if it has to.
        lsp_fee: Option<Msat>,
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
        /// The offer that it was paid to, if it was one.
        offer: Option<OfferReceipt>,
    },
    /// The node made the text of an offer. It is not shown before this is done.
    KeepOffer(Box<Offer>),
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
    /// Something about on-chain payments.
    Spend(SpendCommand),
    /// Something about closings of channels.
    Close(CloseCommand),
    /// A transaction that pays the node's addresses is in the mempool, or not deep enough.
    SeeDeposit {
        /// Which transaction.
        tx_id: TxId,
        /// What it pays.
        amount: Msat,
    },
    /// A deposit that was not credited is nowhere any more.
    LoseDeposit {
        /// Which transaction.
        tx_id: TxId,
    },
    /// Somebody splices a channel: it will hang on another output, or will not after all.
    RecordSplice {
        /// Which channel.
        user_channel_id: [u8; 16],
        /// The output, unless the splice failed.
        funding: Option<Funding>,
    },
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
    AddUser {
        /// Who asks.
        by: UserId,
        /// The new one.
        user: User,
    },
    /// A member of staff gets another name, role, password or PIN.
    ChangeUser {
        /// Who asks.
        by: UserId,
        /// Whom it is about.
        user: UserId,
        /// What becomes different.
        change: UserChange,
    },
    /// A member of staff leaves.
    DeleteUser {
        /// Who asks.
        by: UserId,
        /// Whom it is about.
        user: UserId,
    },
    /// All sessions of a member of staff end, and their wallet tokens with them.
    EndSessions {
        /// Who asks.
        by: UserId,
        /// Whom it is about.
        user: UserId,
    },
    /// Another wallet password: every wallet token ends, and the one who asks gets a new one.
    ChangeWalletPassword {
        /// Who asks.
        by: UserId,
        /// The new password.
        password: PasswordHash,
        /// The token of the one who asks, with the epoch of the password that they typed.
        token: WalletToken,
    },
    /// Somebody does what the log shall tell.
    NoteAccess {
        /// Who.
        by: UserId,
        /// What.
        action: AccessAction,
    },
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

/// What becomes different of a member of staff; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What they log in with.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Their password.
    pub password: Option<PasswordHash>,
    /// Their PIN.
    pub pin: Option<PasswordHash>,
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
    /// There is no such payment.
    #[error("unknown payment")]
    UnknownPayment,
    /// The channel is being closed already, in another way or to another address.
    #[error("the channel is being closed already")]
    ClosingAlready,
    /// The till has been set up before.
    #[error("already initialized")]
    AlreadyInitialized,
    /// Somebody else has that name.
    #[error("the name is taken")]
    NameTaken,
    /// There is no such member of staff, or not any more.
    #[error("unknown user")]
    UnknownUser,
    /// Nobody would be left to administer the till.
    #[error("the last administrator must stay one")]
    LastAdmin,
    /// The password that was typed has been changed meanwhile.
    #[error("the password was changed meanwhile")]
    PasswordChanged,
    /// An amount exceeds all money.
    #[error("the amount is too large")]
    TooLarge,
    /// A stored row cannot be read. Not the caller's fault: the process must stop.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}
