//! A counterparty: a whole Lightning node of somebody else, in this process.
//!
//! [`Peer`] is the handle. The customer and the liquidity provider of a world are peers; so is
//! anybody whom a test needs. A peer never syncs with the chain by itself: [`Peer::sync`] does, when
//! the world says so. It can be stopped and started again on the same folder.
//!
//! | file | owns |
//! | --- | --- |
//! | `config` | how the node is built: store, liquidity service, limits |
//! | `handle`, `ending` | start, stop, sync, and the way to call the node |
//! | `events`, `seen` | the one consumer of the node's events, and what it has learnt from them |
//! | `pay`, `receive`, `channels` | what a peer can do |

mod channels;
mod config;
mod ending;
mod error;
mod events;
mod handle;
mod pay;
mod receive;
mod seen;
#[cfg(test)]
mod tests;

pub use channels::{ChannelView, NewChannel, OpenedChannel};
pub use config::{JitTerms, PeerConfig};
pub use error::PeerError;
pub use handle::Peer;
pub use pay::Paid;
pub use receive::{IssuedInvoice, NewInvoice, Witness};
