//! What of a data folder may be carried away, and what a copy needs before a till may start from it.
//! Owns the copy of the journal; it does not know in what it is packed.
//!
//! **The node's state is never copied.** A channel has one state that counts, the newest; a node that
//! uses an older one, be it older by a single payment, loses the whole channel to its peer. So there
//! is nothing in a copy that could be put back, and a journal from a copy refuses to start beside a
//! node's state.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::path::Path;

use till::restoration::restored;
use till::time::Timestamp;
use till::treasury::Channel;

use crate::abort::contained;
use crate::journal::{Head, Journal, JournalError};
use crate::ledger::now;
use crate::service::network_name;
use crate::till::store::{JOURNAL, VIEWS};
use crate::till::{DataDirLock, LockError};
use crate::views::{Audited, Views};

/// A copy of a journal.
#[derive(Clone, Debug)]
pub struct Copied {
    /// Its last record.
    pub head: Head,
    /// The node that it is bound to.
    pub node_id: Option<String>,
}

/// What a copy was taken from.
#[derive(Debug)]
pub enum Source {
    /// A till that serves: ask it for its channels.
    Running,
    /// A stopped till's folder, and the channels of the ledger, as far as they can be read.
    Stopped(Result<Vec<Channel>, String>),
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no journal in {0}: is this the data folder of a till that has run?")]
    NoJournal(String),
    /// The folder cannot be used.
    #[error(transparent)]
    Lock(LockError),
    /// The journal cannot be read, or its copy not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Copies the journal of a data folder into the new file `to`, and checks the copy from its first
/// record. A till that serves goes on meanwhile.
///
/// # Errors
/// [`BackupError`] says why there is no good copy.
pub fn copy_journal(
    dir: &Path,
    network: bitcoin::Network,
    to: &Path,
) -> Result<(Copied, Source), BackupError> {
    let path = dir.join(JOURNAL);
    if !path.exists() {
        return Err(BackupError::NoJournal(dir.display().to_string()));
    }
    // A stopped till must not start in between: what is read of its views belongs to the journal.
    let lock = match DataDirLock::take(dir) {
        Ok(lock) => Some(lock),
        Err(LockError::Taken { .. }) => None,
        Err(error @ LockError::Io { .. }) => return Err(BackupError::Lock(error)),
    };
    Journal::open_to_read(&path, network_name(network))?.copy_to(to)?;
    let copied = check_journal(to, network)?;
    let source = match lock {
        Some(_held) => Source::Stopped(channels(&dir.join(VIEWS))),
        None => Source::Running,
    };
    Ok((copied, source))
}

/// Checks a copy from its first record to its last.
///
/// # Errors
/// [`JournalError`] names what is wrong with it.
pub fn check_journal(path: &Path, network: bitcoin::Network) -> Result<Copied, JournalError> {
    let journal = Journal::open_to_read(path, network_name(network))?;
    let head = journal.verify()?;
    Ok(Copied {
        head,
        node_id: journal.node_id().map(str::to_owned),
    })
}

/// Makes a copy one that a till may start from: with a node that is made anew, and with all payments held
/// back until its operator has seen what the books do not know.
///
/// # Errors
/// [`JournalError`] if it cannot be used, or not be written.
pub fn make_ready(path: &Path, network: bitcoin::Network) -> Result<(), JournalError> {
    let mut journal = Journal::open(path, network_name(network))?;
    let mut known_until = Timestamp::default();
    let last = journal.last_seq();
    journal.replay::<JournalError>(last.saturating_sub(1), |entry| {
        known_until = entry.record.at;
        Ok(())
    })?;
    journal.append(std::iter::once(&restored(known_until, now())))?;
    journal.mark_restored()
}

/// The channels that the views of a stopped till have. Views may be damaged, and a backup is worth
/// having without them.
fn channels(views: &Path) -> Result<Vec<Channel>, String> {
    if !views.exists() {
        return Err("there are no views; the next start rebuilds them".to_owned());
    }
    let read = contained(|| match Views::open_as_they_are(views) {
        Ok(Audited::Current(views)) => views.all::<Channel>().map_err(|error| error.to_string()),
        Ok(Audited::OtherLayout | Audited::Lost) => Err("the views are to be rebuilt".to_owned()),
        Err(error) => Err(error.to_string()),
    });
    read.unwrap_or_else(Err)
}
