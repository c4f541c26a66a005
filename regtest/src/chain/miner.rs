//! Builds and solves blocks.
//!
//! Takes the chain, the mempool and a time, and gives a block that bitcoind would accept: height in
//! the coinbase (BIP 34), witness commitment (BIP 141), correct merkle root, real proof of work
//! against the regtest target. It connects nothing and reads no clock.

use std::collections::HashSet;

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::script::Builder;
use bitcoin::{
    Amount, Block, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut, Txid,
    Weight, Witness, absolute, transaction,
};

use super::mempool::Mempool;
use super::state::ChainState;

/// Blocks between two halvings of the subsidy on regtest.
const SUBSIDY_HALVING_BLOCKS: u32 = 150;
/// Subsidy of the first blocks, in satoshi.
const FIRST_SUBSIDY_SAT: u64 = 5_000_000_000;
/// Room kept for the header and the coinbase.
const RESERVED_WEIGHT: Weight = Weight::from_wu(4_000);
/// Opens the output that commits to the witnesses (BIP 141).
const WITNESS_COMMITMENT_HEADER: [u8; 4] = [0xaa, 0x21, 0xa9, 0xed];
/// The witness of the coinbase; any 32 bytes will do.
const WITNESS_RESERVED_VALUE: [u8; 32] = [0; 32];

/// What a new block takes from the mempool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Everything that fits, parents before children.
    Mempool,
    /// Nothing: blocks pass while transactions stay unconfirmed.
    Nothing,
}

/// A solved block on top of the tip, paying `payout`. `now_secs` is seconds since 1970.
pub(crate) fn build(
    state: &ChainState,
    mempool: &Mempool,
    payout: ScriptBuf,
    fill: Fill,
    now_secs: u32,
) -> Block {
    let (txs, fees) = match fill {
        Fill::Mempool => select(mempool),
        Fill::Nothing => (Vec::new(), Amount::ZERO),
    };
    let height = state.height() + 1;
    let mut txdata = vec![coinbase(height, state.known_blocks(), payout, fees)];
    txdata.extend(txs);
    let mut block = Block {
        header: header(state, now_secs),
        txdata,
    };
    commit_to_witnesses(&mut block);
    if let Some(root) = block.compute_merkle_root() {
        block.header.merkle_root = root;
    }
    solve(&mut block.header);
    block
}

fn select(mempool: &Mempool) -> (Vec<Transaction>, Amount) {
    let mut left = Weight::MAX_BLOCK - RESERVED_WEIGHT;
    let mut chosen: HashSet<Txid> = HashSet::new();
    let mut txs = Vec::new();
    let mut fees = Amount::ZERO;
    for entry in mempool.iter() {
        let weight = entry.tx.weight();
        let parents_in = mempool
            .parents(&entry.tx)
            .iter()
            .all(|parent| chosen.contains(parent));
        if weight <= left && parents_in {
            left -= weight;
            fees += entry.fee;
            chosen.insert(entry.txid);
            txs.push(Transaction::clone(&entry.tx));
        }
    }
    (txs, fees)
}

/// `extra_nonce` makes two blocks on the same parent differ, as after a reorg within one second.
fn coinbase(height: u32, extra_nonce: usize, payout: ScriptBuf, fees: Amount) -> Transaction {
    let extra_nonce = i64::try_from(extra_nonce).unwrap_or(i64::MAX);
    let input = TxIn {
        previous_output: OutPoint::null(),
        script_sig: Builder::new()
            .push_int(i64::from(height))
            .push_int(extra_nonce)
            .into_script(),
        sequence: Sequence::MAX,
        witness: Witness::from_slice(&[WITNESS_RESERVED_VALUE]),
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![TxOut {
            value: subsidy(height) + fees,
            script_pubkey: payout,
        }],
    }
}

/// What a block at `height` creates, fees not counted.
fn subsidy(height: u32) -> Amount {
    let halvings = height / SUBSIDY_HALVING_BLOCKS;
    Amount::from_sat(FIRST_SUBSIDY_SAT.checked_shr(halvings).unwrap_or(0))
}

fn header(state: &ChainState, now_secs: u32) -> Header {
    let tip = state
        .block(&state.tip_hash())
        .map(|known| known.block.header);
    let tip_time = tip.map_or(0, |tip| tip.time);
    let earliest = state.median_time(state.height()) + 1;
    Header {
        version: Version::NO_SOFT_FORK_SIGNALLING,
        prev_blockhash: state.tip_hash(),
        merkle_root: TxMerkleNode::all_zeros(),
        time: now_secs.max(tip_time).max(earliest),
        bits: bitcoin::params::REGTEST
            .max_attainable_target
            .to_compact_lossy(),
        nonce: 0,
    }
}

fn commit_to_witnesses(block: &mut Block) {
    let Some(root) = block.witness_root() else {
        return;
    };
    let commitment = Block::compute_witness_commitment(&root, &WITNESS_RESERVED_VALUE);
    let mut payload = [0; 36];
    payload[..4].copy_from_slice(&WITNESS_COMMITMENT_HEADER);
    payload[4..].copy_from_slice(commitment.as_byte_array());
    if let Some(coinbase) = block.txdata.first_mut() {
        let script_pubkey = ScriptBuf::new_op_return(payload);
        coinbase.output.push(TxOut {
            value: Amount::ZERO,
            script_pubkey,
        });
    }
}

/// Every second nonce solves a regtest block; the loop ends after a few turns.
fn solve(header: &mut Header) {
    let target = header.target();
    while header.validate_pow(target).is_err() {
        header.nonce = header.nonce.wrapping_add(1);
    }
}
