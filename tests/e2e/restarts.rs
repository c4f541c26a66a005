//! The till ends and comes back: orderly, in the middle of a payment, and without a warning.

use serde_json::json;

use crate::shop::{Shop, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_changes_nothing() {
    let shop = Shop::open_with(&[("TILL_PAYMENTS_WAIT_SECS", "1")]).await;
    let (unpaid, unpaid_hash) = shop.invoice(json!({"amountSat": 4_000})).await;
    let asked = shop.customer_asks(Some(7_000), true).await;
    assert_eq!(shop.pays(&asked.bolt11).await.0, 202);
    shop.customer_holds(&asked.payment_hash).await;
    let before = shop.balance_sat().await;
    let rows = shop.get("/wallet/payments/incoming?all=true").await;

    shop.world.till().stop().await.unwrap();
    shop.world.start_till().await.unwrap();

    // Cookies, wallet token, rows and money are as they were.
    assert_eq!(shop.get("/wallet/payments/incoming?all=true").await, rows);
    assert_eq!(
        shop.outgoing(&asked.payment_hash).await["status"],
        "PENDING"
    );
    until("the channels to be back", async || {
        (shop.balance_sat().await == before).then_some(())
    })
    .await;
    shop.world
        .customer()
        .settle(&asked.payment_hash)
        .await
        .unwrap();
    shop.outgoing_becomes(&asked.payment_hash, "SUCCEEDED")
        .await;
    shop.customer_pays(&unpaid).await.unwrap();
    shop.incoming_becomes(&unpaid_hash, "RECEIVED").await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let shop = Shop::open_with(&[("TILL_PAYMENTS_WAIT_SECS", "1")]).await;
    let (sold, sold_hash) = shop.invoice(json!({"amountSat": 9_000})).await;
    shop.customer_pays(&sold).await.unwrap();
    shop.incoming_becomes(&sold_hash, "RECEIVED").await;
    let (open, open_hash) = shop.invoice(json!({"amountSat": 3_000})).await;
    let asked = shop.customer_asks(Some(7_000), true).await;
    assert_eq!(shop.pays(&asked.bolt11).await.0, 202);
    shop.customer_holds(&asked.payment_hash).await;

    shop.world.till().kill().await.unwrap();
    shop.world.start_till().await.unwrap();

    assert_eq!(shop.incoming(&sold_hash).await["status"], "RECEIVED");
    assert_eq!(shop.incoming(&open_hash).await["status"], "PENDING");
    assert_eq!(
        shop.outgoing(&asked.payment_hash).await["status"],
        "PENDING"
    );
    shop.world
        .customer()
        .settle(&asked.payment_hash)
        .await
        .unwrap();
    shop.outgoing_becomes(&asked.payment_hash, "SUCCEEDED")
        .await;
    until("the customer to find the way", async || {
        shop.customer_pays(&open).await.ok()
    })
    .await;
    shop.incoming_becomes(&open_hash, "RECEIVED").await;
    shop.close().await;
}
