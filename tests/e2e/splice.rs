//! Splices: the till's own, and those of a peer, who does not ask. The channel then hangs on another
//! transaction, and its closing must be found there.

use serde_json::{Value, json};
use till_regtest::peer::Peer;

use crate::audit::Books;
use crate::channels::list;
use crate::reconcile::at_rest;
use crate::shop::{Shop, text, until};

/// Looks follow each other quickly, so that no story waits for minutes.
const QUICK: [(&str, &str); 1] = [("TILL_PAYMENTS_RECHECK_SECS", "1")];
/// The channel that the provider has opened to the till.
const CAPACITY_SAT: u64 = 6_000_000;
/// What the provider adds.
const ADDED_SAT: u64 = 1_000_000;
/// What the customer pays through it: more than the reserve.
const SALE_SAT: u64 = 200_000;

/// The till's channel with a peer.
async fn with(books: &Books, peer: &Peer) -> Value {
    let peer = peer.node_id().to_string();
    let channels = list(books).await;
    let found = channels.iter().find(|one| one["counterparty"] == peer);
    found.unwrap().clone()
}

async fn sale(shop: &Shop) {
    let (bolt11, hash) = shop.invoice(json!({"amountSat": SALE_SAT})).await;
    shop.customer_pays(&bolt11).await.unwrap();
    shop.incoming_becomes(&hash, "RECEIVED").await;
}

/// The provider adds to its channel; returns the splice's transaction, which is not mined yet.
async fn spliced(shop: &Shop) -> String {
    let (chain, till) = (shop.world.chain(), shop.world.till_node().node_id);
    let before = chain.mempool();
    shop.world.lsp().splice_in(till, ADDED_SAT).await.unwrap();
    until("the splice to be broadcast", async || {
        let new = chain.mempool().into_iter();
        let mut new = new.filter(|tx_id| !before.contains(tx_id));
        new.next().map(|tx_id| tx_id.to_string())
    })
    .await
}

