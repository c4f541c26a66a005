//! The treasury: everything on the chain, one thing at a time. Owns channel openings and closings,
//! on-chain payments, the booking of what the on-chain wallet did, what closed channels, and the
//! comparison of the ledger with the node; it does not know Lightning payments.

mod actor;
mod close;
mod closing;
mod handle;
mod inception;
mod lost;
mod opening;
mod reconcile;
mod reopen;
mod scan;
mod spend;
mod splice;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod watch;

pub(crate) use actor::{Args, TreasuryActor};
pub use handle::{TreasuryError, TreasuryHandle};
pub(crate) use opening::order as opening_order;
pub use spend::Spent;
pub(crate) use spend::{BumpWish, SpendWish};
