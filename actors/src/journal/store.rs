//! Records in SQLite (WAL, `synchronous=FULL`), append-only. Owns the table and the encoding's
//! version; knows nothing of threads.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension, params};
use till::ledger::Record;
use till::ledger::entity::encode;

use super::chain::{self, Head, Link, MAX_SEQ};
use super::error::{JournalError, damaged, meta_damaged};
use super::meta::{Meta, write_head};

/// The encoding of records that this program writes, and the newest that it reads.
const RECORD_VERSION: u8 = 6;
/// The smallest page that SQLite knows; no journal is shorter.
const MIN_FILE_BYTES: u64 = 512;
/// How long another process may hold the file before we give up on it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A record with its place.
#[derive(Debug)]
pub struct Entry {
    /// Its place in the chain.
    pub head: Head,
    /// The record itself.
    pub record: Record,
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    pub(super) db: Connection,
    meta: Meta,
    head: Head,
}

impl Journal {
    /// Opens the journal in `path`, making it if there is none. Its records are not read; see
    /// [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`JournalError`] if it cannot be used, or belongs to another network.
    pub fn open(path: &Path, network: &str) -> Result<Self, JournalError> {
        refuse_a_stump(path)?;
        let mut db = Connection::open(path)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        Meta::create(&mut db, network)?;
        Self::over(db, network)
    }

    /// Opens a journal that is there, to read it. Others may append to it meanwhile.
    ///
    /// # Errors
    /// As [`open`](Self::open); one that is not there cannot be read either.
    pub fn open_to_read(path: &Path, network: &str) -> Result<Self, JournalError> {
        let db = Connection::open_with_flags(path, chain::read_only())?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        Self::over(db, network)
    }

    fn over(db: Connection, network: &str) -> Result<Self, JournalError> {
        let meta = Meta::read(&db, network)?;
        // One snapshot for both: another process may append meanwhile.
        let snapshot = db.unchecked_transaction()?;
        let last = "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1";
        let head = head_in(&snapshot, last, 0)?.unwrap_or(Head::GENESIS);
        let noted = Meta::head(&snapshot)?;
        snapshot.finish()?;
        if noted != head {
            // The check of the whole chain names the record; it is worth its time now.
            chain::verify(&db)?;
            return Err(meta_damaged("its note of the last record does not match"));
        }
        Ok(Self { db, meta, head })
    }

    /// To be called before a node is built, with whether there is one already.
    ///
    /// # Errors
    /// [`JournalError::EmptyBesideNode`] if there is one that this journal never heard of.
    pub fn before_node(&mut self, exists: bool) -> Result<(), JournalError> {
        self.meta.before_node(&mut self.db, exists)
    }

    /// Binds the journal to a node, or checks that it is bound to this one.
    ///
    /// # Errors
    /// [`JournalError::Foreign`] if it is another's.
    pub fn claim_node(&mut self, node_id: &str) -> Result<(), JournalError> {
        self.meta.claim_node(&mut self.db, node_id)
    }

    /// Notes that this is a copy from a backup, whose node is lost: the next start makes the node
    /// anew, and refuses one that is there.
    ///
    /// # Errors
    /// [`JournalError::Sqlite`] if it cannot be written.
    pub fn mark_restored(&mut self) -> Result<(), JournalError> {
        self.meta.mark_restored(&mut self.db)
    }

    /// Whether it ever came from a backup.
    #[must_use]
    pub fn was_restored(&self) -> bool {
        self.meta.was_restored()
    }

