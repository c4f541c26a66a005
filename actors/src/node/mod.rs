//! The Lightning node as the rest of the program sees it. Owns the [`LightningNode`] contract and
//! its plain types; [`ldk`] keeps it with an embedded ldk-node, and no LDK type leaves that file.

mod chain_side;
mod closing;
mod coins;
mod convert;
mod figures;
pub mod handle;
mod in_channel;
pub mod keys;
pub mod ldk;
mod logger;
mod scan;
mod source;
mod stored;
mod texts;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use till::id::{NodePaymentId, OfferId, PaymentHash, Preimage, TxId};
use till::invoice::Description;
use till::money::{Msat, Sat};
pub use till::node::{
    ChannelChange, Look, NodeEvent, NodePayment, NodePaymentStatus, OfferReceipt, SendFault,
    SendRequest, SendTarget,
};
use till::time::Timestamp;
use till::treasury::Figures;

/// What a node can do for us.
///
/// Every method may block on the disk or the network for seconds: call it through
/// [`NodeHandle`](handle::NodeHandle) only. Implementations MUST be idempotent where noted.
pub trait LightningNode: Debug + Send + Sync + 'static {
    /// Our public key, hexadecimal.
    fn node_id(&self) -> String;

    /// How the node is doing.
    fn status(&self) -> NodeStatus;

    /// Registers `hash` and returns the BOLT 11 text for it. HTLCs for the hash are announced by
    /// [`NodeEvent::Claimable`] and wait for [`claim`](Self::claim) or [`fail`](Self::fail).
    fn receive_for_hash(&self, request: &ReceiveRequest) -> Result<String, NodeError>;

    /// Makes an offer. The node keeps nothing of it: whatever is paid to it the node takes by itself,
    /// and names it by its id.
    fn create_offer(&self, request: &OfferRequest) -> Result<MadeOffer, NodeError>;

    /// Claims the HTLCs of a hash. Idempotent; silent where there is nothing to claim.
    fn claim(&self, hash: PaymentHash, amount: Msat, preimage: &Preimage) -> Result<(), NodeError>;

    /// Fails the HTLCs of a hash back to the payer.
    fn fail(&self, hash: PaymentHash) -> Result<(), NodeError>;

    /// Drops the node's row of an invoice that was not paid: the node keeps all of them in memory.
    /// Idempotent. MUST NOT be called while an HTLC for it may come or wait: without its row it could
    /// neither be claimed nor failed.
    fn forget(&self, hash: PaymentHash) -> Result<(), NodeError>;

    /// Starts an outgoing payment and returns what the node knows it by. What a [`SendFault`] says
    /// of what was sent it tells itself; otherwise an event will tell, or the check.
    fn send(&self, request: &SendRequest) -> Result<NodePaymentId, SendFault>;

    /// The node's own row of a payment, if it has one. A row's status may be stale (node-facts).
    fn payment(&self, id: NodePaymentId) -> Option<NodePayment>;

    /// What is under way in our channels just now.
    fn look(&self) -> Look;

    /// All channels, usable or not.
    fn channels(&self) -> Vec<NodeChannel>;

    /// What the node holds.
    fn balances(&self) -> NodeBalances;

    /// The same for the books; `None` while anything is on its way in a channel.
    fn figures(&self) -> Option<Figures>;

    /// A fresh address of the on-chain wallet.
    fn new_address(&self) -> Result<String, NodeError>;

    /// Transactions that concern the on-chain wallet, in no order.
    fn onchain_rows(&self) -> Vec<OnchainRow>;

    /// Opens a channel and returns its lasting id.
    fn open_channel(&self, request: &OpenChannelRequest) -> Result<[u8; 16], NodeError>;

    /// Builds and signs a transaction of the on-chain wallet, and tells nobody of it.
    fn build_spend(&self, request: &SpendRequest) -> Result<SignedSpend, NodeError>;

    /// Builds and signs one that takes the place of another for a higher fee (BIP 125).
    fn build_bump(&self, request: &BumpRequest) -> Result<SignedSpend, NodeError>;

    /// Closes a channel; without asking the peer if `force`. Silent where it is closed already.
    fn close_channel(
        &self,
        user_channel_id: [u8; 16],
        counterparty: &str,
        force: bool,
    ) -> Result<(), NodeError>;

    /// What is left of closed channels on its way back to the wallet.
    fn closings(&self) -> Vec<ClosingBalance>;

    /// Brings both wallets up to the chain source's tip.
    fn sync(&self) -> Result<(), NodeError>;

    /// The next event, which stays the next until [`event_handled`](Self::event_handled).
    fn next_event(&self) -> Pin<Box<dyn Future<Output = NodeEvent> + Send + '_>>;

    /// Acknowledges the event last returned. MUST be called only once its effect is durable.
    fn event_handled(&self) -> Result<(), NodeError>;

    /// Disconnects, persists and stops.
    fn stop(&self) -> Result<(), NodeError>;

    /// Like [`receive_for_hash`](Self::receive_for_hash), for money that the channels cannot take:
    /// the configured liquidity provider opens one with the payment (LSPS2) and keeps its fee of
    /// it, never more than `most`. Asks the provider over the network.
    ///
    /// # Errors
    /// [`NodeError::NoInbound`] if the provider is away, is too dear or does not offer it.
    fn receive_jit_for_hash(
        &self,
        request: &ReceiveRequest,
        amount: Msat,
        most: Msat,
    ) -> Result<JitInvoice, NodeError>;

    /// Where a peer is found, `host:port`, as far as the node knows; one that is connected to us
    /// by its own doing is told with the port it came from.
    fn peer_address(&self, node_id: &str) -> Option<String>;

    /// Connects to a peer, and again whenever the connection is lost. Where no address is given, a
    /// known liquidity provider is found at its own.
    fn connect(&self, node_id: &str, address: Option<&str>) -> Result<(), NodeError>;

    /// Begins a splice of a channel with `peer`. What comes of it, [`NodeEvent::Splice`] tells; if
    /// the peer is away, it is begun when it is back.
    fn splice(&self, request: &SpliceRequest, peer: &str) -> Result<(), NodeError>;
}

