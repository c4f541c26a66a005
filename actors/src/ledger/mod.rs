//! The ledger actor: the sole writer. Owns the order of commands; it does not know what they
//! mean (the core does) nor how they reach the disk (the journal's thread does).

mod actor;
mod handle;

pub(crate) use actor::{Args, LedgerActor};
pub use handle::{LedgerError, LedgerHandle, now};
