//! What happens on the chain to the node's own money. Owns the rows; it does not know how
//! transactions are built, found or watched.

use minicbor::{Decode, Encode};

use crate::id::TxId;
use crate::money::{Msat, Sat};
use crate::time::Timestamp;

/// A transaction of the node's on-chain wallet, booked once, keyed by its id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OnchainTx {
    /// Which transaction.
    #[n(0)]
    pub tx_id: TxId,
    /// What it did.
    #[n(1)]
    pub purpose: Purpose,
    /// What it moved, fees left out.
    #[n(2)]
    pub amount: Msat,
    /// What the miners got from us.
    #[n(3)]
    pub fee: Msat,
    /// When it was booked.
    #[n(4)]
    pub booked_at: Timestamp,
    /// The house's balance in whole satoshis after, less that before, where it was a deposit.
    #[n(5)]
    pub credited_sat: Sat,
}

/// What a transaction of the node's on-chain wallet did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// Somebody paid one of our addresses.
    #[n(0)]
    Deposit,
    /// We opened a channel with it: on-chain money became Lightning money.
    #[n(1)]
    ChannelFunding,
    /// A channel's money came back to the wallet.
    #[n(2)]
    ChannelProceeds,
}

/// A channel that we heard of, keyed by the id the node gives its user (`user_channel_id`).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Channel {
    /// The node's lasting name for it, big-endian.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub user_channel_id: [u8; 16],
    /// The channel id of BOLT 2, hexadecimal; changes when a channel is spliced.
    #[n(1)]
    pub channel_id: String,
    /// The peer's node id, hexadecimal.
    #[n(2)]
    pub counterparty: String,
    /// The funding transaction, once there is one.
    #[n(3)]
    pub funding_tx: Option<TxId>,
    /// The funding output's index.
    #[n(4)]
    pub funding_index: u32,
    /// What the peer gave us when it opened the channel.
    #[n(5)]
    pub got: Msat,
    /// What we gave the peer when we opened it.
    #[n(7)]
    pub given: Msat,
    /// Where it stands.
    #[n(6)]
    pub state: ChannelState,
}

/// Where a channel stands, as far as the ledger cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ChannelState {
    /// We asked the peer for it.
    #[n(0)]
    Opening,
    /// Its funding transaction is known.
    #[n(1)]
    Pending,
    /// It can be used.
    #[n(2)]
    Ready,
    /// It is closed, or closing.
    #[n(3)]
    Closed,
}
