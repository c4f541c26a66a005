//! What an audit finds. Plain data; how it is printed is the command line's.

use till::ledger::entity::Damaged;

use super::node_check::NodeCheck;
use crate::journal::JournalError;
use crate::till::LockError;
use crate::views::{CatchUpError, ViewError};

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Records in the journal, every one of them read and applied.
    pub records: u64,
    /// How the views are.
    pub views: ViewsState,
    /// Entries that were compared: rows, index entries, roll-ups.
    pub compared: u64,
    /// What differs, the first thousand of it.
    pub differences: Vec<Difference>,
    /// How much differs in all.
    pub differences_total: u64,
    /// What must hold of any ledger, and whether it does of this one.
    pub invariants: Vec<Invariant>,
    /// The ledger put to the node; `None` where no node was asked.
    pub node: Option<NodeCheck>,
}

/// How many differences are named.
pub(super) const MAX_DIFFERENCES: usize = 1_000;

impl AuditReport {
    /// Whether nothing differs and everything holds. The node's figures move at other moments than
    /// the ledger's: they count only where the difference has lasted and an alarm was raised.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let holds = self.invariants.iter().all(|invariant| invariant.holds);
        let explained = self.node.as_ref().is_none_or(|node| !node.is_unexplained);
        self.differences_total == 0 && holds && explained
    }

    pub(super) fn differs(&mut self, difference: Difference) {
        self.differences_total += 1;
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(difference);
        }
    }
}

/// How the views stand to the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewsState {
    /// The last record that they have, 0 where they were not compared.
    pub seq: u64,
    /// Records that they lack, where they were compared; the next start adds them.
    pub behind: u64,
    /// Why they were not compared, if they were not.
    pub not_compared: Option<String>,
}

/// One thing that is not as the journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs: which wallet, payment, invoice, index.
    pub subject: String,
    /// What the journal says.
    pub expected: String,
    /// What the views say.
    pub found: String,
}

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// What.
    pub name: &'static str,
    /// Whether it does.
    pub holds: bool,
    /// The figures.
    pub detail: String,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The folder is in use, or cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is no journal in the folder.
    #[error("there is no journal in {0}: nothing to audit")]
    NoJournal(String),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be replayed, or the views come from another one.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError),
    /// The scratch views cannot be read or written.
    #[error("the audit's own copy: {0}")]
    View(#[from] ViewError),
    /// A replayed row cannot be read.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// The system refuses a folder or a thread.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The replay could fill the disk.
    #[error("the audit's own copy needs {needed} bytes on the disk, {free} are free")]
    NoRoom {
        /// With the floor that a till needs.
        needed: u64,
        /// What there is.
        free: u64,
    },
    /// Another audit is under way.
    #[error("an audit is under way already")]
    Busy,
    /// The till stops.
    #[error("the till is stopping")]
    Stopping,
    /// The audit itself failed.
    #[error("the audit failed: {0}")]
    Failed(String),
}
