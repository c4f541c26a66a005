//! Customers pay: fixed and open amounts, many at once, too late, and while nobody watches.

use futures_util::future::join_all;
use serde_json::json;
use till::id::Preimage;

use crate::shop::{Shop, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn sales_are_credited_once_and_shown() {
    let shop = Shop::open().await;
    a_sale_is_seen_everywhere(&shop).await;
    the_customer_chooses_the_amount(&shop).await;
    many_sales_at_once_are_each_credited_once(&shop).await;
    an_expired_invoice_takes_no_money(&shop).await;
    shop.close().await;
}

async fn a_sale_is_seen_everywhere(shop: &Shop) {
    let mut display = shop.display().await;
    let before = shop.balance_sat().await;
    let wanted = json!({"amountSat": 50_000, "description": "order 1", "externalId": "order-1"});
    let (bolt11, hash) = shop.invoice(wanted).await;
    let row = shop.incoming(&hash).await;
    assert_eq!(
        (&row["status"], &row["preimage"]),
        (&json!("PENDING"), &json!(null))
    );

    let paid = shop.customer_pays(&bolt11).await.unwrap();
    let event = display.next_of("payment_received").await;
    assert_eq!(event["amountSat"], 50_000);
    assert_eq!(event["paymentHash"], hash);
    assert_eq!(event["externalId"], "order-1");
    assert_eq!(event["payerNote"], json!(null));
    assert!(event["timestamp"].as_u64().unwrap() > 1_700_000_000_000);

    let row = shop.incoming(&hash).await;
    assert_eq!(row["status"], "RECEIVED");
    assert_eq!(
        (row["amountSat"].as_u64(), row["receivedSat"].as_u64()),
        (Some(50_000), Some(50_000))
    );
    assert_eq!(row["preimage"], paid.preimage);
    let mut bytes = [0; 32];
    hex::decode_to_slice(text(&row, "preimage"), &mut bytes).unwrap();
    assert_eq!(Preimage::from_bytes(bytes).payment_hash().to_string(), hash);
    let found = shop
        .get("/wallet/payments/incoming?externalId=order-1")
        .await;
    assert_eq!(found, json!([row]));
    // The channel's reserve, which the till cannot spend, is filled by its first sales.
    assert!(shop.balance_sat().await >= before);
}

async fn the_customer_chooses_the_amount(shop: &Shop) {
    let (bolt11, hash) = shop.invoice(json!({"description": "tip"})).await;
    shop.world
        .customer()
        .pay(&bolt11, Some(12_345_678))
        .await
        .unwrap();
    let row = shop.incoming_becomes(&hash, "RECEIVED").await;
    assert_eq!(row["requestedSat"], json!(null));
    assert!(
        [12_345, 12_346].contains(&row["receivedSat"].as_u64().unwrap()),
        "{row}"
    );
    // Back to whole satoshis, so that sums below are easy to read.
    let (bolt11, hash) = shop.invoice(json!({})).await;
    shop.world
        .customer()
        .pay(&bolt11, Some(1_322))
        .await
        .unwrap();
    shop.incoming_becomes(&hash, "RECEIVED").await;
}

async fn many_sales_at_once_are_each_credited_once(shop: &Shop) {
    const SALES: u64 = 20;
    let before = shop.balance_sat().await;
    let mut display = shop.display().await;
    let sell = async |sale: u64| {
        let wanted = json!({"amountSat": 1_000 + sale, "externalId": format!("many-{sale}")});
        let (bolt11, hash) = shop.invoice(wanted).await;
        shop.customer_pays(&bolt11).await.unwrap();
        shop.incoming_becomes(&hash, "RECEIVED").await
    };
    let rows = join_all((0..SALES).map(sell)).await;
    let total: u64 = rows
        .iter()
        .map(|row| row["receivedSat"].as_u64().unwrap())
        .sum();
    assert_eq!(total, (0..SALES).map(|sale| 1_000 + sale).sum::<u64>());
    let mut shown = 0;
    for _ in 0..SALES {
        shown += display.next_of("payment_received").await["amountSat"]
            .as_u64()
            .unwrap();
    }
    assert_eq!(shown, total);
    // What channels can spend follows a moment after the money is ours.
    until("the balance to show the sales", async || {
        (shop.balance_sat().await >= before + total).then_some(())
    })
    .await;
}

async fn an_expired_invoice_takes_no_money(shop: &Shop) {
    let mut display = shop.display().await;
    let wanted = json!({"amountSat": 700, "expirySeconds": 1, "externalId": "late"});
    let (bolt11, hash) = shop.invoice(wanted).await;
    let event = display.next_of("invoice_expired").await;
    assert_eq!(
        (&event["paymentHash"], &event["externalId"]),
        (&json!(hash), &json!("late"))
    );
    let row = shop.incoming(&hash).await;
    assert_eq!(
        (&row["status"], &row["isExpired"]),
        (&json!("EXPIRED"), &json!(true))
    );
    shop.customer_pays(&bolt11)
        .await
        .expect_err("an expired invoice was paid");
    assert_eq!(shop.incoming(&hash).await["status"], "EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_display_that_was_away_misses_nothing() {
    let shop = Shop::open().await;
    let mut display = shop.display().await;
    let sell = async |amount: u64| {
        let (bolt11, hash) = shop.invoice(json!({"amountSat": amount})).await;
        shop.customer_pays(&bolt11).await.unwrap();
        hash
    };
    let seen = sell(100).await;
    assert_eq!(
        display.next_of("payment_received").await["paymentHash"],
        seen
    );
    let last_seen = display.last_event_id;
    drop(display);

    let missed = [sell(201).await, sell(202).await, sell(203).await];
    let mut display = shop.display_since(last_seen).await;
    for hash in &missed {
        assert_eq!(
            display.next_of("payment_received").await["paymentHash"],
            *hash
        );
    }
    let live = sell(300).await;
    assert_eq!(
        display.next_of("payment_received").await["paymentHash"],
        live
    );

    // The log outlives the process, and so do ids.
    shop.world.till().stop().await.unwrap();
    shop.world.start_till().await.unwrap();
    let mut display = shop.display_since(last_seen).await;
    for hash in missed.iter().chain([&live]) {
        assert_eq!(
            display.next_of("payment_received").await["paymentHash"],
            *hash
        );
    }
    shop.close().await;
}
