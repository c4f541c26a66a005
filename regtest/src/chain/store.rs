//! The chain on disk: a folder that a developer's world is resumed from.
//!
//! `blocks.dat` is a log in the format of bitcoind's `blk*.dat` (magic, length, block). Blocks are
//! appended in the order they were connected; one whose parent is below the tip says that what is
//! above that parent was disconnected. `mempool.dat` is a log of accepted transactions in the same
//! frames, rewritten when a block comes. A tail cut off by a crash is dropped. Nothing is fsynced:
//! this is a development chain. The file knows frames; what they mean to the chain is replayed by
//! `World`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::consensus::{Decodable, Encodable};
use bitcoin::{Block, Network, Transaction};
use thiserror::Error;

use super::mempool::Mempool;
use super::state::ConnectError;

const BLOCKS_FILE: &str = "blocks.dat";
const MEMPOOL_FILE: &str = "mempool.dat";
/// Magic and length.
const FRAME_HEADER_BYTES: usize = 8;
/// Longest frame that can be real: a full block.
const MAX_FRAME_BYTES: usize = 4_000_000;

/// A data directory that cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file system said no.
    #[error("cannot use the chain's folder: {0}")]
    Io(#[from] io::Error),
    /// Another process has the folder open.
    #[error("the chain's folder is in use by another process")]
    InUse,
    /// The block log is damaged before its end.
    #[error("blocks.dat is damaged at byte {offset}")]
    Damaged {
        /// Where the bad frame starts.
        offset: usize,
    },
    /// A block of the log does not fit on the chain before it.
    #[error("block {number} of blocks.dat does not connect: {reason}")]
    DoesNotConnect {
        /// Position in the log, from 0.
        number: usize,
        /// What is wrong with it.
        reason: ConnectError,
    },
}

/// The open folder. The lock on the block log is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Store {
    blocks: File,
    mempool: File,
    folder: PathBuf,
}

/// What a folder holds.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) blocks: Vec<Arc<Block>>,
    pub(crate) mempool: Vec<Arc<Transaction>>,
}

impl Store {
    /// Opens or makes a folder and reads it.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Stored), OpenError> {
        std::fs::create_dir_all(folder)?;
        let mut blocks = open_log(&folder.join(BLOCKS_FILE))?;
        match blocks.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut mempool = open_log(&folder.join(MEMPOOL_FILE))?;
        let (stored_blocks, damage) = read_log(&mut blocks)?;
        if let Some(offset) = damage {
            return Err(OpenError::Damaged { offset });
        }
        // The mempool is kept as well as it goes: what is readable is tried, the rest is forgotten.
        let (stored_mempool, _) = read_log(&mut mempool)?;
        let store = Store {
            blocks,
            mempool,
            folder: folder.to_owned(),
        };
        Ok((
            store,
            Stored {
                blocks: stored_blocks,
                mempool: stored_mempool,
            },
        ))
    }

    /// Notes connected blocks, and the mempool as it is after them.
    pub(crate) fn append_blocks(&mut self, blocks: &[Arc<Block>], mempool: &Mempool) {
        let frames: Vec<u8> = blocks
            .iter()
            .flat_map(|block| frame(block.as_ref()))
            .collect();
        let result = self.blocks.write_all(&frames);
        self.report("append blocks", result);
        self.rewrite_mempool(mempool);
    }

    /// Notes an accepted transaction.
    pub(crate) fn append_tx(&mut self, tx: &Transaction) {
        let result = self.mempool.write_all(&frame(tx));
        self.report("append a transaction", result);
    }

    /// Notes the mempool from scratch.
    pub(crate) fn rewrite_mempool(&mut self, mempool: &Mempool) {
        let frames: Vec<u8> = mempool
            .iter()
            .flat_map(|entry| frame(entry.tx.as_ref()))
            .collect();
        let result = truncate(&mut self.mempool, 0).and_then(|()| self.mempool.write_all(&frames));
        self.report("rewrite the mempool", result);
    }

    /// A full disk must not stop a chain that also lives in memory; the next start is just older.
    fn report(&self, what: &str, result: io::Result<()>) {
        if let Err(error) = result {
            tracing::error!(folder = %self.folder.display(), %error, "could not {what}");
        }
    }
}

fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn truncate(file: &mut File, len: u64) -> io::Result<()> {
    file.set_len(len)?;
    file.seek(SeekFrom::Start(len)).map(drop)
}

fn frame<T: Encodable>(item: &T) -> Vec<u8> {
    let body = serialize(item);
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = Network::Regtest.magic().to_bytes().to_vec();
    bytes.extend(len.to_le_bytes());
    bytes.extend(body);
    bytes
}

/// Reads every whole frame, drops a cut-off tail, and leaves the file at its end. The second value
/// is where a frame that is whole and yet not readable starts.
fn read_log<T: Decodable>(file: &mut File) -> io::Result<(Vec<Arc<T>>, Option<usize>)> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut items = Vec::new();
    let mut offset = 0;
    while let Some(header) = bytes.get(offset..offset + FRAME_HEADER_BYTES) {
        let (magic, len) = header.split_at(4);
        let len = len
            .try_into()
            .map_or(usize::MAX, |len| u32::from_le_bytes(len) as usize);
        if magic != Network::Regtest.magic().to_bytes() || len > MAX_FRAME_BYTES {
            return Ok((items, Some(offset)));
        }
        let start = offset + FRAME_HEADER_BYTES;
        let Some(body) = bytes.get(start..start + len) else {
            break;
        };
        let Ok(item) = deserialize(body) else {
            return Ok((items, Some(offset)));
        };
        items.push(Arc::new(item));
        offset = start + len;
    }
    truncate(file, offset as u64)?;
    Ok((items, None))
}
