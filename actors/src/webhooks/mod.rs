//! Webhooks: tells whoever asked to be told, at their own address, until they have taken it. Owns the
//! order of deliveries, their signatures, and what an answer means; what is said is the surfaces',
//! what is waiting is the ledger's.
//!
//! Part of the periphery: no money waits for it, and what it was about to tell when it failed is told
//! when it is back.

mod actor;
mod body;
mod sign;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

pub(crate) use actor::{Args, DelivererActor};
pub(crate) use body::Bodies;
pub use body::{About, Render, Told};
pub(crate) use sign::{secret, secret_text, webhook_secret};
