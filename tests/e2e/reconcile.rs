//! The ledger and the node, to the millisatoshi: after business, after channels were closed in every
//! way, after a reorg. The till compares them by itself; the stories ask its audit.

use serde_json::{Value, json};

use crate::audit::Books;
use crate::shop::{Shop, text, until};

/// Looks follow each other quickly, so that no story waits for minutes.
pub const QUICK: [(&str, &str); 2] = [
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];

/// What the audit says of the node, once everything is at rest and explained.
pub async fn at_rest(shop: &Shop, books: &Books) -> Value {
    until("ledger and node to agree", async || {
        // Blocks let closings become final, and nothing else wait for them.
        shop.world.mine(1).await.unwrap();
        let audit = books.audit(&["--json"]).await;
        let node = audit.json()["node"].clone();
        let agrees = node["onchain_msat"].is_i64() && node["explanation"].is_null();
        (agrees && audit.code() == 0).then_some(node)
    })
    .await
}

pub async fn business(shop: &Shop) {
    for amount_sat in [1, 250, 40_000] {
        let (bolt11, hash) = shop.invoice(json!({"amountSat": amount_sat})).await;
        shop.customer_pays(&bolt11).await.unwrap();
        shop.incoming_becomes(&hash, "RECEIVED").await;
        let asked = shop.customer_asks(Some(amount_sat), false).await;
        assert_eq!(shop.pays(&asked.bolt11).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_business_ledger_and_node_agree() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    business(&shop).await;
    let node = at_rest(&shop, &books).await;
    assert_eq!(node["difference_msat"], 0, "{node}");
    assert_eq!(node["closing_msat"], 0, "{node}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_closings_cost_is_booked_and_nothing_is_missing() {
    for force in [false, true] {
        let shop = Shop::open_with(&QUICK).await;
        let books = Books::of(&shop);
        business(&shop).await;
        let before = at_rest(&shop, &books).await;
        let till = shop.world.till_node().node_id;
        shop.world.lsp().close_channels(till, force).await.unwrap();
        shop.world
            .customer()
            .close_channels(till, force)
            .await
            .unwrap();
        until("the channels to be gone", async || {
            shop.world.mine(1).await.unwrap();
            let channels = shop.get("/wallet/channels").await;
            channels.as_array().unwrap().is_empty().then_some(())
        })
        .await;
        let after = until("the money to be back", async || {
            let node = at_rest(&shop, &books).await;
            (node["ledger_lightning_msat"] == 0 && node["closing_msat"] == 0).then_some(node)
        })
        .await;
        let held = |node: &Value| {
            let accounts = ["lightning", "closing", "onchain"];
            let msat = accounts.map(|name| node[format!("ledger_{name}_msat")].as_i64().unwrap());
            msat.iter().sum::<i64>()
        };
        let cost = held(&before) - held(&after);
        assert!(
            (1..20_000_000).contains(&cost),
            "force {force}: {cost} msat; {after}"
        );
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_goes_and_comes_with_its_block() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    let before = at_rest(&shop, &books).await["ledger_onchain_msat"]
        .as_i64()
        .unwrap();
    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    shop.world
        .fund(&text(&address, "address"), 300_000, true)
        .await
        .unwrap();
    let onchain = async |wanted: i64| {
        until("the books to follow the chain", async || {
            let audit = books.audit(&["--json"]).await.json();
            let found = audit["node"]["ledger_onchain_msat"].as_i64().unwrap();
            (found == before + wanted).then_some(())
        })
        .await;
    };
    onchain(300_000_000).await;
    // Its block is replaced by two that are empty; then somebody mines it after all.
    shop.world.chain().reorg_empty(1).unwrap();
    shop.world.sync().await.unwrap();
    onchain(0).await;
    shop.world.mine(1).await.unwrap();
    onchain(300_000_000).await;
    at_rest(&shop, &books).await;
    shop.close().await;
}
