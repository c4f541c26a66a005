//! The subscriber hub: tells WebSocket and SSE clients what has happened. Owns the bound on
//! subscribers and on how far one may fall behind; it does not know what is on the wire.
//!
//! A subscription is a cursor over the durable event log, woken when the log grows. Nothing is
//! queued per subscriber: a slow reader costs one page of memory and delays nobody, and a reader
//! that was away resumes by `eventId` through the very same code.

mod actor;
mod subscription;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm)]
mod tests;
mod topic;

pub(crate) use actor::{Args, HubActor};
pub use actor::{HubHandle, HubLimits, SubscribeError};
pub use subscription::{Delivery, Subscription};
pub use topic::Topic;
