//! Whether the node's state and the journal are of the same time. Owns a number that grows with each
//! start, kept in the journal and in the node's folder: a folder that was put back from a copy has an
//! older one than the journal, and a journal that was put back has an older one than the folder.
//!
//! A copy that is used before the next start cannot be told, nor one of both together.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::journal::{Journal, JournalError};

/// In the node's folder.
const FILE: &str = "generation";

/// Why node and journal do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// The node's state is a copy from before.
    #[error(
        "the node's state in {path} is older than the journal: it was put back from a copy. A channel \
         state that is not the newest loses the channel's money when it is used. Put the newest back if \
         there is one; else `tilld backup`, then `tilld restore` into a new data folder"
    )]
    OldNode {
        /// The node's folder.
        path: String,
    },
    /// The journal is a copy from before.
    #[error(
        "the journal is older than the node's state in {path}: it was put back from a copy. Put the \
         newest back if there is one; else restore your backup with `tilld restore` into a new data \
         folder"
    )]
    OldJournal {
        /// The node's folder.
        path: String,
    },
    /// The number cannot be read or written.
    #[error("{path} cannot be used: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// To be called before a node is built in `node`: checks that the state there, if `exists`, is of this
/// journal's time, and begins the next time. The folder is written first: a start that ends in between
/// leaves it one ahead, which is no copy.
pub(super) fn begin(
    journal: &mut Journal,
    node: &Path,
    exists: bool,
) -> Result<(), GenerationError> {
    let known = journal.generation();
    let path = || node.display().to_string();
    if exists {
        let found = read(&node.join(FILE))?;
        if found < known {
            return Err(GenerationError::OldNode { path: path() });
        }
        if found > known.saturating_add(1) {
            return Err(GenerationError::OldJournal { path: path() });
        }
    }
    let next = known.saturating_add(1);
    write(node, next)?;
    Ok(journal.set_generation(next)?)
}

/// A folder from before there were such numbers has none.
fn read(path: &Path) -> Result<u64, GenerationError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failed(path)(error)),
    };
    let number = text.trim().parse();
    number.map_err(|_| failed(path)(std::io::Error::other("it is not a number")))
}

/// Written beside and moved, so that nobody reads half of it.
fn write(node: &Path, generation: u64) -> Result<(), GenerationError> {
    let (path, draft): (PathBuf, PathBuf) = (node.join(FILE), node.join("generation.new"));
    let written = fs::create_dir_all(node).and_then(|()| {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .open(&draft)?;
        writeln!(file, "{generation}")?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        File::open(node)?.sync_all()
    });
    written.map_err(failed(&path))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> GenerationError {
    let path = path.display().to_string();
    move |source| GenerationError::Io { path, source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn journal(dir: &Path) -> Journal {
        Journal::open(&dir.join("journal.sqlite"), "regtest").unwrap()
    }

    /// One start; `Err` says what is older.
    fn start(dir: &Path) -> Result<(), &'static str> {
        let node = dir.join("node");
        match begin(&mut journal(dir), &node, node.exists()) {
            Ok(()) => Ok(()),
            Err(GenerationError::OldNode { .. }) => Err("node"),
            Err(GenerationError::OldJournal { .. }) => Err("journal"),
            Err(GenerationError::Io { .. } | GenerationError::Journal(_)) => Err("files"),
        }
    }

    #[test]
    fn what_was_put_back_from_a_copy_is_refused_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let (file, journal) = (
            dir.path().join("node/generation"),
            dir.path().join("journal.sqlite"),
        );
        start(dir.path()).unwrap();
        let kept = fs::read(&file).unwrap();
        let kept_journal = fs::read(&journal).unwrap();
        start(dir.path()).unwrap();
        let newest = fs::read(&file).unwrap();
        fs::write(&file, &kept).unwrap();
        assert_eq!(start(dir.path()), Err("node"));
        fs::remove_file(&file).unwrap();
        assert_eq!(start(dir.path()), Err("node"));
        fs::write(&file, &newest).unwrap();
        start(dir.path()).unwrap();
        fs::write(&journal, kept_journal).unwrap();
        assert_eq!(start(dir.path()), Err("journal"));
    }

    #[test]
    fn a_start_that_ended_in_between_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        start(dir.path()).unwrap();
        write(&dir.path().join("node"), 2).unwrap();
        start(dir.path()).unwrap();
        start(dir.path()).unwrap();
    }
}