/// The provider closes by force; what it cost is booked, and nothing else is gone.
async fn closes_and_adds_up(shop: &Shop, books: &Books) -> Value {
    let before = at_rest(shop, books).await;
    let till = shop.world.till_node().node_id;
    shop.world.lsp().close_channels(till, true).await.unwrap();
    until("the channel to be closed", async || {
        shop.world.mine(1).await.unwrap();
        let channel = with(books, shop.world.lsp()).await;
        (channel["state"] == "closed").then_some(())
    })
    .await;
    let after = until("the closing to be booked", async || {
        let node = at_rest(shop, books).await;
        let onchain = |node: &Value| node["ledger_onchain_msat"].as_i64().unwrap();
        let back = onchain(&node) > onchain(&before) && node["ledger_closing_msat"] == 0;
        back.then_some(node)
    })
    .await;
    let held = |node: &Value| -> i64 {
        let accounts = ["lightning", "closing", "onchain"];
        let msat = accounts.map(|name| node[format!("ledger_{name}_msat")].as_i64().unwrap());
        msat.iter().sum()
    };
    let cost = held(&before) - held(&after);
    assert!((1..20_000_000).contains(&cost), "{cost} msat; {after}");
    with(books, shop.world.lsp()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_its_peer_made_larger_is_closed_where_it_hangs_now() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    sale(&shop).await;
    let splice = spliced(&shop).await;
    until("the channel to be larger", async || {
        shop.world.mine(1).await.unwrap();
        let channel = with(&books, shop.world.lsp()).await;
        (channel["capacity_sat"] == CAPACITY_SAT + ADDED_SAT).then_some(())
    })
    .await;
    sale(&shop).await;

    let closed = closes_and_adds_up(&shop, &books).await;
    assert_eq!(text(&closed, "funding_tx_id"), splice);
    assert_ne!(text(&closed, "closing_tx_id"), splice);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_closed_while_its_splice_is_not_deep_enough() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    sale(&shop).await;
    let splice = spliced(&shop).await;
    // In a block, so that nothing can replace it; but neither side has let go of the old output.
    shop.world.mine(2).await.unwrap();
    let closed = closes_and_adds_up(&shop, &books).await;
    assert_ne!(text(&closed, "closing_tx_id"), splice);
    shop.close().await;
}

/// Begins a splice; returns its transaction.
async fn begins(shop: &Shop, books: &Books, peer: &Peer, way: &str, sat: u64) -> String {
    let channel = with(books, peer).await;
    let path = format!("/wallet/channels/{}/{way}", text(&channel, "channel_id"));
    let (status, answer) = shop.post(&path, json!({"amountSat": sat})).await;
    assert_eq!(
        (status, &answer["state"]),
        (200, &json!("PENDING")),
        "{answer}"
    );
    // With a peer that is trusted without confirmations a splice counts at once.
    if peer.node_id() != shop.world.lsp().node_id() {
        let (status, again) = shop.post(&path, json!({"amountSat": sat})).await;
        assert_eq!(status, 400, "{again}");
        assert!(
            text(&again, "message").contains("spliced already"),
            "{again}"
        );
    }
    text(&answer, "txId")
}

/// Waits until a splice is booked; returns by how much the accounts of channels and chain have changed
/// since the audit `before`, in msat.
async fn is_booked(
    shop: &Shop,
    books: &Books,
    peer: &Peer,
    tx: &str,
    before: &Value,
) -> (i64, i64) {
    until("the channel to hang on the splice", async || {
        shop.world.mine(1).await.unwrap();
        let now = with(books, peer).await;
        (now["funding_tx_id"] == tx).then_some(())
    })
    .await;
    let after = until("the splice to be booked", async || {
        let node = at_rest(shop, books).await;
        (node["ledger_onchain_msat"] != before["ledger_onchain_msat"]).then_some(node)
    })
    .await;
    let change = |name: &str| after[name].as_i64().unwrap() - before[name].as_i64().unwrap();
    (
        change("ledger_lightning_msat"),
        change("ledger_onchain_msat"),
    )
}

/// Both.
async fn till_splices(shop: &Shop, books: &Books, peer: &Peer, way: &str, sat: u64) -> (i64, i64) {
    let before = at_rest(shop, books).await;
    let tx = begins(shop, books, peer, way, sat).await;
    is_booked(shop, books, peer, &tx, &before).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_till_splices_channels_that_it_opened_and_that_it_did_not() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    sale(&shop).await;
    for peer in [shop.world.customer(), shop.world.lsp()] {
        let (channels, chain) = till_splices(&shop, &books, peer, "splicein", 500_000).await;
        assert_eq!(channels, 500_000_000);
        // A satoshi or so for each byte goes to the miners, and comes from where the money was.
        let fee = -500_000_000 - chain;
        assert!((100_000..2_000_000).contains(&fee), "{fee} msat");
        let (channels, chain) = till_splices(&shop, &books, peer, "spliceout", 300_000).await;
        assert_eq!(chain, 300_000_000);
        let fee = -300_000_000 - channels;
        assert!((100_000..2_000_000).contains(&fee), "{fee} msat");
    }
    let channel = text(&with(&books, shop.world.lsp()).await, "channel_id");
    let path = format!("/wallet/channels/{channel}/spliceout");
    let cases = [
        (json!({"amountSat": 900_000_000}), 402),
        (json!({"amountSat": 0}), 400),
        (json!({"amountSat": 1_000, "address": "bcrt1q"}), 400),
    ];
    for (body, status) in cases {
        let (got, answer) = shop.post(&path, body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
    }
    let (status, _) = shop
        .post("/wallet/channels/c0ffee/splicein", json!({"amountSat": 1}))
        .await;
    assert_eq!(status, 404);
    let keyed = async |amount: u64| {
        let body = json!({ "amountSat": amount });
        let key = [("Idempotency-Key", "splice")];
        let call = shop.try_call(reqwest::Method::POST, &path, Some(body), &key);
        call.await.unwrap()
    };
    let first = keyed(50_000).await;
    assert_eq!(first.0, 200, "{first:?}");
    assert_eq!(keyed(50_000).await, first, "a repeat is no second splice");
    assert_eq!(keyed(50_001).await.0, 409);
    // What a peer that is away would do later, is not begun.
    shop.world.lsp().stop().await.unwrap();
    until("the provider to be missed", async || {
        let (status, _) = shop.post(&path, json!({"amountSat": 1_000})).await;
        (status == 422).then_some(())
    })
    .await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_splice_that_a_closing_undoes_never_happened() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    sale(&shop).await;
    let before = at_rest(&shop, &books).await;
    let customer = shop.world.customer();
    let channel = text(&with(&books, customer).await, "channel_id");
    let spliced = books
        .command(&["channels", "splice-in", &channel, "--amount", "500000"])
        .await;
    assert!(
        spliced.said().contains("is being spliced"),
        "{}",
        spliced.said()
    );
    let till = shop.world.till_node().node_id;
    customer.close_channels(till, true).await.unwrap();
    let after = until("the closing to be booked", async || {
        shop.world.mine(1).await.unwrap();
        let node = at_rest(&shop, &books).await;
        let is_closed = with(&books, customer).await["closing_tx_id"].is_string();
        (is_closed && node["ledger_closing_msat"] == 0).then_some(node)
    })
    .await;
    let onchain = |node: &Value| node["ledger_onchain_msat"].as_i64().unwrap();
    let back = onchain(&after) - onchain(&before);
    assert!(
        (5_900_000_000..6_000_000_000).contains(&back),
        "{back} msat"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_changes_nothing_about_a_splice() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    sale(&shop).await;
    let before = at_rest(&shop, &books).await;
    let customer = shop.world.customer();
    let tx = begins(&shop, &books, customer, "splicein", 500_000).await;
    shop.world.till().kill().await.unwrap();
    shop.world.start_till().await.unwrap();
    let (channels, _) = is_booked(&shop, &books, customer, &tx, &before).await;
    assert_eq!(channels, 500_000_000);
    shop.close().await;
}
