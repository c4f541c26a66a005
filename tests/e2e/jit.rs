//! Channels just in time (LSPS2): a till without a channel sells, and what the liquidity provider takes
//! is in the books to the millisatoshi.

use serde_json::{Value, json};

use crate::audit::Books;
use crate::shop::{Shop, text, until};

/// Looks follow each other quickly, so that no story waits for minutes.
const QUICK: [(&str, &str); 2] = [
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];

/// What the sandbox's provider takes: 0.4 %, at least 1,000 sat.
const FEE_MIN_SAT: u64 = 1_000;

/// A till without channels sells for the first time.
async fn first_sale(shop: &Shop, amount_sat: u64) -> (Value, Value) {
    let wanted = json!({"amountSat": amount_sat, "externalId": "first"});
    let (status, made) = shop.post("/wallet/createinvoice", wanted).await;
    assert_eq!(status, 200, "{made}");
    let paid = shop.customer_pays(&text(&made, "serialized")).await;
    paid.unwrap();
    let row = shop
        .incoming_becomes(&text(&made, "paymentHash"), "RECEIVED")
        .await;
    (made, row)
}

/// What the audit says, once ledger and node agree.
async fn agreed(books: &Books) -> Value {
    until("ledger and node to agree", async || {
        let audit = books.audit(&["--json"]).await;
        let report = audit.json();
        let node = &report["node"];
        let agrees = node["onchain_msat"].is_i64() && node["difference_msat"] == 0;
        (agrees && audit.code() == 0).then_some(report)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_with_nothing_sells_and_its_second_sale_uses_the_channel() {
    let shop = Shop::open_poor(&QUICK).await;
    let books = Books::of(&shop);
    let channels = shop.get("/wallet/channels").await;
    assert_eq!(channels, json!([]));

    let (made, row) = first_sale(&shop, 100_000).await;
    assert_eq!(made["lspFeeSat"], FEE_MIN_SAT, "{made}");
    assert_eq!(row["fees"], FEE_MIN_SAT * 1_000, "{row}");
    assert_eq!(row["requestedSat"], 100_000, "{row}");
    assert_eq!(row["receivedSat"], 100_000 - FEE_MIN_SAT, "{row}");
    let channels = shop.get("/wallet/channels").await;
    assert_eq!(channels[0]["state"], "NORMAL", "{channels}");
    let report = agreed(&books).await;
    assert_eq!(
        report["node"]["ledger_lightning_msat"], 99_000_000,
        "{report}"
    );

    // The channel is half as large again as the first sale.
    let (status, made) = shop
        .post("/wallet/createinvoice", json!({"amountSat": 20_000}))
        .await;
    assert_eq!((status, &made["lspFeeSat"]), (200, &Value::Null), "{made}");
    shop.customer_pays(&text(&made, "serialized"))
        .await
        .unwrap();
    let row = shop
        .incoming_becomes(&text(&made, "paymentHash"), "RECEIVED")
        .await;
    assert_eq!(
        (&row["receivedSat"], &row["fees"]),
        (&json!(20_000), &json!(0))
    );
    assert_eq!(
        shop.get("/wallet/channels").await.as_array().unwrap().len(),
        1
    );
    agreed(&books).await;
    shop.close().await;
}
