//! The samples in SQLite. Owns the table and how long a row is kept. A file that cannot be used is
//! replaced by a new one: what was in it is a pity, and no loss of money.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use till::time::Timestamp;

use super::sample::Sample;
use crate::views::ViewError;

/// The layout of the table; another one is replaced.
const LAYOUT: u32 = 1;
/// How long a sample is kept, in milliseconds: the longest range and its first bucket.
const KEEP_MILLIS: u64 = 92 * 24 * 3_600 * 1_000;
/// How long somebody else may hold the file, a copy being made of it, say.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What SQLite puts beside its file.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];
const COLUMNS: &str = "at, through, latency_ms, is_synced, in_progress, longest_wait_ms, sent, failed, \
    service_failed, credited, credit_backlog, webhook_backlog, settle_ms";

/// Why a sample was not kept or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    View(#[from] ViewError),
}

/// The samples.
#[derive(Debug)]
pub(super) struct Store(Mutex<Connection>);

impl Store {
    /// Opens the file, and makes a new one where that does not work.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(path).or_else(|error| {
            tracing::warn!(%error, "the health samples are unreadable; beginning anew");
            for suffix in BESIDE {
                let mut file = path.as_os_str().to_owned();
                file.push(suffix);
                // What is not there need not be removed; what cannot be is found out at once.
                let _ = std::fs::remove_file(file);
            }
            Self::over(path)
        })
    }

    fn over(path: &Path) -> Result<Self, StoreError> {
        let db = Connection::open(path)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // Whatever a power cut takes of it may be gone.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let layout: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if layout != LAYOUT {
            db.execute_batch(
                "DROP TABLE IF EXISTS sample;
                 CREATE TABLE sample (
                     at INTEGER PRIMARY KEY, through INTEGER NOT NULL, latency_ms INTEGER,
                     is_synced INTEGER NOT NULL, in_progress INTEGER NOT NULL, longest_wait_ms INTEGER,
                     sent INTEGER NOT NULL, failed INTEGER NOT NULL, service_failed INTEGER NOT NULL,
                     credited INTEGER NOT NULL, credit_backlog INTEGER NOT NULL,
                     webhook_backlog INTEGER NOT NULL, settle_ms BLOB NOT NULL) STRICT;",
            )?;
            db.pragma_update(None, "user_version", LAYOUT)?;
        }
        // A damaged file tells so here and not in the middle of an answer.
        db.query_row("SELECT count(*) FROM sample", [], |row| {
            row.get::<_, u64>(0)
        })?;
        Ok(Self(Mutex::new(db)))
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a sample, and forgets those that are too old.
    pub(super) fn keep(&self, sample: &Sample) -> Result<(), StoreError> {
        let times: Vec<u8> = sample
            .settle_ms
            .iter()
            .flat_map(|ms| ms.to_be_bytes())
            .collect();
        let insert = format!(
            "INSERT OR REPLACE INTO sample ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        );
        let db = self.db();
        db.execute(
            &insert,
            params![
                sample.at.as_millis(),
                sample.through,
                sample.latency_ms,
                sample.is_synced,
                sample.in_progress,
                sample.longest_wait_ms,
                sample.sent,
                sample.failed,
                sample.service_failed,
                sample.credited,
                sample.credit_backlog,
                sample.webhook_backlog,
                times,
            ],
        )?;
        let oldest = sample.at.as_millis().saturating_sub(KEEP_MILLIS);
        db.execute("DELETE FROM sample WHERE at < ?1", [oldest])?;
        Ok(())
    }

    /// The newest sample.
    pub(super) fn newest(&self) -> Result<Option<Sample>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM sample ORDER BY at DESC LIMIT 1");
        Ok(self.db().query_row(&select, [], read).optional()?)
    }

    /// Every sample from `since` on, the oldest first.
    pub(super) fn each_since(
        &self,
        since: Timestamp,
        mut each: impl FnMut(Sample),
    ) -> Result<(), StoreError> {
        let select = format!("SELECT {COLUMNS} FROM sample WHERE at >= ?1 ORDER BY at");
        let db = self.db();
        let mut select = db.prepare(&select)?;
        for sample in select.query_map([since.as_millis()], read)? {
            each(sample?);
        }
        Ok(())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Sample> {
    let times: Vec<u8> = row.get(12)?;
    let (times, _) = times.as_chunks::<4>();
    Ok(Sample {
        at: Timestamp::from_millis(row.get(0)?),
        through: row.get(1)?,
        latency_ms: row.get(2)?,
        is_synced: row.get(3)?,
        in_progress: row.get(4)?,
        longest_wait_ms: row.get(5)?,
        sent: row.get(6)?,
        failed: row.get(7)?,
        service_failed: row.get(8)?,
        credited: row.get(9)?,
        credit_backlog: row.get(10)?,
        webhook_backlog: row.get(11)?,
        settle_ms: times.iter().map(|ms| u32::from_be_bytes(*ms)).collect(),
    })
}
