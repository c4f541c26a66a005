//! `/tx` and `/txs/package`: looking transactions up and sending them.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{OutPoint, Transaction, Txid};

use super::json::{MerkleProofJson, OutspendJson, PackageJson, StatusJson, TxJson};
use super::reply::{Answer, Refusal, hex, parse, raw};
use crate::chain::{Chain, MAX_PACKAGE_COUNT, Reject, TxView};

fn find(chain: &Chain, txid: &str) -> Answer<TxView> {
    let txid: Txid = parse(txid, "hash")?;
    chain.tx(&txid).ok_or_else(Refusal::tx_not_found)
}

pub(crate) async fn info(
    State(chain): State<Chain>,
    Path(txid): Path<String>,
) -> Answer<Json<TxJson>> {
    Ok(Json(TxJson::from(&find(&chain, &txid)?)))
}

/// A transaction nobody knows is unconfirmed: that is an answer, not an error.
pub(crate) async fn status(
    State(chain): State<Chain>,
    Path(txid): Path<String>,
) -> Answer<Json<StatusJson>> {
    let txid: Txid = parse(&txid, "hash")?;
    Ok(Json(StatusJson::from(
        chain.read(|world| world.confirmation(&txid)),
    )))
}

pub(crate) async fn raw_tx(
    State(chain): State<Chain>,
    Path(txid): Path<String>,
) -> Answer<Response> {
    Ok(raw(find(&chain, &txid)?.tx.as_ref()))
}

pub(crate) async fn hex_tx(State(chain): State<Chain>, Path(txid): Path<String>) -> Answer<String> {
    Ok(hex(find(&chain, &txid)?.tx.as_ref()))
}

pub(crate) async fn merkle_proof(
    State(chain): State<Chain>,
    Path(txid): Path<String>,
) -> Answer<Json<MerkleProofJson>> {
    let path = chain
        .merkle_path(&parse(&txid, "hash")?)
        .ok_or_else(unconfirmed)?;
    Ok(Json(MerkleProofJson::from(path)))
}

pub(crate) async fn merkle_block_proof(
    State(chain): State<Chain>,
    Path(txid): Path<String>,
) -> Answer<String> {
    let proof = chain
        .merkle_block(&parse(&txid, "hash")?)
        .ok_or_else(unconfirmed)?;
    Ok(hex(&proof))
}

fn unconfirmed() -> Refusal {
    Refusal::not_found("Transaction not found or is unconfirmed")
}

/// An output nobody knows is unspent: electrs does not look whether it exists.
pub(crate) async fn outspend(
    State(chain): State<Chain>,
    Path((txid, vout)): Path<(String, String)>,
) -> Answer<Json<OutspendJson>> {
    let outpoint = OutPoint {
        txid: parse(&txid, "hash")?,
        vout: parse(&vout, "index")?,
    };
    Ok(Json(OutspendJson::from(chain.outspend(&outpoint))))
}

pub(crate) async fn outspends(
    State(chain): State<Chain>,
    Path(txid): Path<String>,
) -> Answer<Json<Vec<OutspendJson>>> {
    let view = find(&chain, &txid)?;
    let outspends = chain.read(|world| {
        (0u32..)
            .zip(&view.tx.output)
            .map(|(vout, _)| {
                world.outspend(&OutPoint {
                    txid: view.txid,
                    vout,
                })
            })
            .map(OutspendJson::from)
            .collect()
    });
    Ok(Json(outspends))
}

fn decode(hex: &str) -> Answer<Transaction> {
    deserialize_hex(hex.trim()).map_err(|_| {
        let error = serde_json::json!({
            "code": -22,
            "message": "TX decode failed. Make sure the tx has at least one input.",
        });
        Refusal::bad_request(format!("sendrawtransaction RPC error: {error}"))
    })
}

/// Gives the txid. One that is in the mempool already is sent again, as bitcoind does.
pub(crate) async fn broadcast(State(chain): State<Chain>, body: String) -> Answer<String> {
    let tx = decode(&body)?;
    let txid = tx.compute_txid();
    match chain.submit(tx) {
        Ok(_) | Err(Reject::AlreadyInMempool) => Ok(txid.to_string()),
        Err(reject) => Err(Refusal::from(reject)),
    }
}

/// Takes a JSON array of transactions in hexadecimal, parents first.
pub(crate) async fn broadcast_package(
    State(chain): State<Chain>,
    body: String,
) -> Answer<Json<PackageJson>> {
    let hexes: Vec<String> = serde_json::from_str(&body)
        .map_err(|_| Refusal::bad_request("Invalid transaction array"))?;
    if hexes.is_empty() || hexes.len() > MAX_PACKAGE_COUNT {
        return Err(Refusal::bad_request(format!(
            "Number of transactions must be between 1 and {MAX_PACKAGE_COUNT}"
        )));
    }
    let txs: Vec<Transaction> = hexes.iter().map(|hex| decode(hex)).collect::<Answer<_>>()?;
    let outcome = chain.submit_package(txs.clone());
    Ok(Json(PackageJson::new(&txs, &outcome, &chain)))
}
