//! The confirmed chain: blocks, unspent coins, and what is needed to find them.
//!
//! Connecting and disconnecting blocks happens here. Stale blocks stay known, because a client that
//! saw one asks for it later. This file knows neither the mempool nor who mines.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bitcoin::{Block, BlockHash, OutPoint, Transaction, TxOut, Txid};
use thiserror::Error;

use super::index::{ScriptIndex, ScriptKey};

/// Number of blocks whose median time is the chain's clock (BIP 113).
const MEDIAN_TIME_BLOCKS: usize = 11;

/// A block that does not fit on the tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The parent is not the tip.
    #[error("bad-prevblk")]
    WrongParent,
    /// The hash is above the target.
    #[error("high-hash")]
    HighHash,
    /// The header does not commit to the transactions.
    #[error("bad-txnmrklroot")]
    BadMerkleRoot,
    /// A transaction spends a coin that is not there.
    #[error("bad-txns-inputs-missingorspent")]
    MissingInputs,
}

/// A block that was part of the best chain at some time.
#[derive(Debug, Clone)]
pub(crate) struct KnownBlock {
    pub(crate) block: Arc<Block>,
    pub(crate) height: u32,
}

/// A transaction in the best chain.
#[derive(Debug, Clone)]
pub(crate) struct ConfirmedTx {
    pub(crate) tx: Arc<Transaction>,
    pub(crate) block_hash: BlockHash,
    pub(crate) height: u32,
    /// Index in the block; 0 is the coinbase.
    pub(crate) position: usize,
}

/// An output that can be spent.
#[derive(Debug, Clone)]
pub(crate) struct Coin {
    pub(crate) output: TxOut,
    pub(crate) height: u32,
    pub(crate) coinbase: bool,
}

/// The input that spends an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spender {
    pub(crate) txid: Txid,
    pub(crate) vin: u32,
}

/// The best chain, and stale blocks beside it.
#[derive(Debug)]
pub(crate) struct ChainState {
    blocks: HashMap<BlockHash, KnownBlock>,
    /// Hashes of the best chain; the index is the height. Never empty.
    active: Vec<BlockHash>,
    txs: HashMap<Txid, ConfirmedTx>,
    coins: HashMap<OutPoint, Coin>,
    spends: HashMap<OutPoint, Spender>,
    scripts: ScriptIndex,
}

impl ChainState {
    /// A chain of the genesis block alone. Its coinbase is findable but, as in bitcoind, no coin.
    pub(crate) fn new(genesis: Block) -> Self {
        let hash = genesis.block_hash();
        let mut state = ChainState {
            blocks: HashMap::new(),
            active: Vec::new(),
            txs: HashMap::new(),
            coins: HashMap::new(),
            spends: HashMap::new(),
            scripts: ScriptIndex::default(),
        };
        let genesis = Arc::new(genesis);
        state.index_txs(&genesis, hash, 0);
        state.coins.clear();
        state.scripts.forget_coins();
        state.active.push(hash);
        state.blocks.insert(
            hash,
            KnownBlock {
                block: genesis,
                height: 0,
            },
        );
        state
    }

    pub(crate) fn height(&self) -> u32 {
        u32::try_from(self.active.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn tip_hash(&self) -> BlockHash {
        self.active[self.active.len() - 1]
    }

    pub(crate) fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.active.get(usize::try_from(height).ok()?).copied()
    }

    pub(crate) fn block(&self, hash: &BlockHash) -> Option<&KnownBlock> {
        self.blocks.get(hash)
    }

    pub(crate) fn block_at(&self, height: u32) -> Option<&KnownBlock> {
        self.block(&self.hash_at(height)?)
    }

    pub(crate) fn is_active(&self, hash: &BlockHash) -> bool {
        self.block(hash)
            .is_some_and(|known| self.hash_at(known.height) == Some(*hash))
    }

    /// Number of blocks ever known, stale ones included.
    pub(crate) fn known_blocks(&self) -> usize {
        self.blocks.len()
    }

    pub(crate) fn tx(&self, txid: &Txid) -> Option<&ConfirmedTx> {
        self.txs.get(txid)
    }

    pub(crate) fn coin(&self, outpoint: &OutPoint) -> Option<&Coin> {
        self.coins.get(outpoint)
    }

    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<Spender> {
        self.spends.get(outpoint).copied()
    }

    /// Confirmed transactions that pay or spend a script, oldest first.
    pub(crate) fn history(&self, key: &ScriptKey) -> &[Txid] {
        self.scripts.history(key)
    }

    /// Confirmed unspent outputs of a script.
    pub(crate) fn coins_of(&self, key: &ScriptKey) -> impl Iterator<Item = (OutPoint, &Coin)> {
        self.scripts
            .coins(key)
            .filter_map(|outpoint| Some((*outpoint, self.coins.get(outpoint)?)))
    }

    /// The output an outpoint of the best chain names, spent or not.
    pub(crate) fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        self.txs
            .get(&outpoint.txid)?
            .tx
            .output
            .get(usize::try_from(outpoint.vout).ok()?)
    }

