//! `/blocks`, `/block-height` and `/block`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use bitcoin::{BlockHash, Txid};

use super::json::{self, BlockJson, BlockStatusJson, TxJson};
use super::reply::{Answer, Refusal, hex, parse, raw};
use crate::chain::{BlockView, Chain};

/// Blocks on a page of `/blocks`.
const BLOCKS_PER_PAGE: u32 = 10;
/// Transactions on a page of `/block/:hash/txs`.
const TXS_PER_PAGE: usize = 25;

pub(crate) async fn newest(State(chain): State<Chain>) -> Json<Vec<BlockJson>> {
    Json(page(&chain, u32::MAX))
}

pub(crate) async fn newest_from(
    State(chain): State<Chain>,
    Path(start_height): Path<String>,
) -> Answer<Json<Vec<BlockJson>>> {
    Ok(Json(page(&chain, parse(&start_height, "height")?)))
}

fn page(chain: &Chain, start_height: u32) -> Vec<BlockJson> {
    chain.read(|world| {
        let start = start_height.min(world.state.height());
        let end = start.saturating_sub(BLOCKS_PER_PAGE - 1);
        (end..=start)
            .rev()
            .filter_map(|height| world.block_view(&world.state.hash_at(height)?))
            .map(|view| BlockJson::from(&view))
            .collect()
    })
}

pub(crate) async fn tip_hash(State(chain): State<Chain>) -> String {
    chain.tip().hash.to_string()
}

pub(crate) async fn tip_height(State(chain): State<Chain>) -> String {
    chain.tip().height.to_string()
}

pub(crate) async fn hash_at(
    State(chain): State<Chain>,
    Path(height): Path<String>,
) -> Answer<String> {
    let hash = chain.block_hash(parse(&height, "height")?);
    hash.map(|hash| hash.to_string())
        .ok_or_else(Refusal::block_not_found)
}

fn find(chain: &Chain, hash: &str) -> Answer<BlockView> {
    let hash: BlockHash = parse(hash, "hash")?;
    chain.block(&hash).ok_or_else(Refusal::block_not_found)
}

pub(crate) async fn info(
    State(chain): State<Chain>,
    Path(hash): Path<String>,
) -> Answer<Json<BlockJson>> {
    Ok(Json(BlockJson::from(&find(&chain, &hash)?)))
}

pub(crate) async fn header(State(chain): State<Chain>, Path(hash): Path<String>) -> Answer<String> {
    Ok(hex(&find(&chain, &hash)?.block.header))
}

/// A block nobody knows is not in the best chain: that is an answer, not an error.
pub(crate) async fn status(
    State(chain): State<Chain>,
    Path(hash): Path<String>,
) -> Answer<Json<BlockStatusJson>> {
    let hash: BlockHash = parse(&hash, "hash")?;
    Ok(Json(BlockStatusJson::from(chain.block(&hash))))
}

pub(crate) async fn raw_block(
    State(chain): State<Chain>,
    Path(hash): Path<String>,
) -> Answer<Response> {
    Ok(raw(find(&chain, &hash)?.block.as_ref()))
}

fn txids_of(view: &BlockView) -> Vec<Txid> {
    view.block
        .txdata
        .iter()
        .map(|tx| tx.compute_txid())
        .collect()
}

pub(crate) async fn txids(
    State(chain): State<Chain>,
    Path(hash): Path<String>,
) -> Answer<Json<Vec<String>>> {
    Ok(Json(json::strings(txids_of(&find(&chain, &hash)?))))
}

pub(crate) async fn txid_at(
    State(chain): State<Chain>,
    Path((hash, index)): Path<(String, String)>,
) -> Answer<String> {
    let txids = txids_of(&find(&chain, &hash)?);
    let index: usize = parse(&index, "index")?;
    let txid = txids
        .get(index)
        .ok_or_else(|| Refusal::not_found("tx index out of range"))?;
    Ok(txid.to_string())
}

pub(crate) async fn first_txs(
    State(chain): State<Chain>,
    Path(hash): Path<String>,
) -> Answer<Json<Vec<TxJson>>> {
    txs_page(&chain, &hash, 0)
}

pub(crate) async fn txs_from(
    State(chain): State<Chain>,
    Path((hash, start_index)): Path<(String, String)>,
) -> Answer<Json<Vec<TxJson>>> {
    txs_page(&chain, &hash, parse(&start_index, "index")?)
}

fn txs_page(chain: &Chain, hash: &str, start: usize) -> Answer<Json<Vec<TxJson>>> {
    let txids = txids_of(&find(chain, hash)?);
    if start >= txids.len() {
        return Err(Refusal::not_found("start index out of range"));
    }
    if !start.is_multiple_of(TXS_PER_PAGE) {
        let text = format!("start index must be a multipication of {TXS_PER_PAGE}");
        return Err(Refusal::bad_request(text));
    }
    let page = txids.iter().skip(start).take(TXS_PER_PAGE);
    Ok(Json(chain.read(|world| {
        page.filter_map(|txid| world.tx_view(txid))
            .map(|view| TxJson::from(&view))
            .collect()
    })))
}
