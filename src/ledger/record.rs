//! What is written down: one [`Record`] per change, with all that it did. Owns the journal's
//! vocabulary; bytes, hashes and disks are the journal's.
//!
//! Replaying a record runs no rules: what was decided stands in it. Fields are numbered and only
//! ever added; a record of an unknown version is refused by the journal.

use minicbor::{Decode, Encode};

use super::account::WalletRef;
use super::entity::{Idempotency, Stray};
use super::transfer::Transfer;
use crate::access::{AccessNote, Business, Session, User, WalletToken};
use crate::address::Address;
use crate::holder::{Holder, Key, Share, Wallet};
use crate::id::{NodePaymentId, OpeningId, PaymentHash, PaymentId, Preimage, TxId};
use crate::inception::Inception;
use crate::invoice::{Claim, Held, Invoice, Receipt};
use crate::meta::Meta;
use crate::money::{Msat, Sat};
use crate::offer::Offer;
use crate::outbox::Delivery;
use crate::payment::{FailureReason, Payment, Sent};
use crate::restoration::Restoration;
use crate::time::Timestamp;
use crate::treasury::{
    Allowance, Channel, CloseJob, Deposit, MinedIn, OnchainTx, Opening, OpeningOutcome,
    SpendVersion,
};
use crate::webhook::Webhook;

/// Everything that one command changed: applied as a whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// When; never before the record it follows.
    #[n(0)]
    pub at: Timestamp,
    /// What became of rows.
    #[n(1)]
    pub facts: Vec<Fact>,
    /// What became of money.
    #[n(2)]
    pub transfers: Vec<Transfer>,
    /// What subscribers will hear, in order.
    #[n(3)]
    pub events: Vec<Event>,
}

impl Record {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.transfers.is_empty() && self.events.is_empty()
    }
}

