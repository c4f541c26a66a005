//! The one way out to addresses that others name: webhooks, LNURL, rates. Owns what may be called and
//! what an answer may cost; it does not know what is said.
//!
//! Architecture invariant: nothing else in the till calls an address that a caller gave. A name is
//! looked up once, every address it has is checked, and the connection goes to the checked ones: a
//! name that answers differently the next time gains nothing.

mod address;
mod client;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

pub use address::is_public;
pub use client::{Answer, Outbound, OutboundError, OutboundPolicy, Request};
