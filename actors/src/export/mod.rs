//! The house's history, read from the journal itself and not from the views: what an accountant is
//! given can be added up against the ledger. Owns which lines a record makes, and how they are read
//! without holding anything up; files and formats are the surfaces'.
//!
//! `lines` turns a record into lines, `reader` finds the range and reads it piece by piece, `feed`
//! hands the pieces to whoever takes them.

mod feed;
mod lines;
mod reader;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm)]
mod tests;

pub use feed::{Export, Exporter};
pub use lines::{Line, LineKind};

use crate::journal::JournalError;

/// Why there is no history, or no more of it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Others are being read.
    #[error("too many exports are under way")]
    Busy,
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nobody took what was read for too long, or the till is shutting down.
    #[error("the export was cut off")]
    CutOff,
}
