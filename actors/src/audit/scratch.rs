//! The audit's own views: a second replay of the journal, on disk, so that memory does not grow with
//! history. Owns the folder and removes it.

use std::fs;
use std::path::{Path, PathBuf};

use till::ledger::State;

use super::report::AuditError;
use crate::disk::{DISK_FLOOR_BYTES, free_bytes};
use crate::journal::{Head, Journal};
use crate::till::store::{AUDIT, JOURNAL, VIEWS};
use crate::views::{CatchUpError, Views, catch_up_through};

/// How many times the views' size a replay may need: sled writes more than it keeps.
const ROOM_FACTOR: u64 = 2;

/// A replay of the journal up to some record.
pub(super) struct Scratch {
    pub(super) journal: Journal,
    pub(super) views: Views,
    pub(super) state: State<Views>,
    folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // The next audit tries again; nothing reads it in between.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    /// Checks the journal from end to end and opens an empty replay of it.
    pub(super) fn open(dir: &Path, network: &str) -> Result<Self, AuditError> {
        let path = dir.join(JOURNAL);
        if !path.exists() {
            return Err(AuditError::NoJournal(dir.display().to_string()));
        }
        let journal = Journal::open_to_read(&path, network)?;
        journal.verify()?;
        let folder = Folder(dir.join(AUDIT));
        if folder.0.exists() {
            fs::remove_dir_all(&folder.0)?;
        }
        leave_room(dir)?;
        let views = Views::open(&folder.0)?;
        let state = State::over(views.clone())?;
        Ok(Self {
            journal,
            views,
            state,
            folder,
        })
    }

    /// Replays on, through the record `seq`.
    pub(super) fn advance(&mut self, seq: u64) -> Result<(), CatchUpError> {
        catch_up_through(&self.journal, &self.views, &mut self.state, seq)
    }

    /// Looks how far the journal has come, and replays on to there.
    pub(super) fn advance_to_end(&mut self) -> Result<(), AuditError> {
        let end = self.journal.last_on_disk()?;
        Ok(self.advance(end.seq)?)
    }

    /// Whether views that stand at `head` come from this journal.
    pub(super) fn knows(&self, head: Head) -> Result<(), AuditError> {
        let end = self.journal.last_on_disk()?;
        if head.seq > end.seq {
            let (journal, view) = (end.seq, head.seq);
            return Err(CatchUpError::JournalShorter { journal, view }.into());
        }
        if self.journal.head_at(head.seq)? == head {
            return Ok(());
        }
        Err(CatchUpError::OtherHistory { seq: head.seq }.into())
    }

    /// Gives the folder back to the system, sled's files closed first.
    pub(super) fn remove(self) {
        drop(self.state);
        drop(self.views);
        drop(self.folder);
    }
}

/// An audit must not fill the disk under a till that serves.
fn leave_room(dir: &Path) -> Result<(), AuditError> {
    let journal = fs::metadata(dir.join(JOURNAL))?.len();
    let size = folder_bytes(&dir.join(VIEWS))?.max(journal);
    let needed = size.saturating_mul(ROOM_FACTOR) + DISK_FLOOR_BYTES;
    match free_bytes(dir) {
        Some(free) if free < needed => Err(AuditError::NoRoom { needed, free }),
        Some(_) | None => Ok(()),
    }
}

fn folder_bytes(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += about.len();
            }
        }
    }
    Ok(bytes)
}
