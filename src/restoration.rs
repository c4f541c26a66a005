//! What a till knows of having been restored from a backup. Owns the row, and what it holds back: the
//! books end at the backup, and what came after it nobody knows. It does not know how a backup is made.

use minicbor::{Decode, Encode};

use crate::ledger::Record;
use crate::ledger::record::Fact;
use crate::payment::Payment;
use crate::time::Timestamp;

/// The last time that the books came from a backup: one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Restoration {
    /// When the backup was put in place.
    #[n(0)]
    pub restored_at: Timestamp,
    /// The time of the backup's last record: what came after it is not in the books.
    #[n(1)]
    pub known_until: Timestamp,
    /// When the operator acknowledged that; payments are held back until then.
    #[n(2)]
    pub acknowledged_at: Option<Timestamp>,
}

impl Restoration {
    /// Whether nothing may be paid yet.
    #[must_use]
    pub const fn holds_payments(&self) -> bool {
        self.acknowledged_at.is_none()
    }

    /// Whether nobody can tell what became of a payment: it was under way when the backup was taken, and
    /// the node that could have told is lost. A new node has no trace of it, which proves nothing.
    #[must_use]
    pub fn leaves_open(&self, payment: &Payment) -> bool {
        let by_lightning = !payment.internal && payment.spend.is_none();
        let before = payment.attempted_at <= self.known_until;
        by_lightning && before && !payment.state.is_final()
    }
}

/// What is written behind the last record of a backup, whose time is `known_until`, before a till may
/// start from it.
#[must_use]
pub fn restored(known_until: Timestamp, now: Timestamp) -> Record {
    let restored_at = now.max(known_until);
    let row = Restoration {
        restored_at,
        known_until,
        acknowledged_at: None,
    };
    Record {
        at: restored_at,
        facts: vec![Fact::RestorationSet(row)],
        ..Record::default()
    }
}
