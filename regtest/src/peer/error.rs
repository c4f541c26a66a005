//! What can go wrong with a peer, sorted by whose fault it is.

use ldk_node::{BuildError, NodeError};

use crate::wait::TimedOut;

/// A peer did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It is offline.
    #[error("the {0} node is stopped")]
    Stopped(String),
    /// What was asked for makes no sense: a bad invoice, offer, address or amount.
    #[error("{0}")]
    Invalid(String),
    /// A payment did not arrive; nothing was paid.
    #[error("{0}")]
    PaymentFailed(String),
    /// No payment waits under this hash.
    #[error("nothing is held for this payment hash")]
    NotHeld,
    /// The other side, or this one, ended the opening of a channel.
    #[error("the channel was not opened: {0}")]
    ChannelRefused(String),
    /// Something did not come about in time.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// The node refused.
    #[error("the {name} node cannot {action}: {source}")]
    Node {
        /// Which node.
        name: String,
        /// What it was asked to do.
        action: &'static str,
        /// Its answer.
        source: NodeError,
    },
    /// The node could not be built.
    #[error("cannot build the {name} node: {source}")]
    Build {
        /// Which node.
        name: String,
        /// Its answer.
        source: BuildError,
    },
    /// The store could not be prepared.
    #[error("cannot prepare the node's store: {0}")]
    Store(#[from] rusqlite::Error),
    /// The file system said no.
    #[error("cannot use the node's folder: {0}")]
    Io(#[from] std::io::Error),
    /// A call into the node panicked.
    #[error("a call into the {0} node panicked")]
    Panicked(String),
    /// The system gave no randomness.
    #[error("no randomness: {0}")]
    Randomness(String),
}
