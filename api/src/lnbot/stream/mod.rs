//! Server-Sent Events (WHATWG HTML): what becomes of one invoice or payment, and everything that happens
//! in a wallet, as it happens. Owns who may listen and for how long, and the frames; which events there
//! are, and that none is skipped, is the hub's.
//!
//! A stream costs no place among the requests under way: the shield counts a request until its head is
//! answered. Streams are counted by the hub (`events.max_subscribers`), and nothing is queued for a client
//! that does not read: the server asks for the next frame only once the last one has left.

mod frame;
mod listener;
mod query;
mod wallet;
mod watch;

pub(super) use wallet::everything;
pub(super) use watch::{invoice, payment};
