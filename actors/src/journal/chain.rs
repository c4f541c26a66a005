//! The chain of hashes over all records. Owns how a row is read and checked; it does not know what
//! a record means.
//!
//! A row's hash is `SHA-256(previous hash ‖ seq as u64 big-endian ‖ version ‖ record)`, so a record
//! that was changed, cut or moved is found.

use std::path::PathBuf;
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags, Row};
use sha2::{Digest, Sha256};

use super::error::{JournalError, damaged, meta_damaged, read_error};
use super::meta::Meta;

/// What the first record's hash is chained to.
pub(super) const GENESIS: [u8; 32] = [0; 32];
/// Records read by one statement: while it runs, SQLite cannot reuse what was appended meanwhile.
const CHUNK: u64 = 10_000;
/// Beyond every record: SQLite's integers are signed.
pub(super) const MAX_SEQ: u64 = i64::MAX as u64;
/// Progress is reported after this many records.
const REPORT_EVERY: u64 = 250_000;

/// A record's place in the chain; two journals with the same head have the same history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The record's sequence number, 0 before the first.
    pub seq: u64,
    /// Its hash, which covers all before it.
    pub hash: [u8; 32],
}

impl Head {
    /// Before the first record.
    pub const GENESIS: Self = Self {
        seq: 0,
        hash: GENESIS,
    };

    /// The head after one more record.
    pub(super) fn next(&self, version: u8, body: &[u8]) -> Self {
        let seq = self.seq + 1;
        let mut hasher = Sha256::new();
        hasher.update(self.hash);
        hasher.update(seq.to_be_bytes());
        hasher.update([version]);
        hasher.update(body);
        Self {
            seq,
            hash: hasher.finalize().into(),
        }
    }
}

/// A row that follows in the chain.
pub(super) struct Link<'row> {
    pub(super) head: Head,
    pub(super) version: u8,
    pub(super) body: &'row [u8],
}

/// Checks that a row is what follows `previous`. Columns: seq, version, body, hash.
pub(super) fn check<'row>(row: &'row Row<'_>, previous: &Head) -> Result<Link<'row>, JournalError> {
    let expected = previous.seq + 1;
    let seq: i64 = row.get(0).map_err(|e| damaged(expected, &e))?;
    if seq.cast_unsigned() != expected {
        return Err(damaged(expected, &"missing"));
    }
    let version: u8 = row.get(1).map_err(|e| damaged(expected, &e))?;
    let blob = |column| {
        let value = row.get_ref(column).map_err(|e| damaged(expected, &e))?;
        value.as_blob().map_err(|e| damaged(expected, &e))
    };
    let (body, stored) = (blob(2)?, blob(3)?);
    let head = previous.next(version, body);
    if stored != head.hash {
        return Err(damaged(expected, &"its hash does not match"));
    }
    Ok(Link {
        head,
        version,
        body,
    })
}

/// Walks the chain after `from`, up to and with the record `last`, row by row.
pub(super) fn walk<E: From<JournalError>>(
    db: &Connection,
    from: Head,
    last: u64,
    mut visit: impl FnMut(Link<'_>) -> Result<(), E>,
) -> Result<Head, E> {
    let mut head = from;
    let sql = "SELECT seq, version, body, hash FROM record \
               WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
    let mut select = db.prepare(sql).map_err(JournalError::from)?;
    loop {
        let start = head.seq;
        let rows = select.query([start, last, CHUNK].map(u64::cast_signed));
        let mut rows = rows.map_err(JournalError::from)?;
        while let Some(row) = rows.next().map_err(|e| read_error(head.seq, e))? {
            let link = check(row, &head)?;
            let next = link.head;
            visit(link)?;
            head = next;
        }
        if head.seq - start < CHUNK {
            return Ok(head);
        }
    }
}

/// Checks the whole chain, from the first record to the one noted as the last.
pub(super) fn verify(db: &Connection) -> Result<Head, JournalError> {
    // Read first: what is appended while we walk lies beyond it.
    let noted = Meta::head(db)?;
    let mut at_noted = (noted.seq == 0).then_some(Head::GENESIS);
    let end = walk::<JournalError>(db, Head::GENESIS, MAX_SEQ, |link| {
        if link.head.seq == noted.seq {
            at_noted = Some(link.head);
        }
        if link.head.seq.is_multiple_of(REPORT_EVERY) {
            let (done, of) = (link.head.seq, noted.seq);
            tracing::info!(done, of, "checking the journal");
        }
        Ok(())
    })?;
    match at_noted {
        Some(head) if head == noted => Ok(end),
        Some(_) => Err(meta_damaged("its note of the last record does not match")),
        None => Err(damaged(end.seq + 1, &"missing")),
    }
}

/// Checks the whole chain on a thread of its own, over a connection of its own.
///
/// # Errors
/// If the system has no thread to give.
pub(crate) fn verify_aside(
    path: PathBuf,
) -> std::io::Result<JoinHandle<Result<Head, JournalError>>> {
    let name = "journal-check".to_owned();
    std::thread::Builder::new()
        .name(name)
        .spawn(move || verify(&Connection::open_with_flags(path, read_only())?))
}

pub(super) fn read_only() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}
