//! The views: every row as it stands now, in sled, with the indices that lists need. Owns nothing
//! that the journal does not have; it can be deleted at any time and is rebuilt.
//!
//! `index` derives index entries from rows, `query` reads lists by them.

mod index;
mod query;
mod rebuild;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

use std::path::Path;
use std::time::Duration;

use till::ledger::Changes;
use till::ledger::entity::{Archive, Damaged, Entity, Progress};
use tokio::sync::watch;

pub use rebuild::{CatchUpError, catch_up};

/// What sled may keep in memory.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

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

/// Rows and indices. Cheap to clone; one writer, any number of readers.
#[derive(Clone, Debug)]
pub struct Views {
    tree: sled::Tree,
    db: sled::Db,
    progress: watch::Sender<Progress>,
}

impl Views {
    /// Opens the views in `dir`, making them if there are none.
    ///
    /// # Errors
    /// [`ViewError`] if they cannot be read; delete the folder and they are rebuilt.
    pub fn open(dir: &Path) -> Result<Self, ViewError> {
        let db = sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            .open()?;
        let tree = db.open_tree("rows")?;
        let views = Self {
            tree,
            db,
            progress: watch::Sender::new(Progress::default()),
        };
        let progress = views.get::<Progress>(&())?.unwrap_or_default();
        views.progress.send_replace(progress);
        Ok(views)
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

    /// The row with this key.
    ///
    /// # Errors
    /// [`ViewError`] if it cannot be read.
    pub fn get<E: Entity>(&self, key: &E::Key) -> Result<Option<E>, ViewError> {
        let key = E::key_bytes(key);
        match self.tree.get(&key)? {
            Some(bytes) => Ok(Some(E::from_bytes(&key, &bytes)?)),
            None => Ok(None),
        }
    }

    /// Writes the rows of committed records, and their index entries, in one atomic batch.
    ///
    /// # Errors
    /// [`ViewError`] if nothing was written.
    pub fn apply(&self, changes: &[&Changes]) -> Result<(), ViewError> {
        let mut batch = sled::Batch::default();
        // Of a row written by several records of a group, the last one stands.
        let mut latest = std::collections::HashMap::new();
        for (key, value) in changes.iter().flat_map(|changes| &changes.rows) {
            latest.insert(key.as_slice(), value.as_slice());
        }
        for (key, value) in latest {
            let before = match index::is_indexed(key) {
                true => self.tree.get(key)?,
                false => None,
            };
            index::update(&mut batch, key, before.as_deref(), value)?;
            batch.insert(key, value);
        }
        self.tree.apply_batch(batch)?;
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

impl Archive for Views {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Damaged> {
        let read = self.tree.get(key);
        let read = read.map_err(|e| Damaged {
            key: hex::encode(key),
            why: e.to_string(),
        })?;
        Ok(read.map(|bytes| bytes.to_vec()))
    }
}