    /// The number of the last start, as [`set_generation`](Self::set_generation) left it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.meta.generation()
    }

    /// Notes the number of this start.
    ///
    /// # Errors
    /// [`JournalError::Sqlite`] if it cannot be written.
    pub fn set_generation(&mut self, generation: u64) -> Result<(), JournalError> {
        self.meta.set_generation(&mut self.db, generation)
    }

    /// The node that it is bound to, if there ever was one.
    #[must_use]
    pub fn node_id(&self) -> Option<&str> {
        self.meta.node_id()
    }

    /// Copies it into a new file, as it is at this moment; others may append meanwhile. The copy is
    /// one file, on disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::Sqlite`] if it cannot be read or the copy not be written.
    pub fn copy_to(&self, path: &Path) -> Result<(), JournalError> {
        let mut copy = Connection::open(path)?;
        copy.pragma_update(None, "synchronous", "FULL")?;
        // All pages in one step: in several, a commit of the till's in between would begin it anew.
        match Backup::new(&self.db, &mut copy)?.step(-1)? {
            StepResult::Done => {}
            StepResult::More | StepResult::Busy | StepResult::Locked | _ => {
                return Err(std::io::Error::other("somebody holds its file").into());
            }
        }
        // The pages say that there is a log beside the file; a copy that is carried away has none.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(())
    }

    /// The last record's sequence number, 0 if there is none.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.head.seq
    }

    /// The last record's place in the chain.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Checks every record from the first on.
    ///
    /// # Errors
    /// [`JournalError`] names the first one that is not as it was written.
    pub fn verify(&self) -> Result<Head, JournalError> {
        chain::verify(&self.db)
    }

    /// Appends records in one transaction. They are on disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::Sqlite`]; whether the records are on disk is then unknown, and the process
    /// must end.
    pub fn append<'a>(
        &mut self,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<(), JournalError> {
        self.append_with_version(RECORD_VERSION, records)
    }

    fn append_with_version<'a>(
        &mut self,
        version: u8,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<(), JournalError> {
        let transaction = self.db.transaction()?;
        let mut head = self.head;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO record (seq, version, body, hash) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for record in records {
                let body = encode(record);
                head = head.next(version, &body);
                insert.execute(params![head.seq.cast_signed(), version, body, head.hash])?;
            }
        }
        write_head(&transaction, &head)?;
        transaction.commit()?;
        self.head = head;
        Ok(())
    }

    /// Reads every record after `seq`, in order, and checks its place in the chain.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] names the first record that is not as it was written; an error of
    /// `visit` ends the reading.
    pub fn replay<E: From<JournalError>>(
        &self,
        after: u64,
        visit: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        self.replay_through(after, MAX_SEQ, visit)
    }

    /// The same, up to and with the record `last`.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    pub fn replay_through<E: From<JournalError>>(
        &self,
        after: u64,
        last: u64,
        mut visit: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let from = self.head_at(after)?;
        chain::walk(&self.db, from, last, |link| visit(read(&link)?))?;
        Ok(())
    }

    /// The last record by now, where another process or thread may have appended.
    ///
    /// # Errors
    /// [`JournalError`] if it cannot be read.
    pub fn last_on_disk(&self) -> Result<Head, JournalError> {
        Meta::head(&self.db)
    }

    /// A record's place in the chain.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if there is no such record.
    pub fn head_at(&self, seq: u64) -> Result<Head, JournalError> {
        if seq == 0 {
            return Ok(Head::GENESIS);
        }
        let sql = format!("SELECT seq, hash FROM record WHERE seq = {seq}");
        head_in(&self.db, &sql, seq)?.ok_or_else(|| damaged(seq, &"missing"))
    }
}

/// What another program would have written.
#[cfg(test)]
impl Journal {
    pub(super) fn append_as(
        &mut self,
        version: u8,
        records: &[Record],
    ) -> Result<(), JournalError> {
        self.append_with_version(version, records.iter())
    }

    pub(super) fn set_meta(&mut self, key: &str, value: &str) -> Result<(), JournalError> {
        self.meta.set(&mut self.db, key, value)
    }
}

/// SQLite takes a file that is shorter than its header for a new one, and would write over it.
fn refuse_a_stump(path: &Path) -> Result<(), JournalError> {
    match std::fs::metadata(path).map(|file| file.len()) {
        Ok(length @ 1..MIN_FILE_BYTES) => Err(JournalError::FileDamaged {
            after: 0,
            why: format!("{length} bytes are left of it"),
        }),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn head_in(db: &Connection, sql: &str, about: u64) -> Result<Option<Head>, JournalError> {
    let row = db
        .query_row(sql, [], |row| {
            Ok((row.get::<_, i64>(0), row.get::<_, [u8; 32]>(1)))
        })
        .optional()?;
    let Some((seq, hash)) = row else {
        return Ok(None);
    };
    let seq = seq.map_err(|e| damaged(about, &e))?.cast_unsigned();
    let hash = hash.map_err(|e| damaged(seq, &e))?;
    Ok(Some(Head { seq, hash }))
}

fn read(link: &Link<'_>) -> Result<Entry, JournalError> {
    let (found, known) = (u32::from(link.version), u32::from(RECORD_VERSION));
    if found > known {
        let what = "records";
        return Err(JournalError::Newer { what, found, known });
    }
    let head = link.head;
    let record = minicbor::decode(link.body).map_err(|e| damaged(head.seq, &e))?;
    Ok(Entry { head, record })
}
