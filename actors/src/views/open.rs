//! Opening sled on files that may be damaged. Owns the decision whether views can be trusted; what
//! cannot is thrown away, for the journal has it all.
//!
//! sled panics on most flipped bytes, opens empty after its file lost its tail, and some of its work
//! runs on threads of its own. So it is opened, and every entry read and added up, on a thread whose
//! panics are contained. A mark in the data folder stands from before until after: should the
//! process die of the attempt, the next start throws the views away at once.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::seal::{self, Seal};
use crate::abort::{OpeningSled, contained};

/// What sled may keep in memory.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// How often a start looks how far the check has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long the check may stand still, sled's own recovery included, which took 12 s for five million
/// payments.
const PATIENCE: Duration = Duration::from_secs(600);
/// The same after one of sled's threads has died.
const PATIENCE_WITH_THE_DEAD: Duration = Duration::from_secs(5);
/// Entries between two reports.
const REPORT_EVERY: u64 = 1_000_000;

/// sled, open.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) db: sled::Db,
    pub(super) tree: sled::Tree,
}

/// Why views are not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// They are to be rebuilt.
    #[error("{0}")]
    Untrusted(String),
    /// The system is at fault, not they: a full disk, a folder that is not ours.
    #[error(transparent)]
    Sled(#[from] sled::Error),
}

/// Opens sled without a look at what is in it.
pub(super) fn store(dir: &Path) -> Result<Store, sled::Error> {
    let config = sled::Config::new().path(dir).cache_capacity(CACHE_BYTES);
    let db = config.open()?;
    let tree = db.open_tree("rows")?;
    Ok(Store { db, tree })
}

/// Opens views and checks every entry against the seal. What cannot be trusted is deleted, and new,
/// empty ones are returned.
pub(super) fn trusted(dir: &Path) -> Result<(Store, Seal), sled::Error> {
    let mark = mark_of(dir);
    let opened = if mark.exists() {
        let why = "the process died the last time it opened them";
        Err(Unusable::Untrusted(why.into()))
    } else {
        fs::write(&mark, "")?;
        attempt(dir)
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(Unusable::Sled(error)) => {
            fs::remove_file(&mark)?;
            return Err(error);
        }
        Err(Unusable::Untrusted(why)) => {
            tracing::warn!(
                why,
                "the views are thrown away and rebuilt from the journal"
            );
            if dir.exists() {
                fs::remove_dir_all(dir)?;
            }
            (store(dir)?, Seal::EMPTY)
        }
    };
    fs::remove_file(&mark)?;
    Ok(opened)
}

/// Beside the folder: what is in it may be beyond reading.
fn mark_of(dir: &Path) -> PathBuf {
    dir.with_extension("opening")
}

/// One attempt on a thread of its own, given up on when it panics or no longer moves.
fn attempt(dir: &Path) -> Result<(Store, Seal), Unusable> {
    let guard = OpeningSled::begin();
    let seen = Arc::new(AtomicU64::new(0));
    let (report, answer) = channel();
    let (dir, counter) = (dir.to_owned(), Arc::clone(&seen));
    let thread = std::thread::Builder::new().name("views-check".into());
    let spawned = thread.spawn(move || {
        let opened = contained(|| open_and_check(&dir, &counter));
        // Nobody waits any more where we were given up on.
        let _ = report.send(opened);
    });
    spawned.map_err(sled::Error::from)?;
    let (mut last_step, mut last_seen) = (Instant::now(), 0);
    loop {
        match answer.recv_timeout(LOOK_EVERY) {
            Ok(Ok(opened)) if !guard.has_died() => return opened,
            Ok(Ok(_)) => return Err(untrusted("one of sled's threads died")),
            Ok(Err(panic)) => return Err(untrusted(&panic)),
            Err(RecvTimeoutError::Disconnected) => return Err(untrusted("it ended early")),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now_seen = seen.load(Ordering::Relaxed);
        if now_seen != last_seen {
            (last_step, last_seen) = (Instant::now(), now_seen);
        }
        let patience = match guard.has_died() {
            true => PATIENCE_WITH_THE_DEAD,
            false => PATIENCE,
        };
        if last_step.elapsed() > patience {
            return Err(untrusted("sled no longer answers"));
        }
    }
}

fn open_and_check(dir: &Path, seen: &AtomicU64) -> Result<(Store, Seal), Unusable> {
    let opened = store(dir).map_err(judge)?;
    let stored = opened.tree.get(seal::KEY).map_err(judge)?;
    let stored = match stored {
        Some(bytes) => Seal::from_bytes(&bytes).ok_or_else(|| untrusted("their seal is broken"))?,
        None if opened.tree.is_empty() => return Ok((opened, Seal::EMPTY)),
        None => return Err(untrusted("they have no seal")),
    };
    if stored.layout() != seal::LAYOUT {
        let (found, ours) = (stored.layout(), seal::LAYOUT);
        let why = format!("they have layout {found}, this program's is {ours}");
        return Err(Unusable::Untrusted(why));
    }
    let mut sum = stored;
    add_up(&opened.tree, &mut sum, seen)?;
    if !sum.same_entries(&stored) {
        return Err(untrusted("their entries do not add up to their seal"));
    }
    Ok((opened, stored))
}

/// Replaces the sum in `seal` by that of the entries that are there.
fn add_up(tree: &sled::Tree, seal: &mut Seal, seen: &AtomicU64) -> Result<(), Unusable> {
    let expected = seal.entries();
    *seal = Seal::EMPTY;
    for entry in tree.iter() {
        let (key, value) = entry.map_err(judge)?;
        if *key == seal::KEY {
            continue;
        }
        seal.add(&key, &value);
        let done = seal.entries();
        seen.store(done, Ordering::Relaxed);
        if done > expected {
            return Err(untrusted("there are more entries than their seal knows"));
        }
        if done.is_multiple_of(REPORT_EVERY) {
            tracing::info!(done, of = expected, "checking the views");
        }
    }
    Ok(())
}

fn untrusted(why: &str) -> Unusable {
    Unusable::Untrusted(why.to_owned())
}

/// Whether an error of sled's speaks of the views or of the system. In doubt of the views: a rebuild
/// costs time only.
fn judge(error: sled::Error) -> Unusable {
    if let sled::Error::Io(io) = &error
        && matches!(
            io.kind(),
            ErrorKind::PermissionDenied
                | ErrorKind::StorageFull
                | ErrorKind::QuotaExceeded
                | ErrorKind::FileTooLarge
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::OutOfMemory
        )
    {
        return Unusable::Sled(error);
    }
    Unusable::Untrusted(error.to_string())
}