/// One thing that became true.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Fact {
    /// A hash was reserved for an invoice.
    #[n(0)]
    InvoiceDrafted(#[n(0)] Box<Invoice>),
    /// The invoice can be shown and paid.
    #[n(1)]
    InvoiceIssued {
        /// Which.
        #[n(0)]
        hash: PaymentHash,
        /// Its text.
        #[n(1)]
        bolt11: String,
        /// Its number within the wallet.
        #[n(2)]
        number: u32,
        /// What a liquidity provider will take of it for opening a channel, if it has to.
        #[n(3)]
        lsp_fee: Option<Msat>,
    },
    /// The invoice never came to be.
    #[n(2)]
    InvoiceAbandoned(#[n(0)] PaymentHash),
    /// We are going to claim an HTLC.
    #[n(3)]
    ClaimIntended {
        /// Which invoice it pays.
        #[n(0)]
        hash: PaymentHash,
        /// What is claimed.
        #[n(1)]
        claim: Claim,
    },
    /// The HTLC went away unclaimed.
    #[n(4)]
    ClaimLapsed(#[n(0)] PaymentHash),
    /// The invoice is paid.
    #[n(5)]
    InvoicePaid {
        /// Which.
        #[n(0)]
        hash: PaymentHash,
        /// How.
        #[n(1)]
        receipt: Receipt,
    },
    /// The invoice's time is over.
    #[n(6)]
    InvoiceExpired(#[n(0)] PaymentHash),
    /// Money moved that no row explains.
    #[n(7)]
    Stray(#[n(0)] Stray),
    /// Money was set aside for a new payment.
    #[n(8)]
    PaymentReserved(#[n(0)] Box<Payment>),
    /// Money was set aside for another attempt.
    #[n(9)]
    PaymentRetried {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// What the recipient shall get this time.
        #[n(1)]
        amount: Msat,
        /// The most that routing may cost this time.
        #[n(2)]
        fee_cap: Msat,
        /// What the house takes this time.
        #[n(3)]
        #[cbor(default)]
        service_fee: Msat,
    },
    /// The recipient has the money.
    #[n(10)]
    PaymentSent {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// What it cost and proved.
        #[n(1)]
        sent: Sent,
    },
    /// The recipient will not get the money.
    #[n(11)]
    PaymentFailed {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Why.
        #[n(1)]
        reason: FailureReason,
    },
    /// A caller's key now stands for what was made under it.
    #[n(12)]
    IdempotencyKept(#[n(0)] Box<Idempotency>),
    /// An on-chain transaction was booked.
    #[n(13)]
    OnchainBooked(#[n(0)] OnchainTx),
    /// A channel is now like this.
    #[n(14)]
    ChannelRecorded(#[n(0)] Box<Channel>),
    /// The shop is now like this.
    #[n(15)]
    BusinessSet(#[n(0)] Box<Business>),
    /// A user is now like this.
    #[n(16)]
    UserSet(#[n(0)] Box<User>),
    /// A session is now like this.
    #[n(17)]
    SessionSet(#[n(0)] Session),
    /// A wallet token is now like this.
    #[n(18)]
    WalletTokenSet(#[n(0)] WalletToken),
    /// What the node knows a payment by, or what it is locked to, became known.
    #[n(19)]
    PaymentLinked {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// The node's id for it.
        #[n(1)]
        node_id: NodePaymentId,
        /// What it is locked to, if that is known.
        #[n(2)]
        hash: Option<PaymentHash>,
    },
    /// An alarm was raised for a payment that has been pending for long.
    #[n(20)]
    PaymentOverdue(#[n(0)] PaymentId),
    /// Money for a hold invoice has come.
    #[n(21)]
    InvoiceHeld {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
        /// What is held.
        #[n(1)]
        held: Held,
    },
    /// A hold invoice was cancelled.
    #[n(22)]
    InvoiceCancelled(#[n(0)] PaymentHash),
    /// The node has failed a cancelled invoice's HTLC back.
    #[n(23)]
    HtlcReleased(#[n(0)] PaymentHash),
    /// The maker of a hold invoice told what opens its hash.
    #[n(24)]
    PreimageTold {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
        /// What opens it.
        #[n(1)]
        preimage: Preimage,
    },
    /// Somebody did what the access log tells.
    #[n(28)]
    AccessNoted(#[n(0)] Box<AccessNote>),
    /// An offer can be shown and paid.
    #[n(25)]
    OfferMade(#[n(0)] Box<Offer>),
    /// An offer was paid: the row of what that brought.
    #[n(26)]
    OfferPaid(#[n(0)] Box<Invoice>),
    /// By what the ledger and the node may differ is now this.
    #[n(30)]
    AllowanceSet(#[n(0)] Allowance),
    /// Money was set aside for an on-chain payment, whose transaction is signed.
    #[n(31)]
    SpendReserved(#[n(0)] Box<Payment>),
    /// An on-chain payment has another transaction, for a higher fee.
    #[n(32)]
    SpendReplaced {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// The transaction.
        #[n(1)]
        version: SpendVersion,
    },
    /// The chain has a transaction of an on-chain payment.
    #[n(33)]
    SpendMined {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Which transaction, and where.
        #[n(1)]
        mined: MinedIn,
        /// What it cost.
        #[n(2)]
        sent: Sent,
    },
    /// Nothing can take an on-chain payment away any more.
    #[n(34)]
    SpendFinal(#[n(0)] PaymentId),
    /// A reorg took away for good what an on-chain payment had been booked from.
    #[n(49)]
    SpendUnmined(#[n(0)] PaymentId),
    /// A closing is now like this.
    #[n(35)]
    CloseJobSet(#[n(0)] Box<CloseJob>),
    /// A deposit is now like this.
    #[n(36)]
    DepositSet(#[n(0)] Deposit),
    /// A holder of wallets is now like this.
    #[n(50)]
    HolderSet(#[n(0)] Box<Holder>),
    /// A wallet is now like this.
    #[n(51)]
    WalletSet(#[n(0)] Box<Wallet>),
    /// A key is now like this.
    #[n(52)]
    KeySet(#[n(0)] Box<Key>),
    /// A share is now like this.
    #[n(53)]
    ShareSet(#[n(0)] Box<Share>),
    /// What is told about an invoice is now this.
    #[n(54)]
    InvoiceMetaSet {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
        /// What is told.
        #[n(1)]
        meta: Box<Meta>,
    },
    /// What is told about a payment is now this.
    #[n(55)]
    PaymentMetaSet {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// What is told.
        #[n(1)]
        meta: Box<Meta>,
    },
    /// A Lightning address is now like this.
    #[n(56)]
    AddressSet(#[n(0)] Box<Address>),
    /// The node has forgotten an invoice that nobody paid.
    #[n(57)]
    InvoiceForgotten(#[n(0)] PaymentHash),
    /// Something that is to be told is now like this.
    #[n(60)]
    DeliverySet(#[n(0)] Box<Delivery>),
    /// A webhook is now like this.
    #[n(61)]
    WebhookSet(#[n(0)] Box<Webhook>),
    /// An attempt failed, and another one follows: the money stays set aside.
    #[n(63)]
    PaymentDeferred {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Why it failed.
        #[n(1)]
        reason: FailureReason,
    },
    /// Another attempt with the money that is set aside.
    #[n(64)]
    PaymentResumed(#[n(0)] PaymentId),
    /// The books came from a backup, or its operator has acknowledged that.
    #[n(70)]
    RestorationSet(#[n(0)] Restoration),
    /// The books begin with a recovery from the seed.
    #[n(71)]
    InceptionSet(#[n(0)] Inception),
    /// A wallet attempts what another one failed to pay. Attempts are counted on: what the node may still
    /// report of the earlier ones must not be taken for a report of this one.
    #[n(65)]
    HashTaken {
        /// The failed payment.
        #[n(0)]
        from: PaymentId,
        /// The one that begins, or is attempted again.
        #[n(1)]
        by: PaymentId,
    },
    /// A channel is wanted; the node is going to be asked.
    #[n(47)]
    OpeningIntended(#[n(0)] Box<Opening>),
    /// What the node said to it is known.
    #[n(48)]
    OpeningEnded {
        /// Which wish.
        #[n(0)]
        id: OpeningId,
        /// What it said.
        #[n(1)]
        outcome: OpeningOutcome,
    },
}

/// Something that subscribers hear of, numbered without a gap over all wallets.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Event {
    /// Its place in the order of all events, from 1.
    #[n(0)]
    pub id: u64,
    /// When it was journaled.
    #[n(1)]
    pub at: Timestamp,
    /// Whose it is.
    #[n(2)]
    pub wallet: WalletRef,
    /// What happened.
    #[n(3)]
    pub body: EventBody,
}

/// What happened, with everything a subscriber is told.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum EventBody {
    /// An invoice was paid.
    #[n(0)]
    PaymentReceived {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
        /// What came in, in msat.
        #[n(1)]
        amount: Msat,
        /// What the wallet's balance in whole satoshis grew by.
        #[n(2)]
        amount_sat: Sat,
        /// The caller's reference.
        #[n(3)]
        external_id: Option<String>,
        /// What the payer wrote (BOLT 12).
        #[n(4)]
        payer_note: Option<String>,
    },
    /// An outgoing payment succeeded.
    #[n(1)]
    PaymentSent {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Its hash.
        #[n(1)]
        hash: PaymentHash,
        /// What the recipient got.
        #[n(2)]
        amount: Msat,
        /// What routing cost.
        #[n(3)]
        fee: Msat,
    },
    /// An outgoing payment failed.
    #[n(2)]
    PaymentFailed {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Its hash, if it came to that.
        #[n(1)]
        hash: Option<PaymentHash>,
        /// What the recipient should have got.
        #[n(2)]
        amount: Msat,
        /// Why.
        #[n(3)]
        reason: FailureReason,
    },
    /// An invoice was not paid in time.
    #[n(3)]
    InvoiceExpired {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
        /// The caller's reference.
        #[n(1)]
        external_id: Option<String>,
    },
    /// A channel can be used.
    #[n(4)]
    ChannelOpened {
        /// BOLT 2 channel id, hexadecimal.
        #[n(0)]
        channel_id: String,
        /// The peer's node id, hexadecimal.
        #[n(1)]
        counterparty: String,
    },
    /// A channel is closed.
    #[n(5)]
    ChannelClosed {
        /// BOLT 2 channel id, hexadecimal.
        #[n(0)]
        channel_id: String,
        /// The peer's node id, hexadecimal.
        #[n(1)]
        counterparty: String,
    },
    /// Something that a person should look at.
    #[n(6)]
    Alarm(#[n(0)] Alarm),
    /// Money for a hold invoice has come and waits.
    #[n(7)]
    InvoiceHeld {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
        /// How much.
        #[n(1)]
        amount: Msat,
        /// From which block height on it is given back; `None` for money of this till's own.
        #[n(2)]
        deadline_height: Option<u32>,
        /// The caller's reference.
        #[n(3)]
        external_id: Option<String>,
    },
    /// An on-chain payment is in the chain.
    #[n(9)]
    SpendMined {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Which transaction.
        #[n(1)]
        tx_id: TxId,
        /// What the address got.
        #[n(2)]
        amount: Msat,
        /// What the miners got.
        #[n(3)]
        fee: Msat,
    },
    /// An invoice can be paid. Told of wallets only: the house's are known to who made them.
    #[n(10)]
    InvoiceCreated {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
    },
    /// An outgoing payment has begun. Told of wallets only.
    #[n(11)]
    PaymentCreated {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
    },
    /// An invoice was cancelled; what was held for it goes back.
    #[n(8)]
    InvoiceCancelled {
        /// Which invoice.
        #[n(0)]
        hash: PaymentHash,
        /// The caller's reference.
        #[n(1)]
        external_id: Option<String>,
    },
}

/// Something that a person should look at: money is accounted for, but not as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Alarm {
    /// Money came that no claim of ours had asked for; the house has it.
    #[n(0)]
    UnaskedReceipt {
        /// Its hash.
        #[n(0)]
        hash: PaymentHash,
        /// How much.
        #[n(1)]
        amount: Msat,
    },
    /// The node reports a payment that no row of ours explains; the house paid it.
    #[n(1)]
    UnknownPayment {
        /// Its hash.
        #[n(0)]
        hash: PaymentHash,
        /// Amount and fee.
        #[n(1)]
        amount: Msat,
    },
    /// A payment that had been voided succeeded after all; it was booked then.
    #[n(2)]
    PostedAfterVoid {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Amount and fee.
        #[n(1)]
        amount: Msat,
    },
    /// A payment cost more than was set aside for it.
    #[n(3)]
    OverFeeCap {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// Amount and fee.
        #[n(1)]
        amount: Msat,
    },
    /// An invoice that had been paid from another wallet was paid over Lightning, too; its wallet
    /// has both.
    #[n(4)]
    PaidTwice {
        /// Its hash.
        #[n(0)]
        hash: PaymentHash,
        /// What came the second time.
        #[n(1)]
        amount: Msat,
    },
    /// A reorg took away a deposit that had been credited; the house does not have it any more.
    #[n(20)]
    DepositReversed {
        /// Its transaction.
        #[n(0)]
        tx_id: TxId,
        /// How much.
        #[n(1)]
        amount: Msat,
    },
    /// The ledger and the node disagree and nothing that was seen explains it. Nothing was booked.
    #[n(21)]
    Unexplained {
        /// What the ledger has, less what the node has.
        #[n(0)]
        difference_msat: i64,
    },
    /// A payment has been pending for so long that somebody should ask why.
    #[n(5)]
    PaymentOverdue {
        /// Which payment.
        #[n(0)]
        id: PaymentId,
        /// What it was to bring.
        #[n(1)]
        amount: Msat,
    },
}
