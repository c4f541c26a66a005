//! Offers (BOLT 12), both ways: a payer asks for an invoice by onion message, and what it pays is
//! taken by the node and finds its wallet by the offer's id.

use std::time::Duration;

use serde_json::{Value, json};
use support::offers::{OfferText, secs_ago};
use till::id::Preimage;

use till_regtest::wait::Wait;

use crate::shop::{Shop, text, until};

/// The node gives a recipient that does not answer up within this time.
const GIVE_UP_LIMIT: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_paid_both_ways() {
    let shop = Shop::open().await;
    the_till_pays_an_offer(&shop).await;
    an_offer_is_paid_again_and_with_any_amount(&shop).await;
    unpayable_offers_say_why(&shop).await;
    a_customer_s_note_reaches_list_and_display(&shop).await;
    the_standing_offer_takes_any_amount(&shop).await;
    nobody_pays_an_offer_past_its_time(&shop).await;
    shop.close().await;
}

fn opens(paid: &Value) -> bool {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text(paid, "paymentPreimage"), &mut bytes).unwrap();
    Preimage::from_bytes(bytes).payment_hash().to_string() == text(paid, "paymentHash")
}

async fn the_till_pays_an_offer(shop: &Shop) {
    let mut display = shop.display().await;
    let before = shop.balance_sat().await;
    let offer = shop.world.customer().offer(Some(25_000_000)).await.unwrap();
    let wanted = json!({"offer": offer, "message": "Payment for service"});
    let (status, paid) = shop.post("/wallet/payoffer", wanted).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(paid["recipientAmountSat"], 25_000);
    assert!(opens(&paid), "{paid}");
    let hash = text(&paid, "paymentHash");
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
    let by_id = format!("/wallet/payments/outgoing/{}", text(&paid, "paymentId"));
    assert_eq!(shop.get(&by_id).await, row);
}

async fn an_offer_is_paid_again_and_with_any_amount(shop: &Shop) {
    let before = shop.balance_sat().await;
    let offer = shop.world.customer().offer(None).await.unwrap();
    let mut hashes = Vec::new();
    for sat in [1_000, 2_000] {
        let wanted = json!({"offer": offer, "amountSat": sat});
        let (status, paid) = shop.post("/wallet/payoffer", wanted).await;
        assert_eq!(
            (status, &paid["recipientAmountSat"]),
            (200, &json!(sat)),
            "{paid}"
        );
        hashes.push(text(&paid, "paymentHash"));
    }
    assert_ne!(hashes[0], hashes[1]);
    assert_eq!(shop.balance_sat().await, before - 3_000);
}

async fn unpayable_offers_say_why(shop: &Shop) {
    let before = shop.balance_sat().await;
    let (_, own) = shop.post("/wallet/createoffer", json!({})).await;
    let dear = shop
        .world
        .customer()
        .offer(Some(9_000_000_000))
        .await
        .unwrap();
    let old = OfferText {
        expires_at: secs_ago(60),
        ..OfferText::default()
    };
    let cases = [
        (text(&own, "offer"), 409, "self_payment"),
        (dear, 402, "insufficient_funds"),
        (old.text(), 410, "invoice_expired"),
        ("lno1nonsense".to_owned(), 400, "invalid_offer"),
    ];
    for (offer, status, code) in cases {
        // Open offers need an amount; others would be content with their own.
        let amount = if code == "insufficient_funds" {
            9_000_000
        } else {
            1_000
        };
        let wanted = json!({"offer": offer, "amountSat": amount});
        let (got, answer) = shop.post("/wallet/payoffer", wanted).await;
        assert_eq!((got, &answer["code"]), (status, &json!(code)), "{answer}");
    }
    assert_eq!(shop.balance_sat().await, before);
}

async fn a_customer_s_note_reaches_list_and_display(shop: &Shop) {
    let mut display = shop.display().await;
    let before = held_sat(shop).await;
    let wanted = json!({"amountSat": 700, "description": "beer"});
    let (status, made) = shop.post("/wallet/createoffer", wanted).await;
    assert_eq!(status, 200, "{made}");
    let note = Some("for Bob".to_owned());
    let offer = text(&made, "offer");
    let paid = shop
        .world
        .customer()
        .pay_offer(&offer, None, note)
        .await
        .unwrap();
    let told = display.next_of("payment_received").await;
    assert_eq!(
        (&told["amountSat"], &told["payerNote"], &told["paymentHash"]),
        (&json!(700), &json!("for Bob"), &json!(paid.payment_hash))
    );
    let row = shop.incoming(&paid.payment_hash).await;
    let expected = [
        ("subType", json!("bolt12")),
        ("payerNote", json!("for Bob")),
        ("description", json!("beer")),
        ("offerId", made["offerId"].clone()),
        ("receivedSat", json!(700)),
        ("status", json!("RECEIVED")),
        ("preimage", json!(paid.preimage)),
    ];
    for (field, value) in expected {
        assert_eq!(row[field], value, "{field}: {row}");
    }
    assert_eq!(shop.get("/wallet/payments/incoming").await[0], row);
    holds(shop, before + 700).await;
}

