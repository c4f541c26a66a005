//! The Esplora server, asked by the client that nodes use and, for raw forms, by plain HTTP.

use std::net::SocketAddr;

use bitcoin::hashes::Hash as _;
use bitcoin::{Address, Amount, BlockHash, Network, OutPoint, Txid};
use esplora_client::{AsyncClient, Builder, Error};
use till_regtest::chain::{Chain, EsploraServer};

use crate::support::{FEE_SAT, Purse, coin_on, output_of, stranger};

struct Site {
    chain: Chain,
    purse: Purse,
    server: EsploraServer,
    client: AsyncClient,
}

async fn site() -> Site {
    let chain = Chain::new();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = EsploraServer::start(chain.clone(), any_port)
        .await
        .expect("a free port");
    let client = client(&server);
    Site {
        chain,
        purse: Purse::new(1),
        server,
        client,
    }
}

fn client(server: &EsploraServer) -> AsyncClient {
    Builder::new(&server.url())
        .max_retries(0)
        .build_async()
        .expect("a client")
}

impl Site {
    async fn get(&self, path: &str) -> (u16, String, String) {
        let answer = reqwest::get(format!("{}{path}", self.server.url()))
            .await
            .expect("answers");
        let kind = answer
            .headers()
            .get("content-type")
            .map(|kind| kind.to_str().expect("text"));
        let kind = kind.unwrap_or_default().to_owned();
        (
            answer.status().as_u16(),
            kind,
            answer.text().await.unwrap_or_default(),
        )
    }

    async fn post(&self, path: &str, body: String) -> (u16, String) {
        let request = reqwest::Client::new().post(format!("{}{path}", self.server.url()));
        let answer = request.body(body).send().await.expect("answers");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }
}

#[tokio::test]
async fn blocks() {
    let Site { chain, client, .. } = &site().await;
    let tip = chain.mine(30);
    let view = chain.block(&tip.hash).expect("known");

    assert_eq!(client.get_height().await.expect("height"), 30);
    assert_eq!(client.get_tip_hash().await.expect("hash"), tip.hash);
    assert_eq!(client.get_block_hash(30).await.expect("hash"), tip.hash);
    assert_eq!(
        client.get_header_by_hash(&tip.hash).await.expect("header"),
        view.block.header
    );
    let block = client.get_block_by_hash(&tip.hash).await.expect("block");
    assert_eq!(block.as_ref(), Some(view.block.as_ref()));

    let info = client.get_block_info(&tip.hash).await.expect("info");
    assert_eq!((info.height, info.tx_count), (30, 1));
    assert_eq!(info.mediantime, u64::from(view.median_time_secs));
    assert_eq!(info.previousblockhash, chain.block_hash(29));
    assert_eq!(info.size, view.block.total_size());

    let heights = |infos: Vec<esplora_client::BlockInfo>| -> Vec<u32> {
        infos.iter().map(|info| info.height).collect()
    };
    let newest = client.get_block_infos(None).await.expect("page");
    assert_eq!(heights(newest), (21..=30).rev().collect::<Vec<_>>());
    let oldest = client.get_block_infos(Some(4)).await.expect("page");
    assert_eq!(oldest[4].previousblockhash, None);
    assert_eq!(heights(oldest), [4, 3, 2, 1, 0]);

    let txids = client.get_block_txids(&tip.hash).await.expect("txids");
    assert_eq!(txids, [view.block.txdata[0].compute_txid()]);
    let first = client
        .get_txid_at_block_index(&tip.hash, 0)
        .await
        .expect("txid");
    assert_eq!(first, Some(txids[0]));
    assert_eq!(
        client
            .get_txid_at_block_index(&tip.hash, 1)
            .await
            .expect("none"),
        None
    );
    let txs = client.get_block_txs(&tip.hash, None).await.expect("txs");
    assert_eq!(txs[0].to_tx(), view.block.txdata[0]);
    assert!(txs[0].vin[0].is_coinbase && txs[0].vin[0].prevout.is_none());
    assert_eq!(txs[0].fee, 0);
}

#[tokio::test]
async fn block_status_follows_a_reorg() {
    let Site { chain, client, .. } = &site().await;
    let tip = chain.mine(3);
    let status = client.get_block_status(&tip.hash).await.expect("status");
    assert!(status.in_best_chain);
    assert_eq!((status.height, status.next_best), (Some(3), None));

    let new = chain.reorg(1).expect("deep enough");

    let stale = client.get_block_status(&tip.hash).await.expect("status");
    assert!(!stale.in_best_chain);
    assert_eq!((stale.height, stale.next_best), (None, None));
    let next = chain.block_hash(3).expect("mined");
    let status = client.get_block_status(&next).await.expect("status");
    assert_eq!(status.next_best, Some(new.hash));
    let unknown = client
        .get_block_status(&BlockHash::all_zeros())
        .await
        .expect("status");
    assert!(!unknown.in_best_chain);
}

