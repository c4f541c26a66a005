//! Outgoing payments: reserve, send, and find out what became of them. Owns the sagas, which live
//! here and not in a handler, so that a caller who goes away changes nothing.
//!
//! Results come from the node through the watcher and the ledger; `check` finds those that no
//! event will ever tell.

mod actor;
mod check;
mod handle;

pub(crate) use actor::{Args, PaymentsActor};
#[cfg(test)]
pub(crate) use check::Check;
pub use handle::{PayError, PaymentsHandle};