/// How the node is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// Whether it runs.
    pub running: bool,
    /// The best block it knows.
    pub height: u32,
    /// When it last reached the chain source, in seconds since the epoch.
    pub last_sync_secs: Option<u64>,
}

/// An invoice to be made.
#[derive(Clone, Debug)]
pub struct ReceiveRequest {
    /// What the HTLC will be locked to.
    pub hash: PaymentHash,
    /// What is asked for; `None` lets the payer choose.
    pub amount: Option<Msat>,
    /// What the payer is shown.
    pub description: Description,
    /// How long it can be paid.
    pub expiry_secs: u32,
}

/// An offer to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRequest {
    /// What is asked for each time; `None` lets the payer choose.
    pub amount: Option<Msat>,
    /// What the payer is shown; may be empty.
    pub description: String,
    /// How long it can be paid; `None` for ever.
    pub expiry_secs: Option<u32>,
}

/// An offer that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeOffer {
    /// What every payment to it is known by.
    pub id: OfferId,
    /// Its text.
    pub text: String,
    /// When it expires, as the text has it.
    pub expires_at: Option<Timestamp>,
}

/// An invoice that brings its own channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitInvoice {
    /// The BOLT 11 text.
    pub bolt11: String,
    /// What the liquidity provider will keep of the payment.
    pub lsp_fee: Msat,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeChannel {
    /// The node's lasting name for it, big-endian.
    pub user_channel_id: [u8; 16],
    /// BOLT 2 channel id, hexadecimal.
    pub channel_id: String,
    /// The peer's node id, hexadecimal.
    pub counterparty: String,
    /// The funding output, once there is one.
    pub funding: Option<(TxId, u32)>,
    /// Its size.
    pub capacity: Sat,
    /// What can be sent through it, all HTLCs together.
    pub outbound: Msat,
    /// What can be received through it, all HTLCs together.
    pub inbound: Msat,
    /// What is ours in it if it closed now, before fees, whole satoshis.
    pub balance: Sat,
    /// Whether we opened it.
    pub is_outbound: bool,
    /// Whether its funding is deep enough.
    pub is_ready: bool,
    /// Whether it is ready and the peer is there.
    pub is_usable: bool,
    /// Confirmations of the funding transaction.
    pub confirmations: Option<u32>,
}