#[tokio::test]
async fn a_transaction_from_broadcast_to_confirmation() {
    let Site {
        chain,
        purse,
        client,
        ..
    } = &site().await;
    let coin = purse.coin(chain, 100_000);
    let tx = purse.pass_on(&coin, FEE_SAT);
    let txid = tx.compute_txid();
    assert_eq!(client.get_tx(&txid).await.expect("answer"), None);
    assert_eq!(client.get_tx_info(&txid).await.expect("answer"), None);
    assert!(!client.get_tx_status(&txid).await.expect("answer").confirmed);
    assert_eq!(client.get_merkle_block(&txid).await.expect("answer"), None);

    client.broadcast(&tx).await.expect("accepted");
    client
        .broadcast(&tx)
        .await
        .expect("a second time is no error, as with bitcoind");

    assert_eq!(
        client.get_tx(&txid).await.expect("answer"),
        Some(tx.clone())
    );
    assert_eq!(client.get_tx_no_opt(&txid).await.expect("answer"), tx);
    assert_eq!(client.get_merkle_block(&txid).await.expect("answer"), None);
    assert_eq!(client.get_merkle_proof(&txid).await.expect("answer"), None);
    let spend = client
        .get_output_status(&coin.0.txid, 0)
        .await
        .expect("answer")
        .expect("some");
    assert_eq!(
        (spend.spent, spend.txid, spend.vin),
        (true, Some(txid), Some(0))
    );
    assert!(!spend.status.expect("given").confirmed);

    let tip = chain.mine(1);

    let status = client.get_tx_status(&txid).await.expect("answer");
    assert_eq!(
        (status.block_height, status.block_hash),
        (Some(tip.height), Some(tip.hash))
    );
    let info = client
        .get_tx_info(&txid)
        .await
        .expect("answer")
        .expect("known");
    assert_eq!(info.to_tx(), tx);
    assert_eq!(
        (info.fee, info.weight, info.size),
        (FEE_SAT, tx.weight().to_wu(), tx.total_size())
    );
    assert_eq!(info.previous_outputs(), [Some(coin.1)]);
    let spends = client.get_tx_outspends(&txid).await.expect("answer");
    assert!(!spends[0].spent);
}

#[tokio::test]
async fn merkle_proofs_hold() {
    let Site { chain, client, .. } = &site().await;
    for count in 1..=6 {
        let txids: Vec<Txid> = (0..count)
            .map(|_| {
                chain
                    .fund(stranger(), Amount::from_sat(20_000))
                    .expect("funded")
            })
            .collect();
        let tip = chain.mine(1);
        let root = chain
            .block(&tip.hash)
            .expect("known")
            .block
            .header
            .merkle_root;
        for txid in txids {
            let proof = client
                .get_merkle_block(&txid)
                .await
                .expect("answer")
                .expect("confirmed");
            let (mut matches, mut indexes) = (Vec::new(), Vec::new());
            proof
                .extract_matches(&mut matches, &mut indexes)
                .expect("valid");
            assert_eq!((proof.header.block_hash(), matches), (tip.hash, vec![txid]));

            let path = client
                .get_merkle_proof(&txid)
                .await
                .expect("answer")
                .expect("confirmed");
            assert_eq!(
                (path.pos, path.block_height),
                (indexes[0] as usize, tip.height)
            );
            assert_eq!(
                climb(txid, path.pos, &path.merkle).to_byte_array(),
                root.to_byte_array()
            );
        }
    }
}

/// Hashes a leaf with its siblings up to the root.
fn climb(leaf: Txid, position: usize, siblings: &[Txid]) -> Txid {
    siblings
        .iter()
        .enumerate()
        .fold(leaf, |node, (level, sibling)| {
            let is_right = position >> level & 1 == 1;
            let (left, right) = if is_right {
                (sibling, &node)
            } else {
                (&node, sibling)
            };
            Txid::hash(&[left.to_byte_array(), right.to_byte_array()].concat())
        })
}

