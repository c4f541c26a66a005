//! A till whose chain source is an Electrum server: it sells, pays and closes by it, and says what is wrong with
//! it. Where this machine has no such server, or no bitcoind for it, the stories say so.

use std::net::TcpListener;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use till_regtest::electrum::Electrum;

use crate::audit::Books;
use crate::bitcoind::{QUICK, sale};
use crate::closing::{arrives, channel, wish};
use crate::onchain::{audit_agrees, becomes, fund, got, payment, stranger};
use crate::process::{said, tilld};
use crate::reconcile::at_rest;
use crate::shop::{Shop, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_till_sells_pays_and_closes_over_electrum() {
    let Some(shop) = Shop::open_on_electrum(&QUICK).await else {
        return;
    };
    let books = Books::of(&shop);
    sale(&shop).await;
    fund(&shop, 1_000_000).await;

    let friend = stranger(83);
    let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 2});
    let (status, paid) = shop.post("/wallet/payonchain", body).await;
    assert_eq!(status, 200, "{paid}");
    let (status, bumped) = shop.post("/wallet/bumpfee", json!(30)).await;
    assert_eq!(status, 200, "{bumped}");
    let row = becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(row["txId"], bumped["txId"], "{row}");
    assert_eq!(got(&shop, &friend), [50_000]);

    // What a reorg takes away and the next blocks bring again is booked once.
    shop.world.reorg(2).await.unwrap();
    at_rest(&shop, &books).await;
    assert_eq!(got(&shop, &friend), [50_000]);

    let id = channel(&shop).await;
    let vault = stranger(84);
    let (status, closing) = shop.post("/wallet/closechannel", wish(&id, &vault)).await;
    assert_eq!(status, 200, "{closing}");
    arrives(&shop, &id, &vault).await;
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// The provider closes by force: what comes back is swept, and what that cost is in the books.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_s_closing_is_found_over_electrum() {
    let Some(shop) = Shop::open_on_electrum(&QUICK).await else {
        return;
    };
    let books = Books::of(&shop);
    sale(&shop).await;
    let before = at_rest(&shop, &books).await;
    let till = shop.world.till_node().node_id;
    for peer in [shop.world.customer(), shop.world.lsp()] {
        peer.close_channels(till, true).await.unwrap();
    }
    let held = |node: &Value| {
        let accounts = ["lightning", "closing", "onchain"];
        let msat = accounts.map(|name| node[format!("ledger_{name}_msat")].as_i64().unwrap());
        msat.iter().sum::<i64>()
    };
    let after = until("the channels' money to be in the wallet", async || {
        let node = at_rest(&shop, &books).await;
        let is_back = node["ledger_lightning_msat"] == 0 && node["ledger_closing_msat"] == 0;
        is_back.then_some(node)
    })
    .await;
    let cost = held(&before) - held(&after);
    assert!((1..20_000_000).contains(&cost), "{cost} msat; {after}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_outlives_its_electrum_server() {
    let Some(shop) = Shop::open_on_electrum(&QUICK).await else {
        return;
    };
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    shop.world.with_electrum(Electrum::stop).unwrap().unwrap();
    // Channels need no chain for a payment.
    sale(&shop).await;
    let friend = stranger(85);
    let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 3});
    let (status, answer) = shop.post("/wallet/payonchain", body.clone()).await;
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("node_unavailable")),
        "{answer}"
    );
    let rows = shop.get("/wallet/payments/outgoing?all=true").await;
    assert_eq!(rows, json!([]));

    // A till that starts without it serves what it can, and says what is wrong.
    shop.world.till().stop().await.unwrap();
    let starting = shop.world.clone();
    let started = tokio::spawn(async move { starting.start_till().await });
    until("the till to say what is wrong", async || {
        let asked = shop.try_call(Method::GET, "/readyz", None, &[]).await;
        let (status, answer) = asked.ok()?;
        let why = answer["message"].as_str()?;
        let is_it = why.contains("nobody listens where the Electrum server should be");
        (status == 503 && is_it).then_some(())
    })
    .await;
    shop.world.with_electrum(Electrum::launch).unwrap().unwrap();
    started.await.unwrap().unwrap();
    sale(&shop).await;
    let (status, paid) = shop.post("/wallet/payonchain", body).await;
    assert_eq!(status, 200, "{paid}");

    // A payment that was broadcast waits while it is away, and counts when it is back.
    shop.world.with_electrum(Electrum::stop).unwrap().unwrap();
    let id = text(&paid, "paymentId");
    assert_eq!(payment(&shop, &id).await["status"], "PENDING");
    shop.world.with_electrum(Electrum::launch).unwrap().unwrap();
    becomes(&shop, &id, "SUCCEEDED").await;
    assert_eq!(got(&shop, &friend), [50_000], "once");
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// A till that has no node yet does not make one on a server that cannot serve it.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_says_what_is_wrong_with_an_electrum_server() {
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("tcp://{}", closed.local_addr().unwrap());
    drop(closed);
    let why = "nobody listens where the Electrum server should be";
    first_start_says(&nobody, &folder.path().join("nobody"), "regtest", why).await;

    let Some(shop) = Shop::open_on_electrum(&QUICK).await else {
        return;
    };
    let url = shop.world.with_electrum(|electrum| electrum.url()).unwrap();
    let why = "the Electrum server is on another network, and this till on signet";
    first_start_says(&url, &folder.path().join("signet"), "signet", why).await;
    let esplora = shop.world.esplora_url().replace("http://", "tcp://");
    let why = "the Electrum server";
    first_start_says(&esplora, &folder.path().join("esplora"), "regtest", why).await;
    shop.close().await;
}

async fn first_start_says(url: &str, home: &Path, network: &str, why: &str) {
    let env = [
        ("TILL_TILL_DATA_DIR", home.to_str().unwrap()),
        ("TILL_TILL_NETWORK", network),
        ("TILL_HTTP_LISTEN", "127.0.0.1:0"),
        ("TILL_NODE_LISTEN", "127.0.0.1:0"),
    ];
    let init = [
        "init",
        "--non-interactive",
        "--no-passphrase",
        "--hide-words",
        "--chain-source=electrum",
        "--electrum-url",
        url,
    ];
    let made = tilld(&init, &env).await;
    assert!(made.status.success(), "{}", said(&made));
    let served = tilld(&["serve"], &env).await;
    assert!(!served.status.success(), "{why}");
    assert!(said(&served).contains(why), "{why}: {}", said(&served));
    assert!(!home.join("node").exists(), "{why}: no node was made");
}
