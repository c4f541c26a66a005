//! What can be asked of the ledger, and every reason for which it refuses. Owns no rules.

mod access;
mod address;
mod holder;
mod onchain;
mod outbox;
mod refusal;
mod restoration;
mod transfer;

pub use access::{AccessCommand, UserChange};
pub use address::AddressCommand;
pub use holder::{HolderCommand, KeyChange, ShareCommand, WalletKeys};
pub use onchain::{CloseCommand, OnchainSeen, OpeningOrder, SpendCommand, SpendOrder};
pub use outbox::OutboxCommand;
pub use refusal::Refusal;
pub use restoration::{InceptionCommand, RestorationCommand};
pub use transfer::TransferOrder;

use minicbor::{Decode, Encode};

use crate::id::{NodePaymentId, OpeningId, PaymentHash, PaymentId, Preimage, RequestHash, TxId};
use crate::invoice::Description;
use crate::ledger::account::{Origin, WalletRef};
use crate::ledger::reference::Reference;
use crate::meta::{Meta, MetaChange};
use crate::money::Msat;
use crate::node::{OfferReceipt, SendTarget};
use crate::offer::Offer;
use crate::payment::FailureReason;
use crate::time::Timestamp;
use crate::treasury::{Channel, Closing, Figures, Funding, OpeningOutcome};

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
        /// Makes a repeat of the request the same invoice. Kept with the text, not with the draft: a
        /// draft that comes to nothing must not bind its maker's key.
        idempotency: Option<(IdempotencyKey, RequestHash)>,
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
    /// The node has no row of it any more.
    ForgetInvoice {
        /// Which invoice.
        hash: PaymentHash,
    },
    /// Set money aside for a payment, before the node hears of it.
    ReservePayment(Box<PaymentOrder>),
    /// Move money to another wallet of this till's, where there is no invoice.
    Transfer(Box<TransferOrder>),
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
    /// The pause after a failed attempt is over: make another one, unless the time for that is over.
    RetryPayment(RetryOrder),
    /// A payment has been pending for long, and nothing tells what became of it.
    RaiseOverdue {
        /// Which payment.
        id: PaymentId,
    },
    /// Something about a hold invoice.
    Hold(HoldCommand),
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
        channel: [u8; 16],
        /// The output, unless the splice failed.
        funding: Option<Funding>,
    },
    /// What was asked for under a caller's key is this.
    KeepKey {
        /// The key, and the digest of what was asked for.
        keyed: Option<(IdempotencyKey, RequestHash)>,
        /// What came of it.
        reference: Reference,
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
    /// Something about holders of wallets, their keys and shares.
    Holder(Box<HolderCommand>),
    /// Change what is told about an invoice or a payment; what is not named stays as it is.
    ChangeMeta {
        /// Which of them.
        of: MetaOf,
        /// What is told otherwise.
        change: Box<MetaChange>,
    },
    /// Something about Lightning addresses.
    Address(AddressCommand),
    /// Something about the outbox.
    Outbox(OutboxCommand),
    /// Something about having been restored from a backup, or begun anew from the seed.
    Restoration(RestorationCommand),
    /// Something about staff, sessions and wallet tokens.
    Access(Box<AccessCommand>),
}

/// What can be asked about a hold invoice.
#[derive(Clone, Debug)]
pub enum HoldCommand {
    /// Its maker wants its money.
    Settle {
        /// Which invoice.
        hash: PaymentHash,
        /// What opens it, where only its maker knows.
        preimage: Option<Preimage>,
        /// The best block that the node knows.
        height: u32,
    },
    /// Nobody wants its money: its maker, or its deadline, has it given back.
    Cancel {
        /// Which invoice.
        hash: PaymentHash,
    },
    /// The node has failed a cancelled one's HTLC back.
    Release {
        /// Which invoice.
        hash: PaymentHash,
    },
}

impl From<HoldCommand> for Command {
    fn from(command: HoldCommand) -> Self {
        Self::Hold(command)
    }
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
    /// What its maker tells about it.
    pub meta: Meta,
    /// Whether a stranger asks for it: nobody sees it before it is paid.
    pub unlisted: bool,
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
    /// What its payer named as the recipient, where that was not the invoice itself.
    pub named: Option<String>,
    /// What the house takes for it, unless the recipient is a wallet of this till's.
    pub service_fee: Msat,
    /// What its payer tells about it.
    pub meta: Meta,
    /// For how long a failure that may pass is followed by another attempt, in seconds; 0 for never.
    pub retry_secs: u32,
}

/// Another attempt that nobody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOrder {
    /// Which payment.
    pub id: PaymentId,
    /// The attempt that failed.
    pub attempt: u32,
    /// Whether it is certain that nothing of it is under way.
    pub cleared: bool,
}

/// What is told about what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaOf {
    /// An invoice.
    Invoice(PaymentHash),
    /// A payment.
    Payment(PaymentId),
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