#[tokio::test]
async fn the_history_of_a_script_comes_in_pages_newest_first() {
    let Site {
        chain,
        purse,
        client,
        ..
    } = &site().await;
    let script = purse.p2wpkh();
    let address = Address::from_script(&script, Network::Regtest).expect("an address");
    let mut confirmed: Vec<Txid> = Vec::new();
    for _ in 0..60 {
        confirmed.push(coin_on(chain, script.clone(), 10_000).0.txid);
        chain.mine(1);
    }
    confirmed.reverse();
    let waiting = coin_on(chain, script.clone(), 10_000).0.txid;
    let txids =
        |txs: Vec<esplora_client::Tx>| -> Vec<Txid> { txs.iter().map(|tx| tx.txid).collect() };

    let first = txids(client.scripthash_txs(&script, None).await.expect("page"));
    assert_eq!(first[0], waiting);
    assert_eq!(first[1..], confirmed[..25]);
    let second = txids(
        client
            .scripthash_txs(&script, Some(first[25]))
            .await
            .expect("page"),
    );
    assert_eq!(second, confirmed[25..50]);
    let third = txids(
        client
            .get_address_txs(&address, Some(second[24]))
            .await
            .expect("page"),
    );
    assert_eq!(third, confirmed[50..]);
    let fourth = txids(
        client
            .scripthash_txs(&script, third.last().copied())
            .await
            .expect("page"),
    );
    assert_eq!(fourth, []);
    let beyond = txids(
        client
            .scripthash_txs(&script, Some(waiting))
            .await
            .expect("page"),
    );
    assert_eq!(beyond, [], "an unconfirmed txid is no place to go on from");
    assert_eq!(
        txids(client.get_address_txs(&address, None).await.expect("page")),
        first
    );
    let mempool = client
        .get_mempool_scripthash_txs(&script)
        .await
        .expect("page");
    assert_eq!(txids(mempool), [waiting]);
    let mempool = client
        .get_mempool_address_txs(&address)
        .await
        .expect("page");
    assert_eq!(txids(mempool), [waiting]);
}

#[tokio::test]
async fn totals_and_utxos_of_a_script() {
    let Site {
        chain,
        purse,
        client,
        ..
    } = &site().await;
    let script = purse.p2wpkh();
    let address = Address::from_script(&script, Network::Regtest).expect("an address");
    let coin = purse.coin(chain, 100_000);
    purse.coin(chain, 40_000);
    let tx = purse.pass_on(&coin, FEE_SAT);
    chain.submit(tx.clone()).expect("accepted");

    let stats = client.get_scripthash_stats(&script).await.expect("stats");
    assert_eq!(
        (stats.chain_stats.funded_txo_sum, stats.chain_stats.tx_count),
        (140_000, 2)
    );
    assert_eq!(
        (
            stats.mempool_stats.spent_txo_sum,
            stats.mempool_stats.tx_count
        ),
        (100_000, 1)
    );
    let by_address = client.get_address_stats(&address).await.expect("stats");
    assert_eq!(by_address.address, address.to_string());
    assert_eq!(by_address.chain_stats, stats.chain_stats);

    let utxos = client.get_scripthash_utxos(&script).await.expect("utxos");
    assert_eq!(
        utxos,
        client.get_address_utxos(&address).await.expect("utxos")
    );
    let mut values: Vec<_> = utxos
        .iter()
        .map(|utxo| (utxo.value.to_sat(), utxo.status.confirmed))
        .collect();
    values.sort_unstable();
    assert_eq!(values, [(40_000, true), (99_000, false)]);
    assert_eq!(
        output_of(&tx, 0).0,
        OutPoint {
            txid: utxos[1].txid,
            vout: utxos[1].vout
        }
    );
}

#[tokio::test]
async fn the_mempool_and_fees() {
    let Site {
        chain,
        purse,
        client,
        ..
    } = &site().await;
    chain.set_feerate(3.25);
    let coin = coin_on(chain, purse.p2wpkh(), 100_000);
    let child = chain
        .submit(purse.pass_on(&coin, FEE_SAT))
        .expect("accepted");

    let stats = client.get_mempool_stats().await.expect("stats");
    assert_eq!(stats.count, 2);
    let txids = client.get_mempool_txids().await.expect("txids");
    assert_eq!(txids, [coin.0.txid, child]);
    let recent = client.get_mempool_recent_txs().await.expect("recent");
    assert_eq!((recent[0].txid, recent[0].fee), (child, FEE_SAT));
    let fees = client.get_fee_estimates().await.expect("estimates");
    assert_eq!(fees.len(), 28);
    assert!(fees.values().all(|rate| (rate - 3.25).abs() < f64::EPSILON));
    assert!(
        [1, 25, 144, 504, 1008]
            .iter()
            .all(|target| fees.contains_key(target))
    );
}

