//! The same chain on a real bitcoind: its blocks, its words, its reorgs. Where there is none on this
//! machine the tests say so.

use std::path::Path;
use std::time::{Duration, Instant};

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Amount, Txid};
use esplora_client::Builder;
use serde_json::{Value, json};
use till_regtest::bitcoind::{self, RpcError};
use till_regtest::chain::{Chain, EsploraServer, Fill, Reject};

use crate::support::{FEE_SAT, Purse, output_of};

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

fn on(folder: &Path) -> Option<Chain> {
    let Some(program) = bitcoind::find() else {
        eprintln!("there is no bitcoind on this machine: not tried");
        return None;
    };
    Some(Chain::on_bitcoind(&program, folder).expect("it starts"))
}

/// bitcoind's own answer.
fn rpc(chain: &Chain, method: &'static str, params: Value) -> Value {
    let answer = chain.with_bitcoind(|bitcoind| bitcoind.rpc().call(method, params));
    answer.expect("there is one").expect("it answers")
}

#[test]
fn what_the_picture_shows_is_what_bitcoind_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(chain) = on(folder.path()) else {
        return;
    };
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    assert_eq!(chain.height(), 121, "the miner has 20 mature coinbases");
    let info = rpc(&chain, "getblockchaininfo", json!([]));
    assert_eq!(info["blocks"], 121);
    assert_eq!(info["bestblockhash"], chain.tip().hash.to_string());

    let child = purse.pass_on(&coin, FEE_SAT);
    let txid = chain.submit(child.clone()).expect("it is taken");
    assert_eq!(
        rpc(&chain, "getrawmempool", json!([])),
        json!([txid.to_string()])
    );
    let view = chain.tx(&txid).expect("it waits");
    assert_eq!(
        (view.fee, view.confirmation),
        (Amount::from_sat(FEE_SAT), None)
    );
    chain.mine_empty(2);
    assert_eq!(chain.confirmations(&txid), 0);
    chain.mine(1);
    assert_eq!(chain.confirmations(&txid), 1);
    assert_eq!(chain.mempool(), []);
    let spent = chain.outspend(&coin.0).expect("spent");
    assert_eq!((spent.txid, chain.utxos(&purse.p2wpkh()).len()), (txid, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn bitcoind_s_reasons_reach_who_asks_esplora() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(chain) = on(folder.path()) else {
        return;
    };
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let server = EsploraServer::start(chain.clone(), any_port)
        .await
        .expect("a port");
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let post = async |body: String| {
        let url = format!("{}/tx", server.url());
        let request = reqwest::Client::new().post(url).body(body);
        let answer = request.send().await.expect("answers");
        (
            answer.status().as_u16(),
            answer.text().await.expect("a text"),
        )
    };

    let cheap = purse.pass_on(&coin, 1);
    let told = chain.submit(cheap.clone()).expect_err("it pays too little");
    let Reject::Bitcoind(RpcError::Refused { code, message }) = &told else {
        panic!("not bitcoind's word: {told:?}");
    };
    assert_eq!(*code, -26);
    assert!(message.starts_with("min relay fee not met"), "{message}");
    let (status, text) = post(serialize_hex(&cheap)).await;
    assert_eq!(status, 400);
    assert!(text.contains(message.as_str()), "{text}");

    let taken = purse.pass_on(&coin, FEE_SAT);
    let (status, text) = post(serialize_hex(&taken)).await;
    assert_eq!((status, text), (200, taken.compute_txid().to_string()));
    let (status, _) = post(serialize_hex(&taken)).await;
    assert_eq!(status, 200, "it may be sent again");
    chain.mine(1);
    let (status, text) = post(serialize_hex(&purse.pass_on(&coin, 2 * FEE_SAT))).await;
    assert_eq!(status, 400);
    assert!(text.contains("bad-txns-inputs-missingorspent"), "{text}");
    let client = Builder::new(&server.url()).build_async().expect("a client");
    let tip = client.get_tip_hash().await.expect("answers");
    assert_eq!(tip, chain.tip().hash);
    server.stop().await;
}

#[test]
fn reorgs_are_bitcoind_s() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(chain) = on(folder.path()) else {
        return;
    };
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let first = purse.pass_on(&coin, FEE_SAT);
    let first_id = chain.submit(first.clone()).expect("it is taken");
    let old = chain.mine(1);

    let new = chain.reorg(1).expect("it can be");
    assert_eq!(new.height, old.height + 1);
    let lost = chain.block(&old.hash).expect("stale blocks stay known");
    assert!(!lost.in_best_chain);
    assert_eq!(chain.confirmations(&first_id), 2, "mined again at once");

    chain.reorg_empty(2).expect("it can be");
    assert_eq!(chain.confirmations(&first_id), 0);
    assert_eq!(chain.mempool(), [first_id], "back in the mempool");

    // Another transaction takes the coin, and the first is in no mempool any more.
    assert_eq!(chain.evict(&first_id), [first_id]);
    assert_eq!(rpc(&chain, "getrawmempool", json!([])), json!([]));
    let second = purse.pass_on(&coin, FEE_SAT + 1);
    let second_id = chain.submit(second.clone()).expect("nothing is in its way");
    let child = purse.pass_on(&output_of(&second, 0), FEE_SAT);
    let child_id = chain.submit(child).expect("it is taken");
    chain.mine(12);
    assert_eq!(chain.confirmations(&child_id), 12);
    // Deeper than bitcoind puts transactions back by itself.
    chain.reorg(12).expect("it can be");
    assert_eq!(chain.confirmations(&second_id), 13);
    chain
        .reorg_without(13, &[second_id])
        .expect("it can be left out");
    assert_eq!((chain.tx(&second_id), chain.tx(&child_id)), (None, None));
    chain.submit(first).expect("its coin is there again");
    let info = rpc(&chain, "getblockchaininfo", json!([]));
    assert_eq!(info["bestblockhash"], chain.tip().hash.to_string());
}

