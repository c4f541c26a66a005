//! The table of contents: which path is answered by what.
//!
//! Paths and answers follow the API page of Blockstream's Esplora and, where that is silent, the
//! behaviour of its electrs.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::reply::Refusal;
use super::{blocks, mempool, scripts, transactions};
use crate::chain::Chain;

/// Longest body: a package of 25 transactions of the largest standard size in hexadecimal is more
/// than a block holds, so a block in hexadecimal bounds it.
const MAX_BODY_BYTES: usize = 8_000_000;

pub(crate) fn router(chain: Chain) -> Router {
    Router::new()
        .route("/blocks", get(blocks::newest))
        .route("/blocks/{start_height}", get(blocks::newest_from))
        .route("/blocks/tip/hash", get(blocks::tip_hash))
        .route("/blocks/tip/height", get(blocks::tip_height))
        .route("/block-height/{height}", get(blocks::hash_at))
        .nest("/block/{hash}", block_routes())
        .nest("/scripthash/{script}", script_routes())
        .nest("/address/{script}", script_routes())
        .route("/tx", post(transactions::broadcast))
        .route("/txs/package", post(transactions::broadcast_package))
        .nest("/tx/{txid}", tx_routes())
        .route("/fee-estimates", get(mempool::fee_estimates))
        .route("/mempool", get(mempool::stats))
        .route("/mempool/txids", get(mempool::txids))
        .route("/mempool/recent", get(mempool::recent))
        .fallback(async || Refusal::not_found("endpoint does not exist"))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(chain)
}

fn block_routes() -> Router<Chain> {
    Router::new()
        .route("/", get(blocks::info))
        .route("/header", get(blocks::header))
        .route("/status", get(blocks::status))
        .route("/raw", get(blocks::raw_block))
        .route("/txids", get(blocks::txids))
        .route("/txid/{index}", get(blocks::txid_at))
        .route("/txs", get(blocks::first_txs))
        .route("/txs/{start_index}", get(blocks::txs_from))
}

fn script_routes() -> Router<Chain> {
    Router::new()
        .route("/", get(scripts::stats))
        .route("/txs", get(scripts::txs))
        .route("/txs/chain", get(scripts::first_chain_txs))
        .route("/txs/chain/{last_seen}", get(scripts::chain_txs_after))
        .route("/txs/mempool", get(scripts::mempool_txs))
        .route("/utxo", get(scripts::utxos))
}

fn tx_routes() -> Router<Chain> {
    Router::new()
        .route("/", get(transactions::info))
        .route("/status", get(transactions::status))
        .route("/raw", get(transactions::raw_tx))
        .route("/hex", get(transactions::hex_tx))
        .route("/merkle-proof", get(transactions::merkle_proof))
        .route("/merkleblock-proof", get(transactions::merkle_block_proof))
        .route("/outspend/{vout}", get(transactions::outspend))
        .route("/outspends", get(transactions::outspends))
}
