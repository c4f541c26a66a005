//! Finds a range of time in the journal and reads it piece by piece, over a connection of its own.
//! Owns how much is read at once; it blocks, and knows nobody who waits.
//!
//! Each piece is a statement of its own: while one runs, SQLite cannot reuse what was appended
//! meanwhile, and a reader in no hurry would make the journal's file grow.

use std::path::Path;

use till::time::Timestamp;

use super::lines::{Line, lines};
use crate::journal::{Journal, JournalError};

/// Records read by one statement, and so the most whose lines are in memory at once.
pub(super) const PIECE_RECORDS: u64 = 1_000;

/// A place in the journal, and the end of what is wanted.
pub(super) struct Reader {
    journal: Journal,
    after: u64,
    last: u64,
}

impl Reader {
    /// Opens the journal at the first record of the range. What is appended from now on is not read.
    pub(super) fn open(
        path: &Path,
        network: &str,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Self, JournalError> {
        let journal = Journal::open_to_read(path, network)?;
        let after = match from {
            Some(from) => before(&journal, |at| at >= from)?,
            None => 0,
        };
        let last = match to {
            Some(to) => before(&journal, |at| at > to)?,
            None => journal.last_seq(),
        };
        Ok(Self {
            journal,
            after,
            last,
        })
    }

    /// Whether all has been read.
    pub(super) const fn is_done(&self) -> bool {
        self.after >= self.last
    }

    /// The lines of the next records; of many there are none.
    pub(super) fn read(&mut self) -> Result<Vec<Line>, JournalError> {
        let end = self.last.min(self.after.saturating_add(PIECE_RECORDS));
        let mut piece = Vec::new();
        self.journal.replay_through(self.after, end, |entry| {
            piece.extend(lines(entry.head.seq, &entry.record));
            Ok::<(), JournalError>(())
        })?;
        self.after = end;
        Ok(piece)
    }
}

/// The last record before the first one whose time `is_past`. Bisects: times grow with numbers.
fn before(journal: &Journal, is_past: impl Fn(Timestamp) -> bool) -> Result<u64, JournalError> {
    let (mut low, mut high) = (0, journal.last_seq());
    while low < high {
        let middle = low + (high - low) / 2 + 1;
        if is_past(time_of(journal, middle)?) {
            high = middle - 1;
        } else {
            low = middle;
        }
    }
    Ok(low)
}

fn time_of(journal: &Journal, seq: u64) -> Result<Timestamp, JournalError> {
    let mut at = Timestamp::default();
    journal.replay_through(seq - 1, seq, |entry| {
        at = entry.record.at;
        Ok::<(), JournalError>(())
    })?;
    Ok(at)
}