/// Whether a child may pay for a parent below the relay minimum differs between bitcoinds: no test here.
#[test]
fn packages_are_judged_by_bitcoind() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(chain) = on(folder.path()) else {
        return;
    };
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let parent = purse.pass_on(&coin, FEE_SAT);
    let (parent_id, half) = (parent.compute_txid(), output_of(&parent, 0));
    let poor = purse.pass_on(&half, 1);
    let outcome = chain.submit_package(vec![parent.clone(), poor.clone()]);
    let refused = outcome.results[&poor.compute_txid()].clone();
    let Err(Reject::Bitcoind(RpcError::Refused { message, .. })) = refused else {
        panic!("not bitcoind's word: {refused:?}");
    };
    assert!(message.starts_with("min relay fee not met"), "{message}");
    assert_eq!(outcome.results[&parent_id], Ok(()));
    assert_eq!(chain.mempool(), [parent_id], "the parent is good by itself");

    let child = purse.pass_on(&half, FEE_SAT);
    let outcome = chain.submit_package(vec![parent, child.clone()]);
    assert!(outcome.is_success(), "{outcome:?}");
    let family = [parent_id, child.compute_txid()];
    assert_eq!(chain.mempool(), family, "parents first");
    chain.mine(1);
    assert_eq!(chain.confirmations(&family[1]), 1);
}

#[test]
fn what_others_tell_bitcoind_is_seen_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(chain) = on(folder.path()) else {
        return;
    };
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let tx = purse.pass_on(&coin, FEE_SAT);
    let txid = tx.compute_txid();
    let changes = chain.subscribe_mempool();
    rpc(&chain, "sendrawtransaction", json!([serialize_hex(&tx)]));
    let deadline = Instant::now() + PATIENCE;
    while chain.mempool() != [txid] {
        assert!(Instant::now() < deadline, "it is never seen");
        std::thread::yield_now();
    }
    assert!(changes.has_changed().expect("open"), "subscribers are told");
}

#[test]
fn a_folder_is_resumed_with_its_stale_blocks() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(chain) = on(folder.path()) else {
        return;
    };
    let purse = Purse::new(1);
    let coin = purse.coin(&chain, 100_000);
    let lost = chain.tip();
    chain.reorg(1).expect("it can be");
    let txid = chain
        .submit(purse.pass_on(&coin, FEE_SAT))
        .expect("it is taken");
    let tip = chain.tip();
    chain.stop_bitcoind().expect("it ends");
    assert_eq!(chain.tip(), tip, "the picture stays");
    chain
        .try_mine(None, 1, Fill::Mempool)
        .expect_err("nobody mines");
    chain.start_bitcoind().expect("it starts again");
    chain.try_mine(None, 1, Fill::Nothing).expect("it mines");
    drop(chain);

    let chain = on(folder.path()).expect("it was there before");
    assert_eq!(chain.height(), tip.height + 1);
    assert_eq!(chain.mempool(), [txid] as [Txid; 1]);
    let stale = chain.block(&lost.hash).expect("known");
    assert_eq!((stale.in_best_chain, stale.height), (false, lost.height));
}
