//! A wish for a channel, on disk before the node hears of it. Owns the row; the channel that comes of
//! it is a row of its own.
//!
//! The node names a channel only in its answer. A process that dies between asking and writing the
//! name down leaves an opening without an outcome: nobody asks again for it.

use minicbor::{Decode, Encode};

use crate::id::OpeningId;
use crate::money::{Msat, Sat};
use crate::time::Timestamp;

/// A channel that somebody wanted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    /// Our name for the wish.
    #[n(0)]
    pub id: OpeningId,
    /// The peer's node id, hexadecimal.
    #[n(1)]
    pub counterparty: String,
    /// The size of the channel.
    #[n(2)]
    pub capacity: Sat,
    /// What the peer is given of it.
    #[n(3)]
    pub push: Msat,
    /// When it was written down, which is before the node was asked.
    #[n(4)]
    pub asked_at: Timestamp,
    /// What the node said; `None` while that is not known.
    #[n(5)]
    pub outcome: Option<OpeningOutcome>,
    /// Where the peer listens, `host:port`.
    #[n(6)]
    pub address: Option<String>,
    /// Whether the channel is told to the network.
    #[n(7)]
    #[cbor(default)]
    pub announced: bool,
}

/// What the node said to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum OpeningOutcome {
    /// It asks the peer, for the channel that it calls this (`user_channel_id`, big-endian).
    #[n(0)]
    Named(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]),
    /// No, and nothing was begun.
    #[n(1)]
    Refused(#[n(0)] OpeningRefusal),
}

/// Why nothing was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum OpeningRefusal {
    /// The node was not there to be asked.
    #[n(0)]
    NodeAway,
    /// It could not reach the peer.
    #[n(1)]
    PeerAway,
    /// The on-chain wallet has too little that is free.
    #[n(2)]
    InsufficientFunds,
    /// There can be no such channel.
    #[n(3)]
    Impossible,
}
