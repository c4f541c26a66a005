//! What happens: ractor actors and their handles, the journal and its views, the embedded node,
//! and the [`Service`](service::Service) that the surfaces call.
//!
//! Architecture invariant: nothing outside this crate sees an actor, a message or an LDK type.
//! Calls go down (service, payments, treasury, watcher, then ledger and node), casts go up.

pub mod abort;
pub mod audit;
pub mod backup;
pub mod chain;
pub mod disk;
pub mod dns;
pub mod export;
pub mod health;
pub mod hub;
pub mod journal;
pub mod ledger;
pub mod lnurl;
pub mod node;
pub mod outbound;
pub mod payments;
pub mod rates;
pub mod recover;
pub mod restored;
mod runner;
pub mod service;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod testing;
pub mod till;
pub mod treasury;
pub mod views;
mod watcher;
pub mod webhooks;
