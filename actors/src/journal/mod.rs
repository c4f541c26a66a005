//! The journal: every record there ever was, in order, on disk. Owns the truth; it does not know
//! what a record means.
//!
//! [`store`] keeps records in SQLite, `chain` checks that they are as they were written, `meta` says
//! whose they are, [`writer`] is the one thread that appends.

mod chain;
mod error;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod full_disk_tests;
mod meta;
pub mod store;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
pub mod writer;

pub use chain::Head;
pub(crate) use chain::verify_aside;
pub use error::JournalError;
pub use store::{Entry, Journal};
pub use writer::{Applied, Job, Writer};