    /// Median time past (BIP 113) of the best chain at `height`, in seconds since 1970.
    pub(crate) fn median_time(&self, height: u32) -> u32 {
        let mut times: Vec<u32> = (0..=height)
            .rev()
            .take(MEDIAN_TIME_BLOCKS)
            .filter_map(|height| Some(self.block_at(height)?.block.header.time))
            .collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or(0)
    }

    /// Puts a block on the tip. Scripts and amounts are not checked: only blocks of our own miner,
    /// filled from the checked mempool, and those of a real bitcoind come here.
    pub(crate) fn connect(&mut self, block: Arc<Block>) -> Result<(), ConnectError> {
        self.check_connects(&block)?;
        let hash = block.block_hash();
        let height = self.height() + 1;
        self.index_txs(&block, hash, height);
        self.active.push(hash);
        self.blocks.insert(hash, KnownBlock { block, height });
        Ok(())
    }

    fn check_connects(&self, block: &Block) -> Result<(), ConnectError> {
        if block.header.prev_blockhash != self.tip_hash() {
            return Err(ConnectError::WrongParent);
        }
        if block.header.validate_pow(block.header.target()).is_err() {
            return Err(ConnectError::HighHash);
        }
        if !block.check_merkle_root() || !block.check_witness_commitment() {
            return Err(ConnectError::BadMerkleRoot);
        }
        let mut fresh = HashSet::new();
        let mut spent = HashSet::new();
        for tx in &block.txdata {
            if !tx.is_coinbase() {
                for input in &tx.input {
                    let outpoint = input.previous_output;
                    let exists = self.coins.contains_key(&outpoint) || fresh.contains(&outpoint);
                    if !exists || !spent.insert(outpoint) {
                        return Err(ConnectError::MissingInputs);
                    }
                }
            }
            fresh.extend(outpoints(tx, tx.compute_txid()).map(|(outpoint, _)| outpoint));
        }
        Ok(())
    }

    fn index_txs(&mut self, block: &Arc<Block>, block_hash: BlockHash, height: u32) {
        for (position, tx) in block.txdata.iter().enumerate() {
            let txid = tx.compute_txid();
            let coinbase = position == 0;
            if !coinbase {
                for (vin, input) in (0u32..).zip(&tx.input) {
                    let outpoint = input.previous_output;
                    if let Some(coin) = self.coins.remove(&outpoint) {
                        let key = ScriptIndex::key(&coin.output.script_pubkey);
                        self.scripts.touch(key, txid);
                        self.scripts.remove_coin(key, outpoint);
                    }
                    self.spends.insert(outpoint, Spender { txid, vin });
                }
            }
            for (outpoint, output) in outpoints(tx, txid) {
                let key = ScriptIndex::key(&output.script_pubkey);
                self.scripts.touch(key, txid);
                if !output.script_pubkey.is_op_return() {
                    self.scripts.add_coin(key, outpoint);
                    let output = output.clone();
                    self.coins.insert(
                        outpoint,
                        Coin {
                            output,
                            height,
                            coinbase,
                        },
                    );
                }
            }
            let tx = Arc::new(tx.clone());
            self.txs.insert(
                txid,
                ConfirmedTx {
                    tx,
                    block_hash,
                    height,
                    position,
                },
            );
        }
    }

    /// Knows a block that is not, or not any more, of the best chain.
    pub(crate) fn remember(&mut self, height: u32, block: Arc<Block>) {
        let hash = block.block_hash();
        self.blocks.insert(hash, KnownBlock { block, height });
    }

    /// Takes the tip off; it stays known as a stale block. Genesis cannot be taken off.
    pub(crate) fn disconnect(&mut self) -> Option<Arc<Block>> {
        if self.height() == 0 {
            return None;
        }
        let hash = self.active.pop()?;
        let block = Arc::clone(&self.blocks.get(&hash)?.block);
        for tx in block.txdata.iter().rev() {
            self.unindex_tx(tx);
        }
        Some(block)
    }

    fn unindex_tx(&mut self, tx: &Transaction) {
        let txid = tx.compute_txid();
        for (outpoint, output) in outpoints(tx, txid) {
            let key = ScriptIndex::key(&output.script_pubkey);
            self.coins.remove(&outpoint);
            self.scripts.remove_coin(key, outpoint);
            self.scripts.untouch(key, txid);
        }
        if !tx.is_coinbase() {
            for outpoint in tx.input.iter().map(|input| input.previous_output) {
                self.spends.remove(&outpoint);
                let Some(parent) = self.txs.get(&outpoint.txid) else {
                    continue;
                };
                let (height, coinbase) = (parent.height, parent.position == 0);
                let Some(output) = self.output(&outpoint).cloned() else {
                    continue;
                };
                let key = ScriptIndex::key(&output.script_pubkey);
                self.scripts.untouch(key, txid);
                self.scripts.add_coin(key, outpoint);
                self.coins.insert(
                    outpoint,
                    Coin {
                        output,
                        height,
                        coinbase,
                    },
                );
            }
        }
        self.txs.remove(&txid);
    }
}

/// The outputs of a transaction with the names later transactions use for them.
pub(crate) fn outpoints(tx: &Transaction, txid: Txid) -> impl Iterator<Item = (OutPoint, &TxOut)> {
    (0u32..)
        .zip(&tx.output)
        .map(move |(vout, output)| (OutPoint { txid, vout }, output))
}
