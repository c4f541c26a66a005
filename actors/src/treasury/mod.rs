//! The treasury: everything on the chain, one thing at a time. Owns channel openings, the
//! booking of what the on-chain wallet did, what closed channels, and the comparison of the ledger
//! with the node; it does not know Lightning payments.

mod actor;
mod closing;
mod handle;
mod reconcile;
mod reopen;
mod scan;
mod splice;

pub(crate) use actor::{Args, TreasuryActor};
pub use handle::{TreasuryError, TreasuryHandle};