/// What is the till's in its channels. The balance does not show small receipts: they lie in the
/// reserve of the channel that they came by.
async fn held_sat(shop: &Shop) -> u64 {
    let channels = shop.get("/wallet/channels").await;
    let channels = channels.as_array().unwrap().iter();
    channels
        .map(|channel| channel["balanceSat"].as_u64().unwrap())
        .sum()
}

async fn holds(shop: &Shop, sat: u64) {
    until(&format!("the channels to hold {sat} sat"), async || {
        (held_sat(shop).await == sat).then_some(())
    })
    .await;
}

async fn the_standing_offer_takes_any_amount(shop: &Shop) {
    let before = held_sat(shop).await;
    let standing = shop.get("/wallet/getoffer").await;
    let offer = text(&standing, "offer");
    for sat in [11, 2_222] {
        let customer = shop.world.customer();
        let paid = customer
            .pay_offer(&offer, Some(sat * 1_000), None)
            .await
            .unwrap();
        let row = shop.incoming_becomes(&paid.payment_hash, "RECEIVED").await;
        assert_eq!(
            (&row["receivedSat"], &row["offerId"]),
            (&json!(sat), &standing["offerId"])
        );
    }
    assert_eq!(shop.get("/wallet/getoffer").await, standing);
    holds(shop, before + 2_233).await;
}

async fn nobody_pays_an_offer_past_its_time(shop: &Shop) {
    let before = shop.balance_sat().await;
    let wanted = json!({"amountSat": 5, "expirySeconds": 1});
    let (_, made) = shop.post("/wallet/createoffer", wanted).await;
    until("the offer to expire", async || {
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        // Whole seconds count: the last of them is still good.
        (now > Duration::from_millis(made["expiresAt"].as_u64().unwrap() + 1_000)).then_some(())
    })
    .await;
    let offer = text(&made, "offer");
    let refused = shop.world.customer().pay_offer(&offer, None, None).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(shop.balance_sat().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_waits_for_a_recipient_who_is_away() {
    let shop = Shop::open_with(&[("TILL_PAYMENTS_WAIT_SECS", "2")]).await;
    let offer = shop.world.customer().offer(Some(25_000_000)).await.unwrap();
    who_comes_back_is_paid(&shop, &offer).await;
    a_killed_till_forgets_no_payment(&shop, &offer).await;
    shop.close().await;
}

async fn who_comes_back_is_paid(shop: &Shop, offer: &str) {
    let id = pays_in_vain(shop, offer).await;
    shop.world.start_customer().await.unwrap();
    let row = ends(shop, &id).await;
    assert_eq!(
        (&row["status"], &row["amountSat"]),
        (&json!("SUCCEEDED"), &json!(25_000)),
        "{row}"
    );
}

/// What was asked for before the kill the node asks for again, or gives up: one of both is told. It does
/// not stand in the way of others, because it was linked.
async fn a_killed_till_forgets_no_payment(shop: &Shop, offer: &str) {
    let id = pays_in_vain(shop, offer).await;
    shop.world.till().kill().await.unwrap();
    shop.world.start_till().await.unwrap();
    let path = format!("/wallet/payments/outgoing/{id}");
    assert_eq!(shop.get(&path).await["status"], "PENDING");
    shop.world.start_customer().await.unwrap();
    until("another payment to get through", async || {
        let (status, _) = shop
            .post("/wallet/payoffer", json!({ "offer": offer }))
            .await;
        (status == 200).then_some(())
    })
    .await;
    let row = ends(shop, &id).await;
    assert!(
        row["status"] == "SUCCEEDED" || row["failureReason"] == "no_route",
        "{row}"
    );
}

/// The customer is away: its invoice does not come.
async fn pays_in_vain(shop: &Shop, offer: &str) -> String {
    shop.world.stop_customer().await.unwrap();
    let (status, answer) = shop
        .post("/wallet/payoffer", json!({ "offer": offer }))
        .await;
    assert_eq!(
        (status, &answer["status"]),
        (202, &json!("pending")),
        "{answer}"
    );
    assert_eq!(answer["paymentHash"], Value::Null, "{answer}");
    text(&answer, "paymentId")
}

/// Waits until a payment is final. The node gives a silent recipient up after two of its minutes.
async fn ends(shop: &Shop, id: &str) -> Value {
    let mut wait = Wait::new("the payment to end", GIVE_UP_LIMIT);
    loop {
        let row = shop.get(&format!("/wallet/payments/outgoing/{id}")).await;
        if row["status"] != "PENDING" {
            return row;
        }
        wait.pause().await.unwrap();
    }
}
