//! The Lightning node as the rest of the program sees it. Owns the [`LightningNode`] contract and
//! its plain types; [`ldk`] keeps it with an embedded ldk-node, and no LDK type leaves that file.

mod convert;
pub mod handle;
pub mod ldk;
mod logger;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use till::id::{PaymentHash, Preimage, TxId};
use till::invoice::Description;
use till::money::{Msat, Sat};
use till::payment::FailureReason;

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

    /// Claims the HTLCs of a hash. Idempotent; silent where there is nothing to claim.
    fn claim(&self, hash: PaymentHash, amount: Msat, preimage: &Preimage) -> Result<(), NodeError>;

    /// Fails the HTLCs of a hash back to the payer.
    fn fail(&self, hash: PaymentHash) -> Result<(), NodeError>;

    /// Starts an outgoing payment. Only a [`SendError::NotSent`] says that nothing was sent;
    /// after anything else an event will tell, or the check.
    fn send(&self, request: &SendRequest) -> Result<(), SendError>;

    /// The node's own row of a payment, if it has one. A row's status may be stale (node-facts).
    fn payment(&self, hash: PaymentHash) -> Option<NodePayment>;

    /// What is in flight out of our channels just now.
    fn in_flight(&self) -> InFlight;

    /// All channels, usable or not.
    fn channels(&self) -> Vec<NodeChannel>;

    /// What the node holds.
    fn balances(&self) -> NodeBalances;

    /// A fresh address of the on-chain wallet.
    fn new_address(&self) -> Result<String, NodeError>;

    /// Transactions that concern the on-chain wallet, in no order.
    fn onchain_rows(&self) -> Vec<OnchainRow>;

    /// Opens a channel and returns its lasting id.
    fn open_channel(&self, request: &OpenChannelRequest) -> Result<[u8; 16], NodeError>;

    /// Brings both wallets up to the chain source's tip.
    fn sync(&self) -> Result<(), NodeError>;

    /// The next event, which stays the next until [`event_handled`](Self::event_handled).
    fn next_event(&self) -> Pin<Box<dyn Future<Output = NodeEvent> + Send + '_>>;

    /// Acknowledges the event last returned. MUST be called only once its effect is durable.
    fn event_handled(&self) -> Result<(), NodeError>;

    /// Disconnects, persists and stops.
    fn stop(&self) -> Result<(), NodeError>;
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

/// A payment to be made.
#[derive(Clone, Debug)]
pub struct SendRequest {
    /// The invoice.
    pub bolt11: String,
    /// Its payment hash.
    pub hash: PaymentHash,
    /// What the recipient shall get.
    pub amount: Msat,
    /// Whether the invoice leaves the amount to the payer.
    pub amount_is_open: bool,
    /// The most that routing may cost.
    pub fee_cap: Msat,
    /// Counts attempts from 1; a later attempt first clears the node's stale row.
    pub attempt: u32,
}

/// Why a payment did not start, or may not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was sent and no event will come.
    #[error("the node refused to send: {0:?}")]
    NotSent(FailureReason),
    /// It may have been sent; an event or the check decides.
    #[error("the node did not say whether it sent")]
    Unknown,
}

/// The node's own row of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePayment {
    /// What it says became of it; may be stale.
    pub status: NodePaymentStatus,
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

/// What is in flight out of our channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InFlight {
    /// Hashes of HTLCs big enough to have an output of their own.
    pub hashes: Vec<PaymentHash>,
    /// The sum of the others, which only show as a sum (dust), with roundings.
    pub dust: Msat,
    /// Whether this is all: every channel is usable and none is being closed.
    pub complete: bool,
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
    /// What the channels can receive, likewise.
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
    },
    /// An outgoing payment succeeded.
    Sent {
        /// Which hash.
        hash: PaymentHash,
        /// Proof of it.
        preimage: Option<Preimage>,
        /// What routing cost.
        fee: Msat,
    },
    /// An outgoing payment failed.
    SendFailed {
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
    },
    /// Something that the ledger has no row for; logged and acknowledged.
    Other(String),
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
    /// All places for node calls are taken; try again.
    #[error("the node is busy")]
    Busy,
    /// Anything else it reported.
    #[error("the node failed: {0}")]
    Failed(String),
}
