//! `/mempool` and `/fee-estimates`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;

use super::json::{MempoolJson, RecentJson, strings};
use crate::chain::Chain;

/// Confirmation targets in blocks, as electrs lists them.
const FEE_TARGETS_BLOCKS: [u16; 28] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 144,
    504, 1008,
];
/// Transactions that `/mempool/recent` shows.
const MAX_RECENT_TXS: usize = 10;

/// The same rate for every target: blocks come when somebody asks for them.
pub(crate) async fn fee_estimates(State(chain): State<Chain>) -> Json<BTreeMap<u16, f64>> {
    let feerate = chain.feerate();
    Json(
        FEE_TARGETS_BLOCKS
            .iter()
            .map(|target| (*target, feerate))
            .collect(),
    )
}

pub(crate) async fn stats(State(chain): State<Chain>) -> Json<MempoolJson> {
    Json(chain.read(|world| MempoolJson::from(&world.mempool)))
}

pub(crate) async fn txids(State(chain): State<Chain>) -> Json<Vec<String>> {
    Json(strings(chain.mempool()))
}

pub(crate) async fn recent(State(chain): State<Chain>) -> Json<Vec<RecentJson>> {
    let newest = chain.read(|world| {
        world
            .mempool
            .iter()
            .rev()
            .take(MAX_RECENT_TXS)
            .map(RecentJson::from)
            .collect()
    });
    Json(newest)
}
