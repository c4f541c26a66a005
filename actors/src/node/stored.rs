//! Reads the on-chain wallet that the node keeps in its store. Owns the form of ldk-node 0.7.1's rows, which is
//! private to it and tied to that version; writes nothing, and asks no chain source.
//!
//! A bitcoind knows blocks and no addresses: to find the wallet's coins by it, every block since the
//! wallet's beginning would have to be read for each payment. The node has done that already.

#![allow(
    clippy::drop_non_drop,
    reason = "LDK's macros for its TLV streams end their readers so"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use bdk_wallet::ChangeSet;
use bdk_wallet::chain::{BlockId, ConfirmationBlockTime, DescriptorId, keychain_txout};
use bdk_wallet::chain::{local_chain, tx_graph};
use bdk_wallet::descriptor::ExtendedDescriptor;
use ldk_node::bitcoin::hashes::{Hash as _, sha256};
use ldk_node::bitcoin::{BlockHash, Network, OutPoint, Transaction, TxOut, Txid};
use ldk_node::lightning::io::Read;
use ldk_node::lightning::ln::msgs::DecodeError;
use ldk_node::lightning::util::ser::{BigSize, Readable, RequiredWrapper};
use ldk_node::lightning::{decode_tlv_stream, read_tlv_fields};
use rusqlite::{Connection, OpenFlags};

use super::NodeError;

/// The node's store, in its folder.
pub(super) const STORE_FILE: &str = "ldk_node_data.sqlite";
/// All rows of the wallet at one moment.
const ROWS: &str = "SELECT key, value FROM ldk_node_data \
                    WHERE primary_namespace = 'bdk_wallet' AND secondary_namespace = ''";
/// The form of a row's value, its first byte.
const VERSION: u8 = 1;

