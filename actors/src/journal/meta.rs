//! What the journal says of itself: version of the tables, network, node, and its last record.
//! Owns the table `meta`; knows nothing of what is in a record.
//!
//! A row that is gone or changed must not pass for one that was never written, or a journal could
//! be taken for another network's or node's. So all rows but `head` are covered by a digest.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use super::chain::{GENESIS, Head};
use super::error::{JournalError, meta_damaged};

/// The layout of the tables that this program writes, and the newest that it reads.
const SCHEMA: u32 = 2;
/// In place of the node's id from just before the node is made until it is there.
const NODE_IS_BEING_MADE: &str = "being made";
/// The row that a journal has which came from a backup. The channels of its node are lost.
const RESTORED: &str = "restored";
/// In that row until the first start: the node is to be made anew, and there must be none yet.
const WAITS_FOR_NODE: &str = "waits for its node";
/// In that row from just before that node is made until it is there.
const NODE_COMES_BACK: &str = "its node is being made";
/// In that row from then on.
const NODE_IS_BACK: &str = "its node was made anew";
/// The row with the number of the last start.
const GENERATION: &str = "generation";
/// Rows that the digest does not cover: itself, and what changes with every commit.
const UNCOVERED: [&str; 2] = ["check", "head"];

/// The rows, as they were when the journal was opened or last bound to something.
#[derive(Debug)]
pub(super) struct Meta(BTreeMap<String, String>);

