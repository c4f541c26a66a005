//! Records in SQLite (WAL, `synchronous=FULL`), append-only. Owns the table, the encoding's
//! version and the chain of hashes; knows nothing of threads.
//!
//! A row holds `seq`, a version byte, the record as CBOR, and
//! `SHA-256(previous hash ‖ seq as u64 big-endian ‖ version ‖ record)`, so a record that was
//! changed, cut or moved is found when it is read.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use till::ledger::Record;
use till::ledger::entity::encode;

/// The encoding of records that this program writes, and the newest that it reads.
const RECORD_VERSION: u8 = 1;
/// The layout of the tables that this program writes, and the newest that it reads.
const SCHEMA: u32 = 1;
/// How long another process may hold the file before we give up on it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What the first record's hash is chained to.
const GENESIS: [u8; 32] = [0; 32];

/// What a journal belongs to; checked each time it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// `regtest`, `signet`, `testnet4` or `mainnet`.
    pub network: String,
    /// The node's public key, hexadecimal.
    pub node_id: String,
}

/// Why the journal cannot be used. None of these is repaired by skipping.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// SQLite reports an error; a full disk is one.
    #[error("the journal cannot be read or written: {0}")]
    Sqlite(#[from] rusqlite::Error),
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
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    db: Connection,
    last_seq: u64,
    last_hash: [u8; 32],
}

impl Journal {
    /// Opens the journal in `path`, making it if there is none.
    ///
    /// # Errors
    /// [`JournalError`] if it cannot be used, or belongs to another network.
    pub fn open(path: &Path, network: &str) -> Result<Self, JournalError> {
        let db = Connection::open(path)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
             CREATE TABLE IF NOT EXISTS record (
                 seq INTEGER PRIMARY KEY, version INTEGER NOT NULL,
                 body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;",
        )?;
        let mut journal = Self {
            db,
            last_seq: 0,
            last_hash: GENESIS,
        };
        journal.check_schema()?;
        journal.claim("network", network)?;
        let last = journal
            .db
            .query_row(
                "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
            )
            .optional()?;
        if let Some((seq, hash)) = last {
            journal.last_seq = u64::try_from(seq).map_err(|e| damaged(0, &e))?;
            journal.last_hash = <[u8; 32]>::try_from(hash)
                .map_err(|_| damaged(journal.last_seq, &"hash length"))?;
        }
        Ok(journal)
    }

    /// Binds the journal to a node, or checks that it is bound to this one.
    ///
    /// # Errors
    /// [`JournalError::Foreign`] if it is another's.
    pub fn claim_node(&self, node_id: &str) -> Result<(), JournalError> {
        self.claim("node", node_id)
    }

    /// The last record's sequence number, 0 if there is none.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
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
        let transaction = self.db.transaction()?;
        let (mut seq, mut hash) = (self.last_seq, self.last_hash);
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO record (seq, version, body, hash) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for record in records {
                seq += 1;
                let body = encode(record);
                hash = chain(&hash, seq, RECORD_VERSION, &body);
                insert.execute(params![seq.cast_signed(), RECORD_VERSION, body, hash])?;
            }
        }
        transaction.commit()?;
        (self.last_seq, self.last_hash) = (seq, hash);
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
        mut visit: impl FnMut(u64, Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut hash = self.hash_of(after)?;
        let mut expected = after + 1;
        let sql = "SELECT seq, version, body, hash FROM record WHERE seq > ?1 ORDER BY seq";
        let mut select = self.db.prepare(sql).map_err(JournalError::from)?;
        let mut rows = select
            .query([after.cast_signed()])
            .map_err(JournalError::from)?;
        while let Some(row) = rows.next().map_err(JournalError::from)? {
            let (seq, record, stored) = read_row(row, expected, &hash)?;
            visit(seq, record)?;
            hash = stored;
            expected = seq + 1;
        }
        Ok(())
    }

    fn hash_of(&self, seq: u64) -> Result<[u8; 32], JournalError> {
        if seq == 0 {
            return Ok(GENESIS);
        }
        let sql = "SELECT hash FROM record WHERE seq = ?1";
        let hash: Option<Vec<u8>> = self
            .db
            .query_row(sql, [seq.cast_signed()], |row| row.get(0))
            .optional()?;
        let hash = hash.ok_or_else(|| damaged(seq, &"missing"))?;
        <[u8; 32]>::try_from(hash).map_err(|_| damaged(seq, &"hash length"))
    }

    fn check_schema(&self) -> Result<(), JournalError> {
        self.db.execute(
            "INSERT OR IGNORE INTO meta (key, value) VALUES ('schema', ?1)",
            [SCHEMA.to_string()],
        )?;
        let found: String =
            self.db
                .query_row("SELECT value FROM meta WHERE key = 'schema'", [], |r| {
                    r.get(0)
                })?;
        match found.parse::<u32>() {
            Ok(found) if found > SCHEMA => Err(JournalError::Newer {
                what: "its tables",
                found,
                known: SCHEMA,
            }),
            Ok(_) => Ok(()),
            Err(e) => Err(damaged(0, &e)),
        }
    }

    fn claim(&self, what: &'static str, wanted: &str) -> Result<(), JournalError> {
        self.db.execute(
            "INSERT OR IGNORE INTO meta (key, value) VALUES (?1, ?2)",
            [what, wanted],
        )?;
        let sql = "SELECT value FROM meta WHERE key = ?1";
        let found: String = self.db.query_row(sql, [what], |row| row.get(0))?;
        if found == wanted {
            return Ok(());
        }
        Err(JournalError::Foreign {
            what,
            found,
            wanted: wanted.to_owned(),
        })
    }
}

