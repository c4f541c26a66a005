//! Offers (BOLT 12), both ways: a payer asks for an invoice by onion message, and what it pays is
//! taken by the node and finds its wallet by the offer's id.

use serde_json::json;
use till::id::Preimage;

use crate::shop::{Shop, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_paid_both_ways() {
    let shop = Shop::open().await;
    the_till_pays_an_offer(&shop).await;
    shop.close().await;
}

async fn the_till_pays_an_offer(shop: &Shop) {
    let mut display = shop.display().await;
    let before = shop.balance_sat().await;
    let offer = shop.world.customer().offer(Some(25_000_000)).await.unwrap();
    let wanted = json!({"offer": offer, "message": "Payment for service"});
    let (status, paid) = shop.post("/wallet/payoffer", wanted).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(paid["recipientAmountSat"], 25_000);
    let mut bytes = [0; 32];
    hex::decode_to_slice(text(&paid, "paymentPreimage"), &mut bytes).unwrap();
    let hash = text(&paid, "paymentHash");
    assert_eq!(Preimage::from_bytes(bytes).payment_hash().to_string(), hash);
    let fee = paid["routingFeeSat"].as_u64().unwrap();
    assert_eq!(shop.balance_sat().await, before - 25_000 - fee);
    assert_eq!(display.next_of("payment_sent").await["paymentHash"], hash);
    let row = shop.outgoing(&hash).await;
    assert_eq!(
        (&row["subType"], &row["payerNote"], &row["offer"]),
        (
            &json!("bolt12"),
            &json!("Payment for service"),
            &json!(offer)
        )
    );
    let made = shop
        .post(
            "/wallet/createoffer",
            json!({"amountSat": 700, "description": "beer"}),
        )
        .await;
    eprintln!("{made:?}");
    let paid = shop
        .world
        .customer()
        .pay_offer(
            made.1["offer"].as_str().unwrap(),
            None,
            Some("thanks".into()),
        )
        .await;
    eprintln!("{paid:?}");
    let rows = shop.get("/wallet/payments/incoming").await;
    eprintln!("{rows}");
    let _ = until("x", async || Some(())).await;
}
