//! A peer makes our channel larger (a splice), which nobody asks us about. The channel then hangs on
//! another transaction, and closing it must be found there.

use serde_json::{Value, json};

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

/// The till's channel with the provider.
async fn with_provider(shop: &Shop, books: &Books) -> Value {
    let provider = shop.world.lsp().node_id().to_string();
    let channels = list(books).await;
    let found = channels.iter().find(|one| one["counterparty"] == provider);
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
        let channel = with_provider(shop, books).await;
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
    with_provider(shop, books).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_its_peer_made_larger_is_closed_where_it_hangs_now() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    sale(&shop).await;
    let splice = spliced(&shop).await;
    until("the channel to be larger", async || {
        shop.world.mine(1).await.unwrap();
        let channel = with_provider(&shop, &books).await;
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
