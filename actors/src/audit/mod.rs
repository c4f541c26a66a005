//! The audit: replays the journal from the first record into views of its own, compares every row,
//! index entry and roll-up with those that the till serves from, and checks what must hold of any
//! ledger. Owns no truth and repairs nothing.
//!
//! `compare` walks both side by side, `words` names what differs, `invariants` looks at the replayed
//! ledger alone, `scratch` is where it is replayed to, `stopped` and `running` are the two ways to it.

mod compare;
mod invariants;
mod node_check;
mod report;
mod running;
mod scratch;
mod stopped;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod words;

pub use node_check::{NodeCheck, Opening};
pub use report::{AuditError, AuditReport, Difference, Invariant, ViewsState};
pub use running::Auditor;
pub use stopped::audit_folder;
