//! The views: every row as it stands now, in sled, with the indices that lists need. Owns nothing
//! that the journal does not have; it can be deleted at any time and is rebuilt.
//!
//! `index` derives index entries from rows, `facets` counts them, `query`, `entries`, `glance`, `counts`,
//! `spans` and `sums` read lists by them, `seal` knows whether all is there, `open` throws away what is not as it was
//! written, `rebuild` brings back what is missing.

mod backlog;
mod brief;
mod cells;
mod counts;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod damage_tests;
mod entries;
mod facets;
mod glance;
mod holding;
mod index;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod list_tests;
mod numbered;
mod open;
mod outbox;
mod query;
mod rebuild;
mod seal;
mod spans;
mod statements;
mod sums;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use till::ledger::Changes;
use till::ledger::entity::{Archive, Damaged, Entity, Progress};
use tokio::sync::watch;

pub use brief::Brief;
pub use cells::Moved;
pub use counts::CountRow;
pub use facets::{Facet, Standing};
pub use holding::Entry;
pub(crate) use index::index_name;
pub(crate) use outbox::Endpoint;
pub(crate) use rebuild::catch_up_through;
pub use rebuild::{CatchUpError, catch_up};
pub(crate) use seal::KEY as SEAL_KEY;
use seal::Seal;
pub use sums::TallyRow;

use crate::journal::Head;

/// How often what belongs together is read while others write, before they have to wait.
const UNDISTURBED_TRIES: usize = 4;

/// Why the views cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// sled reports an error.
    #[error("the view cannot be read or written: {0}")]
    Sled(#[from] sled::Error),
    /// A row is not as it was written.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// Views that are not to be changed, whatever is in them.
pub(crate) enum Audited {
    /// They are laid out as this program does it; nothing else is known of them.
    Current(Views),
    /// Another program laid them out.
    OtherLayout,
    /// There is no seal, so they are empty or a part of them is gone.
    Lost,
}

/// Rows and indices. Cheap to clone; one writer, any number of readers.
#[derive(Clone, Debug)]
pub struct Views {
    tree: sled::Tree,
    db: sled::Db,
    seal: Arc<Mutex<Seal>>,
    /// Set once somebody relies on what is read.
    serving: Arc<AtomicBool>,
    progress: watch::Sender<Progress>,
}

impl Views {
    /// Opens the views in `dir`, making them if there are none. Every entry is checked; views that
    /// are damaged, or were laid out by another program, are thrown away and returned empty:
    /// [`catch_up`] fills them.
    ///
    /// # Errors
    /// [`ViewError`] if the system refuses: a full disk, a folder of somebody else's.
    pub fn open(dir: &Path) -> Result<Self, ViewError> {
        let (store, seal) = open::trusted(dir)?;
        Self::over(store, seal)
    }

    fn over(store: open::Store, seal: Seal) -> Result<Self, ViewError> {
        let views = Self {
            tree: store.tree,
            db: store.db,
            seal: Arc::new(Mutex::new(seal)),
            serving: Arc::default(),
            progress: watch::Sender::new(Progress::default()),
        };
        let progress = views.get::<Progress>(&())?.unwrap_or_default();
        views.progress.send_replace(progress);
        Ok(views)
    }

    /// Opens views without a check and without a repair, for an audit. sled may panic.
    pub(crate) fn open_as_they_are(dir: &Path) -> Result<Audited, ViewError> {
        let store = open::store(dir)?;
        let stored = store.tree.get(seal::KEY)?;
        match stored.and_then(|bytes| Seal::from_bytes(&bytes)) {
            Some(seal) if seal.layout() == seal::LAYOUT => {
                Ok(Audited::Current(Self::over(store, seal)?))
            }
            Some(_) => Ok(Audited::OtherLayout),
            None => Ok(Audited::Lost),
        }
    }

    /// Every entry there is, in the order of keys.
    pub(crate) fn entries(
        &self,
    ) -> impl Iterator<Item = Result<(sled::IVec, sled::IVec), ViewError>> + use<'_> {
        let mut entries = self.tree.iter();
        std::iter::from_fn(
            move || match self.vital(|| Ok(entries.next().transpose()?)) {
                Ok(entry) => entry.map(Ok),
                Err(error) => Some(Err(error)),
            },
        )
    }

    /// The value stored under a key.
    pub(crate) fn entry(&self, key: &[u8]) -> Result<Option<sled::IVec>, ViewError> {
        self.vital(|| Ok(self.tree.get(key)?))
    }

    /// From now on a read that fails ends the process: every entry was checked at the start, so what
    /// cannot be read any more has been damaged since. The next start finds that and rebuilds.
    pub(crate) fn serve(&self) {
        self.serving.store(true, Ordering::Release);
    }

    /// Runs a read on which answers rest.
    fn vital<T>(&self, read: impl FnOnce() -> Result<T, ViewError>) -> Result<T, ViewError> {
        let answer = crate::abort::vital(read);
        if let Err(error) = &answer
            && self.serving.load(Ordering::Acquire)
        {
            crate::abort::abort(&format!("the views are damaged: {error}"));
        }
        answer
    }

    /// The last record that the views have, and its hash.
    #[must_use]
    pub fn head(&self) -> Head {
        self.seal().head()
    }

    /// Nothing that holds it can leave it half changed, so a poisoned lock is a good one.
    fn seal(&self) -> MutexGuard<'_, Seal> {
        self.seal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the views have come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Tells of every step the views take; a receiver sees the latest, not each.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Reads several things as they stood at one moment: again, if something was written meanwhile; and
    /// where that happens all the time, nothing is written until they are read. `read` must not ask for the
    /// [`head`](Self::head).
    ///
    /// # Errors
    /// Whatever `read` returns.
    pub(crate) fn at_one_moment<T>(
        &self,
        mut read: impl FnMut(&Self) -> Result<T, ViewError>,
    ) -> Result<T, ViewError> {
        // The row is in the batch that it counts; what subscribers are told comes after it.
        let step = || self.get::<Progress>(&());
        for _ in 0..UNDISTURBED_TRIES {
            let before = step()?;
            let found = read(self)?;
            if step()? == before {
                return Ok(found);
            }
        }
        let _nothing_is_written = self.seal();
        read(self)
    }

    /// The row with this key.
    ///
    /// # Errors
    /// [`ViewError`] if it cannot be read.
    pub fn get<E: Entity>(&self, key: &E::Key) -> Result<Option<E>, ViewError> {
        let key = E::key_bytes(key);
        self.vital(|| match self.tree.get(&key)? {
            Some(bytes) => Ok(Some(E::from_bytes(&key, &bytes)?)),
            None => Ok(None),
        })
    }

    /// Writes the rows of committed records, the last of which is `head`, and their index entries,
    /// in one atomic batch.
    ///
    /// # Errors
    /// [`ViewError`] if nothing was written.
    pub fn apply(&self, changes: &[&Changes], head: Head) -> Result<(), ViewError> {
        let mut sealed = self.seal();
        let mut edit = Edit {
            batch: sled::Batch::default(),
            seal: *sealed,
            cells: facets::Cells::default(),
        };
        // Of a row written by several records of a group, the last one stands.
        let mut latest = HashMap::new();
        for (key, value) in changes.iter().flat_map(|changes| &changes.rows) {
            latest.insert(key.as_slice(), value.as_slice());
        }
        for (key, value) in latest {
            let before = self.tree.get(key)?;
            index::update(&mut edit, key, before.as_deref(), value)?;
            facets::update(&mut edit, &self.tree, key, before.as_deref(), value)?;
            edit.replace(key, before.as_deref(), value);
        }
        std::mem::take(&mut edit.cells).close(&mut edit);
        edit.seal.set_head(head);
        edit.batch.insert(&seal::KEY, edit.seal.to_bytes());
        self.tree.apply_batch(edit.batch)?;
        *sealed = edit.seal;
        drop(sealed);
        let progress = self.get::<Progress>(&())?.unwrap_or_default();
        self.progress.send_replace(progress);
        Ok(())
    }

    /// Writes what sled still holds in memory. Only for speed at the next start.
    pub fn close(&self) {
        if let Err(error) = self.db.flush() {
            tracing::warn!(%error, "the view was not flushed; the next start catches up");
        }
    }

    /// Waits until `done` finds what it looks for in the views, or `timeout` is over.
    ///
    /// # Errors
    /// Whatever `done` returns.
    pub async fn wait_for<T>(
        &self,
        timeout: Duration,
        mut done: impl FnMut(&Self) -> Result<Option<T>, ViewError>,
    ) -> Result<Option<T>, ViewError> {
        let mut steps = self.watch();
        let deadline = tokio::time::Instant::now() + timeout;
        loop {
            steps.mark_unchanged();
            if let Some(found) = done(self)? {
                return Ok(Some(found));
            }
            // A closed channel means that we are the last holder: nothing will change any more.
            match tokio::time::timeout_at(deadline, steps.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return done(self),
            }
        }
    }
}

