//! A till whose chain source is a bitcoind's RPC: it sells, pays and closes by it, says what is wrong with it,
//! and goes on when it is back. Where this machine has no bitcoind the stories say so.

mod slow;

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use till_regtest::bitcoind::{self, Bitcoind};

use crate::audit::Books;
use crate::closing::{arrives, channel, wish};
use crate::onchain::{audit_agrees, becomes, fund, got, payment, stranger};
use crate::process::{said, tilld};
use crate::shop::{Shop, text, until};

pub const QUICK: [(&str, &str); 2] = [
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];

/// More than are read for one question.
const LONG_AGO_BLOCKS: u32 = 350;

pub async fn sale(shop: &Shop) {
    let (bolt11, hash) = shop.invoice(json!({"amountSat": 2_000})).await;
    until("the customer to find the way", async || {
        shop.customer_pays(&bolt11).await.ok()
    })
    .await;
    shop.incoming_becomes(&hash, "RECEIVED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_sells_pays_and_closes_by_a_bitcoind_alone() {
    let Some(shop) = Shop::open_on_bitcoind(&QUICK).await else {
        return;
    };
    let books = Books::of(&shop);
    sale(&shop).await;
    fund(&shop, 1_000_000).await;

    let friend = stranger(80);
    let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 2});
    let (status, paid) = shop.post("/wallet/payonchain", body).await;
    assert_eq!(status, 200, "{paid}");
    let (status, bumped) = shop.post("/wallet/bumpfee", json!(30)).await;
    assert_eq!(status, 200, "{bumped}");
    let row = becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(row["txId"], bumped["txId"], "{row}");
    assert_eq!(got(&shop, &friend), [50_000]);

    let id = channel(&shop).await;
    let vault = stranger(81);
    let (status, closing) = shop.post("/wallet/closechannel", wish(&id, &vault)).await;
    assert_eq!(status, 200, "{closing}");
    arrives(&shop, &id, &vault).await;
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_outlives_its_bitcoind() {
    let Some(shop) = Shop::open_on_bitcoind(&QUICK).await else {
        return;
    };
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let chain = shop.world.chain();
    chain.stop_bitcoind().unwrap();
    // Channels need no chain for a payment.
    sale(&shop).await;
    let friend = stranger(82);
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
        (status == 503 && why.contains("nobody listens where bitcoind should be")).then_some(())
    })
    .await;
    chain.start_bitcoind().unwrap();
    started.await.unwrap().unwrap();
    sale(&shop).await;
    let paid = until("bitcoind to be asked again", async || {
        let (status, paid) = shop.post("/wallet/payonchain", body.clone()).await;
        (status == 200).then_some(paid)
    })
    .await;
    becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(got(&shop, &friend), [50_000], "once");

    // While it is away a payment that was broadcast waits, and is mined when it is back.
    let (status, paid) = shop.post("/wallet/payonchain", body).await;
    assert_eq!(status, 200, "{paid}");
    chain.stop_bitcoind().unwrap();
    let id = text(&paid, "paymentId");
    assert_eq!(payment(&shop, &id).await["status"], "PENDING");
    chain.start_bitcoind().unwrap();
    becomes(&shop, &id, "SUCCEEDED").await;
    assert_eq!(got(&shop, &friend), [50_000, 50_000]);
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// Its cookie is another then; the till has the one from before.
#[tokio::test(flavor = "multi_thread")]
async fn a_bitcoind_that_starts_again_is_asked_with_its_new_cookie() {
    let folder = tempfile::tempdir().unwrap();
    let cookie = folder.path().join("bitcoind/regtest/.cookie");
    let by_cookie = ("TILL_CHAIN_BITCOIND_AUTH_FILE", cookie.to_str().unwrap());
    let settings = [QUICK[0], QUICK[1], by_cookie];
    let Some(shop) = Shop::open_on_bitcoind_in(folder.path(), &settings).await else {
        return;
    };
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let before = std::fs::read_to_string(&cookie).unwrap();
    let chain = shop.world.chain();
    chain.stop_bitcoind().unwrap();
    chain.start_bitcoind().unwrap();
    assert_ne!(std::fs::read_to_string(&cookie).unwrap(), before);

    let friend = stranger(86);
    let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 3});
    let (status, paid) = shop.post("/wallet/payonchain", body).await;
    assert_eq!(status, 200, "{paid}");
    becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(got(&shop, &friend), [50_000]);
    // The node sees new blocks, too.
    fund(&shop, 300_000).await;
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// A till that has no node yet does not make one on a bitcoind that cannot serve it.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_says_what_is_wrong_with_bitcoind() {
    let Some(program) = bitcoind::find() else {
        eprintln!("there is no bitcoind on this machine: not told");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "regtest:not-the-password\n").unwrap();
    let damaged = folder.path().join("damaged");
    std::fs::write(&damaged, "no login\n").unwrap();
    let cases: [(&[&str], &str, Option<&Path>, &str); 6] = [
        (
            &[],
            "signet",
            None,
            "bitcoind is on regtest, and this till on signet",
        ),
        (
            &[],
            "regtest",
            Some(&wrong),
            "refuses the name or the password",
        ),
        (
            &[],
            "regtest",
            Some(&damaged),
            "has no line of the form name:password",
        ),
        (
            &[],
            "regtest",
            Some(&folder.path().join("missing")),
            "chain.bitcoind_auth_file",
        ),
        (&["-txindex=0"], "regtest", None, "the till needs txindex=1"),
        (
            &["-txindex=0", "-prune=550"],
            "regtest",
            None,
            "bitcoind is pruned",
        ),
    ];
    for (number, (more, network, auth, why)) in cases.into_iter().enumerate() {
        let home = folder.path().join(number.to_string());
        let running = Bitcoind::start_with(&program, &home.join("bitcoind"), more).unwrap();
        let login = running.login_file();
        first_start_says(&running, &home, network, auth.unwrap_or(&login), why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_waits_for_no_bitcoind_that_is_behind() {
    let Some(program) = bitcoind::find() else {
        eprintln!("there is no bitcoind on this machine: not told");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let [ahead, behind] = ["ahead", "behind"]
        .map(|name| Bitcoind::start(&program, &folder.path().join(name)).unwrap());
    let asked = json!([3, "raw(51)"]);
    let mined: Vec<String> = ahead.rpc().call("generatetodescriptor", asked).unwrap();
    for hash in mined {
        let header: String = ahead
            .rpc()
            .call("getblockheader", json!([hash, false]))
            .unwrap();
        let _: Value = behind.rpc().call("submitheader", json!([header])).unwrap();
    }
    let login = behind.login_file();
    let why = "bitcoind is still catching up: 0 of 3 blocks";
    first_start_says(&behind, folder.path(), "regtest", &login, why).await;
}

/// Starts a till that has no node yet on a bitcoind that cannot serve it.
async fn first_start_says(running: &Bitcoind, home: &Path, network: &str, login: &Path, why: &str) {
    let (address, data_dir) = (running.address().to_string(), home.join("till"));
    let env = [
        ("TILL_TILL_DATA_DIR", data_dir.to_str().unwrap()),
        ("TILL_TILL_NETWORK", network),
        ("TILL_HTTP_LISTEN", "127.0.0.1:0"),
        ("TILL_NODE_LISTEN", "127.0.0.1:0"),
        ("TILL_CHAIN_SOURCE", "bitcoind"),
        ("TILL_CHAIN_BITCOIND_RPC", &address),
        ("TILL_CHAIN_BITCOIND_AUTH_FILE", login.to_str().unwrap()),
    ];
    let init = [
        "init",
        "--non-interactive",
        "--no-passphrase",
        "--hide-words",
    ];
    let made = tilld(&init, &env).await;
    assert!(made.status.success(), "{}", said(&made));
    let served = tilld(&["serve"], &env).await;
    assert!(!served.status.success(), "{why}");
    assert!(said(&served).contains(why), "{why}: {}", said(&served));
    let password = std::fs::read_to_string(running.login_file()).unwrap();
    let password = password.split_once(':').unwrap().1;
    for secret in [password, "not-the-password"] {
        assert!(!said(&served).contains(secret), "{why}");
    }
    assert!(!data_dir.join("node").exists(), "{why}: no node was made");
}

/// Channels are closed while the till is away, and so long ago that no single look gets there.
#[tokio::test(flavor = "multi_thread")]
async fn closings_from_long_ago_are_found() {
    let Some(shop) = Shop::open_on_bitcoind(&QUICK).await else {
        return;
    };
    let books = Books::of(&shop);
    sale(&shop).await;
    shop.world.till().stop().await.unwrap();
    let till = shop.world.till_node().node_id;
    for peer in [shop.world.customer(), shop.world.lsp()] {
        peer.close_channels(till, true).await.unwrap();
    }
    until("the closing to be broadcast", async || {
        (!shop.world.chain().mempool().is_empty()).then_some(())
    })
    .await;
    shop.world.mine(LONG_AGO_BLOCKS).await.unwrap();
    shop.world.start_till().await.unwrap();
    until("the channel's money to be in the wallet", async || {
        shop.world.mine(1).await.unwrap();
        let audit = books.audit(&["--json"]).await.json();
        let node = &audit["node"];
        let is_back = node["ledger_lightning_msat"] == 0 && node["ledger_closing_msat"] == 0;
        is_back.then_some(())
    })
    .await;
    audit_agrees(&shop, &books).await;
    shop.close().await;
}
