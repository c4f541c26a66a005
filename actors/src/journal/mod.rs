//! The journal: every record there ever was, in order, on disk. Owns the truth; it does not know
//! what a record means.
//!
//! [`store`] keeps records in SQLite, [`writer`] is the one thread that appends to it.

pub mod store;
pub mod writer;

pub use store::{Journal, JournalError, Meta};
pub use writer::{Applied, Job, Writer};