#[tokio::test]
async fn refusals_read_like_bitcoinds() {
    let site = site().await;
    let Site {
        chain,
        purse,
        client,
        ..
    } = &site;
    let coin = purse.coin(chain, 100_000);
    let refused = async |tx| {
        let error = client.broadcast(&tx).await.expect_err("refused");
        assert!(
            matches!(error, Error::HttpResponse { status: 400, .. }),
            "{error:?}"
        );
        let Error::HttpResponse { message, .. } = error else {
            return String::new();
        };
        message
    };

    let stingy = purse.pass_on(&coin, 10);
    assert_eq!(
        refused(stingy).await,
        r#"sendrawtransaction RPC error: {"code":-26,"message":"min relay fee not met, 10 < 110"}"#
    );
    let unknown = (OutPoint { vout: 7, ..coin.0 }, coin.1.clone());
    assert_eq!(
        refused(purse.pass_on(&unknown, FEE_SAT)).await,
        r#"sendrawtransaction RPC error: {"code":-25,"message":"bad-txns-inputs-missingorspent"}"#
    );
    let tx = purse.pass_on(&coin, FEE_SAT);
    chain.submit(tx.clone()).expect("accepted");
    chain.mine(1);
    assert_eq!(
        refused(tx).await,
        r#"sendrawtransaction RPC error: {"code":-27,"message":"Transaction outputs already in utxo set"}"#
    );
    let (status, text) = site.post("/tx", "no hex".to_owned()).await;
    assert_eq!(status, 400);
    assert!(text.contains("TX decode failed"));
    let (status, _) = site.post("/tx", "00".repeat(5_000_000)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn a_package_is_broadcast_whole() {
    let Site {
        chain,
        purse,
        client,
        ..
    } = &site().await;
    let parent = purse.pass_on(&purse.coin(chain, 100_000), 0);
    let child = purse.pass_on(&output_of(&parent, 0), 1_000);

    let result = client
        .submit_package(&[parent.clone(), child], None, None)
        .await
        .expect("answer");

    assert_eq!(result.package_msg, "success");
    let parent_result = &result.tx_results[&parent.compute_wtxid()];
    assert_eq!(
        (parent_result.txid, parent_result.error.clone()),
        (parent.compute_txid(), None)
    );
    assert_eq!(chain.mempool().len(), 2);
}

#[tokio::test]
async fn forms_and_errors() {
    let site = site().await;
    let coin = site.purse.coin(&site.chain, 100_000);
    let txid = coin.0.txid;
    let zero = Txid::all_zeros();

    let text = "text/plain; charset=utf-8".to_owned();
    let hash = site.chain.tip().hash;
    assert_eq!(
        site.get("/blocks/tip/hash").await,
        (200, text.clone(), hash.to_string())
    );
    let (status, kind, _) = site.get(&format!("/tx/{txid}/raw")).await;
    assert_eq!((status, kind.as_str()), (200, "application/octet-stream"));
    let (status, kind, hex) = site.get(&format!("/tx/{txid}/hex")).await;
    assert_eq!((status, &kind), (200, &text));
    let tx = site.chain.tx(&txid).expect("known").tx;
    assert_eq!(hex, bitcoin::consensus::encode::serialize_hex(tx.as_ref()));
    let (_, kind, json) = site.get(&format!("/tx/{txid}")).await;
    assert_eq!(kind, "application/json");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let address = Address::from_script(&coin.1.script_pubkey, Network::Regtest).expect("address");
    assert_eq!(json["vout"][0]["scriptpubkey_address"], address.to_string());
    assert_eq!(json["vout"][0]["scriptpubkey_type"], "v0_p2wpkh");
    assert!(json["vin"][0]["prevout"]["value"].is_u64());

    let not_found = |what: &str| (404, text.clone(), what.to_owned());
    assert_eq!(
        site.get(&format!("/tx/{zero}")).await,
        not_found("Transaction not found")
    );
    assert_eq!(
        site.get(&format!("/block/{zero}")).await,
        not_found("Block not found")
    );
    assert_eq!(
        site.get("/block-height/9999").await,
        not_found("Block not found")
    );
    assert_eq!(
        site.get("/nowhere").await,
        not_found("endpoint does not exist")
    );
    assert_eq!(
        site.get("/tx/xyz").await,
        (400, text.clone(), "Invalid hash".to_owned())
    );
    let mainnet = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    let (status, _, message) = site.get(&format!("/address/{mainnet}/utxo")).await;
    assert_eq!(
        (status, message.as_str()),
        (400, "Address on invalid network")
    );
}

#[tokio::test]
async fn a_stopped_server_is_gone_and_comes_back_on_the_same_port() {
    let site = site().await;
    let addr = site.server.addr();
    // This client keeps its connection open between requests.
    site.client.get_height().await.expect("answers");

    site.server.stop().await;

    assert!(matches!(
        site.client.get_height().await,
        Err(Error::Reqwest(_))
    ));
    site.chain.mine(2);
    let server = EsploraServer::start(site.chain.clone(), addr)
        .await
        .expect("the port is free");
    assert_eq!(server.addr(), addr);
    assert_eq!(site.client.get_height().await.expect("answers again"), 2);
}