/// Everything the node's wallet knew when it was last synced.
pub(super) fn wallet(dir: &Path, network: Network) -> Result<ChangeSet, NodeError> {
    let unreadable =
        |why: &dyn std::fmt::Display| NodeError::Failed(format!("the node's wallet: {why}"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(dir.join(STORE_FILE), flags)
        .map_err(|error| unreadable(&error))?;
    let mut rows = db.prepare(ROWS).map_err(|error| unreadable(&error))?;
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect::<Result<Vec<(String, Vec<u8>)>, _>>)
        .map_err(|error| unreadable(&error))?;
    let mut known = ChangeSet {
        network: Some(network),
        ..ChangeSet::default()
    };
    for (key, value) in rows {
        read_row(&mut known, &key, &mut value.as_slice())
            .map_err(|error| unreadable(&format!("{key}: {error}")))?;
    }
    Ok(known)
}

fn read_row(known: &mut ChangeSet, key: &str, value: &mut &[u8]) -> Result<(), DecodeError> {
    let version: u8 = Readable::read(value)?;
    if version != VERSION {
        return Err(DecodeError::UnknownVersion);
    }
    match key {
        "descriptor" => known.descriptor = Some(descriptor(value)?),
        "change_descriptor" => known.change_descriptor = Some(descriptor(value)?),
        "local_chain" => known.local_chain = chain(value)?,
        "tx_graph" => known.tx_graph = graph(value)?,
        "indexer" => known.indexer = indexer(value)?,
        // The network is what the node was built with.
        _ => {}
    }
    Ok(())
}

fn descriptor(value: &mut &[u8]) -> Result<ExtendedDescriptor, DecodeError> {
    let text: String = Readable::read(value)?;
    ExtendedDescriptor::from_str(&text).map_err(|_| DecodeError::InvalidValue)
}

fn chain(value: &mut &[u8]) -> Result<local_chain::ChangeSet, DecodeError> {
    let mut blocks: RequiredWrapper<BTreeMap<u32, Option<BlockHash>>> = RequiredWrapper(None);
    decode_tlv_stream!(value, { (0, blocks, required) });
    let blocks = required(blocks)?;
    Ok(local_chain::ChangeSet { blocks })
}

fn graph(value: &mut &[u8]) -> Result<tx_graph::ChangeSet<ConfirmationBlockTime>, DecodeError> {
    let mut txs: RequiredWrapper<Transactions> = RequiredWrapper(None);
    let mut txouts: RequiredWrapper<BTreeMap<OutPoint, TxOut>> = RequiredWrapper(None);
    let mut anchors: RequiredWrapper<Anchors> = RequiredWrapper(None);
    let mut last_seen: RequiredWrapper<BTreeMap<Txid, u64>> = RequiredWrapper(None);
    let mut first_seen: Option<BTreeMap<Txid, u64>> = None;
    let mut last_evicted: Option<BTreeMap<Txid, u64>> = None;
    decode_tlv_stream!(value, {
        (0, txs, required),
        (1, first_seen, option),
        (2, txouts, required),
        (3, last_evicted, option),
        (4, anchors, required),
        (6, last_seen, required),
    });
    Ok(tx_graph::ChangeSet {
        txs: required(txs)?.0,
        txouts: required(txouts)?,
        anchors: required(anchors)?.0,
        last_seen: required(last_seen)?,
        first_seen: first_seen.unwrap_or_default(),
        last_evicted: last_evicted.unwrap_or_default(),
    })
}

fn indexer(value: &mut &[u8]) -> Result<keychain_txout::ChangeSet, DecodeError> {
    let mut last_revealed: RequiredWrapper<LastRevealed> = RequiredWrapper(None);
    decode_tlv_stream!(value, { (0, last_revealed, required) });
    Ok(keychain_txout::ChangeSet {
        last_revealed: required(last_revealed)?.0,
        ..keychain_txout::ChangeSet::default()
    })
}

fn required<T>(field: RequiredWrapper<T>) -> Result<T, DecodeError> {
    field.0.ok_or(DecodeError::InvalidValue)
}

/// A number, and so many transactions.
struct Transactions(BTreeSet<Arc<Transaction>>);

impl Readable for Transactions {
    fn read<R: Read>(reader: &mut R) -> Result<Self, DecodeError> {
        let count: BigSize = Readable::read(reader)?;
        let mut all = BTreeSet::new();
        for _ in 0..count.0 {
            let mut tx: RequiredWrapper<Transaction> = RequiredWrapper(None);
            read_tlv_fields!(reader, { (0, tx, required) });
            all.insert(Arc::new(required(tx)?));
        }
        Ok(Self(all))
    }
}

/// A number, and so many places of transactions in blocks.
struct Anchors(BTreeSet<(ConfirmationBlockTime, Txid)>);

impl Readable for Anchors {
    fn read<R: Read>(reader: &mut R) -> Result<Self, DecodeError> {
        let count: BigSize = Readable::read(reader)?;
        let mut all = BTreeSet::new();
        for _ in 0..count.0 {
            let mut place: RequiredWrapper<Place> = RequiredWrapper(None);
            let mut txid: RequiredWrapper<Txid> = RequiredWrapper(None);
            read_tlv_fields!(reader, { (0, place, required), (2, txid, required) });
            all.insert((required(place)?.0, required(txid)?));
        }
        Ok(Self(all))
    }
}

/// A block, and its time.
struct Place(ConfirmationBlockTime);

impl Readable for Place {
    fn read<R: Read>(reader: &mut R) -> Result<Self, DecodeError> {
        let mut block: RequiredWrapper<Block> = RequiredWrapper(None);
        let mut time: RequiredWrapper<u64> = RequiredWrapper(None);
        decode_tlv_stream!(reader, { (0, block, required), (2, time, required) });
        Ok(Self(ConfirmationBlockTime {
            block_id: required(block)?.0,
            confirmation_time: required(time)?,
        }))
    }
}

struct Block(BlockId);

impl Readable for Block {
    fn read<R: Read>(reader: &mut R) -> Result<Self, DecodeError> {
        let mut height: RequiredWrapper<u32> = RequiredWrapper(None);
        let mut hash: RequiredWrapper<BlockHash> = RequiredWrapper(None);
        decode_tlv_stream!(reader, { (0, height, required), (2, hash, required) });
        Ok(Self(BlockId {
            height: required(height)?,
            hash: required(hash)?,
        }))
    }
}

/// The newest address that was given out, by the descriptor it is of.
struct LastRevealed(BTreeMap<DescriptorId, u32>);

impl Readable for LastRevealed {
    fn read<R: Read>(reader: &mut R) -> Result<Self, DecodeError> {
        let count: BigSize = Readable::read(reader)?;
        let mut all = BTreeMap::new();
        for _ in 0..count.0 {
            let mut id: RequiredWrapper<Id> = RequiredWrapper(None);
            let mut index: RequiredWrapper<u32> = RequiredWrapper(None);
            read_tlv_fields!(reader, { (0, id, required), (2, index, required) });
            all.insert(required(id)?.0, required(index)?);
        }
        Ok(Self(all))
    }
}

struct Id(DescriptorId);

impl Readable for Id {
    fn read<R: Read>(reader: &mut R) -> Result<Self, DecodeError> {
        let mut hash: RequiredWrapper<[u8; 32]> = RequiredWrapper(None);
        decode_tlv_stream!(reader, { (0, hash, required) });
        let hash = sha256::Hash::from_byte_array(required(hash)?);
        Ok(Self(DescriptorId(hash)))
    }
}
