//! The treasury: everything on the chain, one thing at a time. Owns channel openings and the
//! booking of what the on-chain wallet did; it does not know Lightning payments.

mod actor;
mod handle;
mod scan;

pub(crate) use actor::{Args, TreasuryActor};
pub use handle::{TreasuryError, TreasuryHandle};
