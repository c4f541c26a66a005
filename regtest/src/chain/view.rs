//! What a reader of the chain gets: plain copies that stay valid when the chain moves on.

use std::sync::Arc;

use bitcoin::{Amount, Block, BlockHash, OutPoint, Transaction, TxOut, Txid};

/// The end of the best chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Number of blocks on genesis.
    pub height: u32,
    /// Hash of the newest block.
    pub hash: BlockHash,
}

/// Where a transaction is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    /// Height of its block.
    pub height: u32,
    /// Hash of its block.
    pub block_hash: BlockHash,
    /// Time in the header of its block, in seconds since 1970.
    pub block_time_secs: u32,
    /// Index in its block; 0 is the coinbase.
    pub position: usize,
}

/// A transaction with all there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxView {
    /// The transaction.
    pub tx: Arc<Transaction>,
    /// Its id.
    pub txid: Txid,
    /// The outputs it spends, in input order; `None` for a coinbase.
    pub spent: Vec<Option<TxOut>>,
    /// What it pays; zero for a coinbase.
    pub fee: Amount,
    /// `None` while it is in the mempool.
    pub confirmation: Option<Confirmation>,
}

/// A block, of the best chain or stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockView {
    /// The block.
    pub block: Arc<Block>,
    /// Its hash.
    pub hash: BlockHash,
    /// Its height.
    pub height: u32,
    /// Is it in the best chain? If not, a reorg took it away.
    pub in_best_chain: bool,
    /// The block after it in the best chain.
    pub next: Option<BlockHash>,
    /// Median time past (BIP 113) as of this block, in seconds since 1970.
    pub median_time_secs: u32,
}

/// An unspent output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utxo {
    /// Its name.
    pub outpoint: OutPoint,
    /// Amount and script.
    pub output: TxOut,
    /// `None` while it is in the mempool.
    pub confirmation: Option<Confirmation>,
}

/// The input that spends an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outspend {
    /// The spending transaction.
    pub txid: Txid,
    /// Index of the input in it.
    pub vin: u32,
    /// `None` while the spending transaction is in the mempool.
    pub confirmation: Option<Confirmation>,
}

/// Totals of a script, once for the chain and once for the mempool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScriptTotals {
    /// Outputs that paid the script.
    pub funded_count: u32,
    /// Their sum.
    pub funded_sat: u64,
    /// Inputs that spent such outputs.
    pub spent_count: u32,
    /// Their sum.
    pub spent_sat: u64,
    /// Transactions that did either.
    pub tx_count: u32,
}

/// The path from a transaction to the merkle root of its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerklePath {
    /// Where the transaction is.
    pub confirmation: Confirmation,
    /// Sibling hashes, from the leaf upwards.
    pub siblings: Vec<Txid>,
}