/// What the node holds, by its own account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeBalances {
    /// On the chain, unconfirmed included.
    pub onchain_total: Sat,
    /// On the chain and free to spend, the anchor reserve left out.
    pub onchain_spendable: Sat,
    /// Kept back to be able to close channels.
    pub anchor_reserve: Sat,
    /// In channels and on its way out of them.
    pub lightning_total: Sat,
    /// What the channels can send, those with an absent peer included.
    pub spendable: Msat,
    /// What the channels can receive, likewise: no more than each lets be in flight at once.
    pub receivable: Msat,
}

/// A transaction that concerns the on-chain wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnchainRow {
    /// Which.
    pub tx_id: TxId,
    /// Whether the wallet has more for it.
    pub incoming: bool,
    /// By how much, or how much less, fees left out.
    pub amount: Msat,
    /// The miners' fee, where the wallet paid it.
    pub fee: Msat,
    /// In which block it is.
    pub height: Option<u32>,
}

/// A transaction to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRequest {
    /// Who gets the money.
    pub address: String,
    /// How much.
    pub outlay: Outlay,
    /// In sat/vB; `None` for what the chain source thinks is due.
    pub feerate: Option<u64>,
}

/// How much a transaction sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlay {
    /// So much, and the fee on top of it.
    Amount(Sat),
    /// Everything that these transactions brought, less the fee.
    Proceeds {
        /// Which transactions.
        of: Vec<TxId>,
        /// What stays in the wallet nevertheless.
        keep: Sat,
    },
}

/// A transaction whose place another shall take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BumpRequest {
    /// Its bytes.
    pub raw: Vec<u8>,
    /// The new feerate, in sat/vB.
    pub feerate: u64,
    /// Whether the recipient bears the fee, because everything there is goes there.
    pub from_recipient: bool,
}

/// A transaction that is built and signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedSpend {
    /// Which.
    pub tx_id: TxId,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// What the address gets.
    pub amount: Sat,
    /// What the miners get.
    pub fee: Sat,
    /// The feerate that was asked for, in sat/vB.
    pub feerate: u64,
    /// What the wallet has beside it that is confirmed or came from itself. The node counts change
    /// that is not confirmed as somebody else's.
    pub left: Sat,
}

/// What is left of a closed channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosingBalance {
    /// BOLT 2 channel id, hexadecimal; unknown for some sweeps.
    pub channel_id: Option<String>,
    /// The peer's node id, hexadecimal, where it is told.
    pub counterparty: Option<String>,
    /// How much.
    pub amount: Sat,
    /// The height at which its time lock ends, if it has one.
    pub spendable_at_height: Option<u32>,
}

/// A channel to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenChannelRequest {
    /// The peer's node id, hexadecimal.
    pub node_id: String,
    /// Where the peer listens, `host:port`.
    pub address: String,
    /// The channel's size.
    pub capacity: Sat,
    /// What the peer gets of it.
    pub push: Msat,
    /// Whether the channel is told to the network.
    pub announce: bool,
}

/// What a caller is told whose channel the node does not even begin.
pub(crate) const NO_SUCH_CHANNEL: &str =
    "there can be no such channel: it is too small or too large, or the peer has gone";

/// More or less money for a channel that stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpliceRequest {
    /// The node's lasting name for the channel, big-endian.
    pub user_channel_id: [u8; 16],
    /// Which way.
    pub way: SpliceWay,
    /// How much, the miners' fee left out.
    pub amount: Sat,
}

/// Which way money goes in a splice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpliceWay {
    /// From the on-chain wallet into the channel.
    In,
    /// From the channel to the on-chain wallet.
    Out,
}

/// Why the node did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// It does not run, or its chain source is gone.
    #[error("the node is not available: {0}")]
    Unavailable(String),
    /// What was asked for cannot be: a bad address, key or amount.
    #[error("{0}")]
    Invalid(String),
    /// The peer could not be reached.
    #[error("the peer could not be reached: {0}")]
    Peer(String),
    /// Not enough on-chain money.
    #[error("not enough on-chain funds")]
    InsufficientFunds,
    /// The address is one of the wallet's own.
    #[error("the address is the wallet's own")]
    OwnAddress,
    /// The transaction is confirmed, or others of ours rest on it.
    #[error("{0}")]
    NotReplaceable(String),
    /// The channels cannot take the money, and no new one is to be had; the text is for people.
    #[error("{0}")]
    NoInbound(String),
    /// All places for node calls are taken; try again.
    #[error("the node is busy")]
    Busy,
    /// Anything else it reported.
    #[error("the node failed: {0}")]
    Failed(String),
}
