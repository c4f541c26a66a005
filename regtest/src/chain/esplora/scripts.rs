//! `/scripthash` and `/address`: what happened to a script.
//!
//! Both prefixes take either form; only the answer of `stats` tells them apart.

use axum::Json;
use axum::extract::{Path, State};
use bitcoin::address::NetworkUnchecked;
use bitcoin::{Address, Network, Txid};

use super::json::{StatsJson, TxJson, UtxoJson};
use super::reply::{Answer, Refusal, parse};
use crate::chain::index::ScriptIndex;
use crate::chain::{Chain, ScriptKey};

/// Confirmed transactions on a page; clients rely on the number to see that there are more.
const CHAIN_TXS_PER_PAGE: usize = 25;
/// Unconfirmed transactions that are shown.
const MAX_MEMPOOL_TXS: usize = 50;

/// Which script a path means.
struct Target {
    key: ScriptKey,
    address: Option<String>,
}

impl Target {
    fn parse(segment: &str) -> Answer<Self> {
        if let Ok(key) = segment.parse() {
            return Ok(Target { key, address: None });
        }
        let address: Address<NetworkUnchecked> = parse(segment, "Bitcoin address")?;
        let address = address
            .require_network(Network::Regtest)
            .map_err(|_| Refusal::bad_request("Address on invalid network"))?;
        let key = ScriptIndex::key(&address.script_pubkey());
        Ok(Target {
            key,
            address: Some(address.to_string()),
        })
    }
}

pub(crate) async fn stats(
    State(chain): State<Chain>,
    Path(script): Path<String>,
) -> Answer<Json<StatsJson>> {
    let target = Target::parse(&script)?;
    let (in_chain, in_mempool) = chain.read(|world| world.totals(&target.key));
    let scripthash = target.address.is_none().then(|| target.key.to_string());
    Ok(Json(StatsJson {
        address: target.address,
        scripthash,
        chain_stats: in_chain.into(),
        mempool_stats: in_mempool.into(),
    }))
}

/// Unconfirmed transactions, then the first page of confirmed ones.
pub(crate) async fn txs(
    State(chain): State<Chain>,
    Path(script): Path<String>,
) -> Answer<Json<Vec<TxJson>>> {
    let key = Target::parse(&script)?.key;
    let views = chain.read(|world| {
        let mut views = world.unconfirmed_page(&key, MAX_MEMPOOL_TXS);
        views.extend(world.confirmed_page(&key, None, CHAIN_TXS_PER_PAGE));
        views
    });
    Ok(Json(views.iter().map(TxJson::from).collect()))
}

pub(crate) async fn first_chain_txs(
    State(chain): State<Chain>,
    Path(script): Path<String>,
) -> Answer<Json<Vec<TxJson>>> {
    chain_page(&chain, &script, None)
}

pub(crate) async fn chain_txs_after(
    State(chain): State<Chain>,
    Path((script, last_seen)): Path<(String, String)>,
) -> Answer<Json<Vec<TxJson>>> {
    chain_page(&chain, &script, Some(parse(&last_seen, "hash")?))
}

fn chain_page(chain: &Chain, script: &str, after: Option<Txid>) -> Answer<Json<Vec<TxJson>>> {
    let key = Target::parse(script)?.key;
    let views = chain.read(|world| world.confirmed_page(&key, after.as_ref(), CHAIN_TXS_PER_PAGE));
    Ok(Json(views.iter().map(TxJson::from).collect()))
}

pub(crate) async fn mempool_txs(
    State(chain): State<Chain>,
    Path(script): Path<String>,
) -> Answer<Json<Vec<TxJson>>> {
    let key = Target::parse(&script)?.key;
    let views = chain.read(|world| world.unconfirmed_page(&key, MAX_MEMPOOL_TXS));
    Ok(Json(views.iter().map(TxJson::from).collect()))
}

pub(crate) async fn utxos(
    State(chain): State<Chain>,
    Path(script): Path<String>,
) -> Answer<Json<Vec<UtxoJson>>> {
    let key = Target::parse(&script)?.key;
    let utxos = chain.read(|world| world.utxos(&key));
    Ok(Json(utxos.iter().map(UtxoJson::from).collect()))
}