impl Meta {
    /// Makes the tables where there are none, and describes the journal in them.
    pub(super) fn create(db: &mut Connection, network: &str) -> Result<(), JournalError> {
        let transaction = db.transaction()?;
        let tables: u32 =
            transaction.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get(0))?;
        if tables == 0 {
            transaction.execute_batch(
                "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
                 CREATE TABLE record (
                     seq INTEGER PRIMARY KEY, version INTEGER NOT NULL,
                     body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;",
            )?;
            let rows = [("schema", SCHEMA.to_string()), ("network", network.into())];
            let mut meta = Self(rows.map(|(key, value)| (key.to_owned(), value)).into());
            meta.seal();
            meta.write(&transaction)?;
            write_head(&transaction, &Head::GENESIS)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Reads the rows and checks that they are as they were written, of a version that this
    /// program reads, and of this network.
    pub(super) fn read(db: &Connection, network: &str) -> Result<Self, JournalError> {
        let mut select = db.prepare("SELECT key, value FROM meta")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows: Result<BTreeMap<String, String>, _> = rows.collect();
        let meta = Self(rows.map_err(unreadable)?);
        let schema: Option<u32> = meta.0.get("schema").and_then(|text| text.parse().ok());
        match (meta.0.get("check"), schema) {
            (Some(check), _) if *check == meta.digest() => {}
            (None, Some(found)) if found < SCHEMA => return Err(JournalError::Older { found }),
            (Some(_) | None, _) => return Err(meta_damaged("its digest does not match")),
        }
        match schema {
            Some(SCHEMA) => {}
            Some(found) if found > SCHEMA => {
                let (what, known) = ("its tables", SCHEMA);
                return Err(JournalError::Newer { what, found, known });
            }
            Some(_) | None => return Err(meta_damaged("it has no version")),
        }
        meta.is("network", network)?;
        Ok(meta)
    }

    fn is(&self, what: &'static str, wanted: &str) -> Result<(), JournalError> {
        match self.0.get(what) {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(JournalError::Foreign {
                what,
                found: found.clone(),
                wanted: wanted.to_owned(),
            }),
            None => Err(meta_damaged(format!("{what} is missing"))),
        }
    }

    /// To be called before a node is built. Where there is one already, this journal must have
    /// seen it made; where there is none, the intention to make one is written down. A journal that
    /// has a node and does not find it has lost its channels, and nobody decides that in passing.
    pub(super) fn before_node(
        &mut self,
        db: &mut Connection,
        exists: bool,
    ) -> Result<(), JournalError> {
        let node = self.0.get("node").map(String::as_str);
        let restored = self.0.get(RESTORED).map(String::as_str);
        match (node, restored, exists) {
            (_, Some(WAITS_FOR_NODE), true) => Err(JournalError::NodeBesideRestored),
            (_, Some(WAITS_FOR_NODE), false) => self.set(db, RESTORED, NODE_COMES_BACK),
            (None, _, true) => Err(JournalError::EmptyBesideNode),
            (None, _, false) => self.set(db, "node", NODE_IS_BEING_MADE),
            (Some(NODE_IS_BEING_MADE), _, _)
            | (Some(_), Some(NODE_COMES_BACK), false)
            | (Some(_), _, true) => Ok(()),
            (Some(found), _, false) => Err(JournalError::NodeLost {
                node_id: found.to_owned(),
            }),
        }
    }

    /// Binds the journal to a node, or checks that it is bound to this one.
    pub(super) fn claim_node(
        &mut self,
        db: &mut Connection,
        node_id: &str,
    ) -> Result<(), JournalError> {
        match self.0.get("node").map(String::as_str) {
            None | Some(NODE_IS_BEING_MADE) => self.set(db, "node", node_id)?,
            Some(_) => self.is("node", node_id)?,
        }
        match self.0.get(RESTORED).map(String::as_str) {
            Some(NODE_COMES_BACK) => self.set(db, RESTORED, NODE_IS_BACK),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes that this is a copy whose node is lost.
    pub(super) fn mark_restored(&mut self, db: &mut Connection) -> Result<(), JournalError> {
        self.set(db, RESTORED, WAITS_FOR_NODE)
    }

    /// Whether the node of this journal was ever lost.
    pub(super) fn was_restored(&self) -> bool {
        self.0.contains_key(RESTORED)
    }

    /// The number of the last start, 0 if there was none that had one.
    pub(super) fn generation(&self) -> u64 {
        let row = self.0.get(GENERATION);
        row.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    pub(super) fn set_generation(
        &mut self,
        db: &mut Connection,
        generation: u64,
    ) -> Result<(), JournalError> {
        self.set(db, GENERATION, &generation.to_string())
    }

    /// The node that it is bound to.
    pub(super) fn node_id(&self) -> Option<&str> {
        let node = self.0.get("node").map(String::as_str);
        node.filter(|node| *node != NODE_IS_BEING_MADE)
    }

    pub(super) fn set(
        &mut self,
        db: &mut Connection,
        key: &str,
        value: &str,
    ) -> Result<(), JournalError> {
        self.0.insert(key.to_owned(), value.to_owned());
        self.seal();
        let transaction = db.transaction()?;
        self.write(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    /// The last record, as it was noted in the commit that wrote it.
    pub(super) fn head(db: &Connection) -> Result<Head, JournalError> {
        let sql = "SELECT value FROM meta WHERE key = 'head'";
        let text: String = db
            .query_row(sql, [], |row| row.get(0))
            .map_err(unreadable)?;
        let (seq, hash) = text.split_once(' ').unwrap_or_default();
        let mut head = Head {
            seq: seq.parse().map_err(|_| meta_damaged("its last record"))?,
            hash: GENESIS,
        };
        hex::decode_to_slice(hash, &mut head.hash).map_err(|_| meta_damaged("its last hash"))?;
        Ok(head)
    }

    fn write(&self, db: &Connection) -> Result<(), JournalError> {
        for (key, value) in &self.0 {
            if key != "head" {
                write_row(db, key, value)?;
            }
        }
        Ok(())
    }

    fn seal(&mut self) {
        let digest = self.digest();
        self.0.insert("check".to_owned(), digest);
    }

    fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (key, value) in &self.0 {
            if !UNCOVERED.contains(&key.as_str()) {
                hasher.update(format!("{key}={value}\n"));
            }
        }
        hex::encode(hasher.finalize())
    }
}

/// Notes the last record, in the transaction that writes it: a journal whose end was cut off is
/// then known for it.
pub(super) fn write_head(db: &Connection, head: &Head) -> Result<(), JournalError> {
    let value = format!("{} {}", head.seq, hex::encode(head.hash));
    write_row(db, "head", &value)
}

fn write_row(db: &Connection, key: &str, value: &str) -> Result<(), JournalError> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?;
    upsert.execute(params![key, value])?;
    Ok(())
}

/// A row that is missing or of another type is damage, whatever SQLite calls it.
fn unreadable(error: rusqlite::Error) -> JournalError {
    let error = super::error::read_error(0, error);
    if let JournalError::Sqlite(error) = &error {
        return meta_damaged(error.to_string());
    }
    error
}
