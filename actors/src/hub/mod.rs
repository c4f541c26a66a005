//! The subscriber hub: tells WebSocket and SSE clients what has happened. Owns the bound on
//! subscribers, in all and of one account, and on how far one may fall behind; it does not know what is on the wire.
//!
//! A subscription is a cursor over the durable event log. Who was away reads the past from it by
//! `eventId`; who has caught up is handed what concerns it by the one part that reads the log for
//! everybody ([`board`]). What waits for a reader is bounded and shared with others: a slow one delays
//! nobody, is cut off, and resumes.

mod actor;
mod board;
mod places;
mod subscription;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm)]
mod tests;
mod topic;

pub(crate) use actor::{Args, HubActor};
pub use actor::{HubHandle, HubLimits, SubscribeError};
pub use places::Listener;
pub use subscription::{Delivery, Subscription};
pub use topic::Topic;
