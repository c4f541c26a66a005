//! Why the journal cannot be used. Owns the sentences an operator reads then: what is wrong, with
//! which record, and what to do. Nothing here is repaired by skipping.

use rusqlite::ErrorCode;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// SQLite reports an error; a full disk is one.
    #[error("the journal cannot be read or written: {0}")]
    Sqlite(rusqlite::Error),
    /// The file is not what SQLite left there.
    #[error(
        "the journal's file is damaged after record {after} ({why}); restore the journal from a \
         backup, do not delete it"
    )]
    FileDamaged {
        /// The last record that could be read.
        after: u64,
        /// What SQLite says.
        why: String,
    },
    /// A newer program wrote it.
    #[error(
        "the journal has version {found} of {what}, this program reads up to {known}: use a newer one"
    )]
    Newer {
        /// Tables or records.
        what: &'static str,
        /// What was found.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// A development version wrote it, before there were digests in it.
    #[error(
        "the journal has version {found} of its tables, of a development version of this program that \
         it no longer reads: make a new data folder"
    )]
    Older {
        /// What was found.
        found: u32,
    },
    /// It belongs to another network or node.
    #[error("the journal belongs to {what} {found}, not to {wanted}")]
    Foreign {
        /// Network or node.
        what: &'static str,
        /// The journal's.
        found: String,
        /// Ours.
        wanted: String,
    },
    /// What it says of itself is not as it was written.
    #[error(
        "the journal's description of itself is damaged ({why}); restore the journal from a backup, \
         do not delete it"
    )]
    MetaDamaged {
        /// What is wrong with it.
        why: String,
    },
    /// A record is not as it was written.
    #[error(
        "journal record {seq} is damaged ({why}); restore the journal from a backup, do not delete it"
    )]
    Damaged {
        /// Which.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// There is a node already, and the journal has never heard of one.
    #[error(
        "there is a node already, but the journal is empty: it was lost and made anew. Restore the \
         journal from a backup; starting without it would forget every balance."
    )]
    EmptyBesideNode,
    /// There is channel state beside a journal that came from a backup.
    #[error(
        "this journal came from a backup, and there is a node's state beside it: that is not of this \
         journal, and a channel state that is not the newest loses the channel's money when it is \
         used. Move the folder `node` away and start again"
    )]
    NodeBesideRestored,
    /// The journal has a node, and the node's state is gone.
    #[error(
        "the journal belongs to node {node_id}, but the node's state (the folder `node`) is gone. Put \
         it back if it was moved or is on a disk that is not there; never put an older copy there. If \
         it is lost for good: `tilld backup`, then `tilld restore` into a new data folder"
    )]
    NodeLost {
        /// Which node.
        node_id: String,
    },
    /// The system refuses a thread.
    #[error("the journal cannot be checked: {0}")]
    Io(#[from] std::io::Error),
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        read_error(0, error)
    }
}

/// What SQLite's error means after `after` records were read.
pub(super) fn read_error(after: u64, error: rusqlite::Error) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => JournalError::FileDamaged {
            after,
            why: error.to_string(),
        },
        Some(_) | None => JournalError::Sqlite(error),
    }
}

pub(super) fn damaged(seq: u64, why: &impl ToString) -> JournalError {
    JournalError::Damaged {
        seq,
        why: why.to_string(),
    }
}

pub(super) fn meta_damaged(why: impl Into<String>) -> JournalError {
    JournalError::MetaDamaged { why: why.into() }
}
