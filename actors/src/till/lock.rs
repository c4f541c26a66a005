//! The lock on the data folder. Owns the lock file; two processes on one folder would be two
//! ledgers over one node.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Why the folder is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{dir} is in use by another tilld (process {holder}): stop it first")]
    Taken {
        /// The folder.
        dir: String,
        /// The process's number, as far as it can be told.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error("the lock file in {dir} cannot be used: {error}")]
    Io {
        /// The folder.
        dir: String,
        /// What the system says.
        error: std::io::Error,
    },
}

/// Held as long as the process uses the folder; the system lets go of it when the process dies.
#[derive(Debug)]
pub(crate) struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    pub(crate) fn take(dir: &Path) -> Result<Self, LockError> {
        let name = || dir.display().to_string();
        let io = |error| LockError::Io { dir: name(), error };
        let path = dir.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message.
                let _ = file.read_to_string(&mut holder);
                return Err(LockError::Taken {
                    dir: name(),
                    holder: holder.trim().to_owned(),
                });
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(io(error)),
        }
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDirLock::take(dir.path()).unwrap();
        let second = DataDirLock::take(dir.path()).unwrap_err().to_string();
        assert!(second.contains(&std::process::id().to_string()), "{second}");
        drop(first);
        DataDirLock::take(dir.path()).unwrap();
    }
}