/// What damage does, for tests: entries are changed and the seal is not.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
impl Views {
    pub(crate) fn remove(&self, key: &[u8]) {
        self.tree.remove(key).unwrap().unwrap();
    }

    pub(crate) fn copy(&self, from: &[u8], to: &[u8]) {
        let value = self.tree.get(from).unwrap().unwrap();
        self.tree.insert(to, value).unwrap();
    }

    pub(crate) fn overwrite<E: Entity>(&self, row: &E) {
        let key = E::key_bytes(&row.key());
        self.tree.insert(key, row.to_bytes()).unwrap();
    }
}

/// A batch, and the seal as it will be after it.
struct Edit {
    batch: sled::Batch,
    seal: Seal,
    cells: facets::Cells,
}

impl Edit {
    fn replace(&mut self, key: &[u8], before: Option<&[u8]>, after: &[u8]) {
        if let Some(before) = before {
            self.seal.remove(key, before);
        }
        self.seal.add(key, after);
        self.batch.insert(key, after);
    }

    fn remove(&mut self, key: &[u8], before: &[u8]) {
        self.seal.remove(key, before);
        self.batch.remove(key);
    }
}

impl Archive for Views {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Damaged> {
        let read = self.vital(|| Ok(self.tree.get(key)?));
        match read {
            Ok(bytes) => Ok(bytes.map(|bytes| bytes.to_vec())),
            Err(error) => Err(Damaged {
                key: hex::encode(key),
                why: error.to_string(),
            }),
        }
    }
}