fn read_row(
    row: &rusqlite::Row<'_>,
    expected: u64,
    previous: &[u8; 32],
) -> Result<(u64, Record, [u8; 32]), JournalError> {
    let seq = row.get::<_, i64>(0)?.cast_unsigned();
    if seq != expected {
        return Err(damaged(expected, &"missing"));
    }
    let version: u8 = row.get(1)?;
    let (body, stored): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?);
    let hash = chain(previous, seq, version, &body);
    if stored != hash {
        return Err(damaged(seq, &"its hash does not match"));
    }
    if version > RECORD_VERSION {
        let (found, known) = (u32::from(version), u32::from(RECORD_VERSION));
        return Err(JournalError::Newer {
            what: "records",
            found,
            known,
        });
    }
    let record = minicbor::decode(&body).map_err(|e| damaged(seq, &e))?;
    Ok((seq, record, hash))
}

fn chain(previous: &[u8; 32], seq: u64, version: u8, body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(seq.to_be_bytes());
    hasher.update([version]);
    hasher.update(body);
    hasher.finalize().into()
}

fn damaged(seq: u64, why: &impl ToString) -> JournalError {
    JournalError::Damaged {
        seq,
        why: why.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use till::time::Timestamp;

    fn record(at: u64) -> Record {
        Record {
            at: Timestamp::from_millis(at),
            ..Record::default()
        }
    }

    fn read(journal: &Journal, after: u64) -> Result<Vec<u64>, JournalError> {
        let mut times = Vec::new();
        journal.replay(after, |_, record| {
            times.push(record.at.as_millis());
            Ok::<_, JournalError>(())
        })?;
        Ok(times)
    }

    #[test]
    fn what_was_appended_is_read_back_in_order_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        let mut journal = Journal::open(&path, "regtest").unwrap();
        journal.append([record(1), record(2)].iter()).unwrap();
        journal.append([record(3)].iter()).unwrap();
        drop(journal);
        let journal = Journal::open(&path, "regtest").unwrap();
        assert_eq!(journal.last_seq(), 3);
        assert_eq!(read(&journal, 0).unwrap(), [1, 2, 3]);
        assert_eq!(read(&journal, 2).unwrap(), [3]);
    }

    #[test]
    fn a_changed_or_missing_record_is_named() {
        for (sql, named) in [
            ("UPDATE record SET body = x'00' WHERE seq = 2", 2),
            ("DELETE FROM record WHERE seq = 1", 1),
            ("DELETE FROM record WHERE seq = 2", 2),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let mut journal = Journal::open(&dir.path().join("j"), "regtest").unwrap();
            journal
                .append([record(1), record(2), record(3)].iter())
                .unwrap();
            journal.db.execute(sql, []).unwrap();
            let error = read(&journal, 0).unwrap_err();
            assert!(
                matches!(error, JournalError::Damaged { seq, .. } if seq == named),
                "{error}"
            );
        }
    }

    #[test]
    fn another_network_or_node_or_a_newer_schema_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let journal = Journal::open(&path, "regtest").unwrap();
        journal.claim_node("02aa").unwrap();
        assert!(matches!(
            journal.claim_node("02bb"),
            Err(JournalError::Foreign { .. })
        ));
        let other = Journal::open(&path, "mainnet");
        assert!(matches!(other, Err(JournalError::Foreign { .. })));
        journal
            .db
            .execute("UPDATE meta SET value = '2' WHERE key = 'schema'", [])
            .unwrap();
        assert!(matches!(
            Journal::open(&path, "regtest"),
            Err(JournalError::Newer { .. })
        ));
    }
}
