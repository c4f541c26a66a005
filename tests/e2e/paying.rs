//! The till pays: once, or not at all, whatever callers do in the meantime.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use till::id::Preimage;

use crate::foreign;
use crate::shop::{Shop, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn payments_succeed_or_fail_for_a_reason() {
    let shop = Shop::open().await;
    an_invoice_is_paid_and_proven(&shop).await;
    the_payer_chooses_where_the_invoice_does_not(&shop).await;
    unpayable_invoices_say_why(&shop).await;
    a_refused_payment_gives_the_money_back(&shop).await;
    shop.close().await;
}

async fn an_invoice_is_paid_and_proven(shop: &Shop) {
    let mut display = shop.display().await;
    let before = shop.balance_sat().await;
    let asked = shop.customer_asks(Some(25_000), false).await;
    let (status, paid) = shop.pays(&asked.bolt11).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(paid["recipientAmountSat"], 25_000);
    assert_eq!(paid["paymentHash"], asked.payment_hash);
    let mut bytes = [0; 32];
    hex::decode_to_slice(text(&paid, "paymentPreimage"), &mut bytes).unwrap();
    assert_eq!(
        Preimage::from_bytes(bytes).payment_hash().to_string(),
        asked.payment_hash
    );
    let fee = paid["routingFeeSat"].as_u64().unwrap();
    assert_eq!(shop.balance_sat().await, before - 25_000 - fee);

    let event = display.next_of("payment_sent").await;
    assert_eq!(event["paymentHash"], asked.payment_hash);
    let by_hash = shop.outgoing(&asked.payment_hash).await;
    let id = text(&paid, "paymentId");
    assert_eq!(
        shop.get(&format!("/wallet/payments/outgoing/{id}")).await,
        by_hash
    );
    assert_eq!(shop.get("/wallet/payments/outgoing").await[0], by_hash);
    assert_eq!(
        (&by_hash["status"], &by_hash["isPaid"]),
        (&json!("SUCCEEDED"), &json!(true))
    );

    let (status, again) = shop.pays(&asked.bolt11).await;
    assert_eq!(
        (status, &again["code"]),
        (409, &json!("invoice_already_paid"))
    );
    assert_eq!(shop.balance_sat().await, before - 25_000 - fee);
}

async fn the_payer_chooses_where_the_invoice_does_not(shop: &Shop) {
    let open = shop.customer_asks(None, false).await;
    let (status, _) = shop.pays(&open.bolt11).await;
    assert_eq!(status, 400, "an open invoice needs an amount");
    let wanted = json!({"invoice": open.bolt11, "amountSat": 1_234});
    let (status, paid) = shop.post("/wallet/payinvoice", wanted).await;
    assert_eq!((status, &paid["recipientAmountSat"]), (200, &json!(1_234)));
    let fixed = shop.customer_asks(Some(500), false).await;
    let wanted = json!({"invoice": fixed.bolt11, "amountSat": 501});
    assert_eq!(shop.post("/wallet/payinvoice", wanted).await.0, 400);
}

async fn unpayable_invoices_say_why(shop: &Shop) {
    let before = shop.balance_sat().await;
    let (own, _) = shop.invoice(json!({"amountSat": 100})).await;
    let asked = shop.customer_asks(Some(9_000_000), false).await;
    let cases = [
        (own, 409, "self_payment"),
        (asked.bolt11, 402, "insufficient_funds"),
        (foreign::invoice(1_000, Duration::ZERO), 422, "no_route"),
        (
            foreign::invoice(1_000, Duration::from_secs(7_200)),
            410,
            "invoice_expired",
        ),
        ("lnbcrt1nonsense".to_owned(), 400, "invalid_invoice"),
    ];
    for (bolt11, status, code) in cases {
        let (got, answer) = shop.pays(&bolt11).await;
        assert_eq!((got, &answer["code"]), (status, &json!(code)), "{answer}");
    }
    assert_eq!(shop.balance_sat().await, before);
}

async fn a_refused_payment_gives_the_money_back(shop: &Shop) {
    let mut display = shop.display().await;
    let before = shop.balance_sat().await;
    let asked = shop.customer_asks(Some(30_000), true).await;
    let (first, ()) = tokio::join!(shop.pays(&asked.bolt11), async {
        shop.customer_holds(&asked.payment_hash).await;
        shop.world
            .customer()
            .cancel(&asked.payment_hash)
            .await
            .unwrap();
    });
    assert_eq!(
        (first.0, &first.1["code"]),
        (422, &json!("recipient_rejected_payment"))
    );
    assert_eq!(
        display.next_of("payment_failed").await["paymentHash"],
        asked.payment_hash
    );
    let failed = shop.outgoing_becomes(&asked.payment_hash, "FAILED").await;
    assert_eq!(shop.balance_sat().await, before);

    // Asked again, it is another attempt on the same row, and refused again: it was cancelled.
    let (status, second) = shop.pays(&asked.bolt11).await;
    assert_eq!(
        (status, &second["code"]),
        (422, &json!("recipient_rejected_payment"))
    );
    assert_eq!(second["paymentId"], failed["paymentId"]);
    assert_eq!(shop.balance_sat().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_who_was_away_can_be_paid_later() {
    let shop = Shop::open().await;
    let asked = shop.customer_asks(Some(30_000), false).await;
    shop.world.stop_customer().await.unwrap();
    let (status, away) = shop.pays(&asked.bolt11).await;
    assert_eq!((status, &away["code"]), (422, &json!("no_route")), "{away}");
    let failed = shop.outgoing(&asked.payment_hash).await;
    assert_eq!(failed["status"], "FAILED");

    shop.world.start_customer().await.unwrap();
    until("the channels to be back", async || {
        let channels = shop.get("/wallet/channels").await;
        let channels = channels.as_array().unwrap();
        channels
            .iter()
            .all(|channel| channel["state"] == "NORMAL")
            .then_some(())
    })
    .await;
    let (status, paid) = shop.pays(&asked.bolt11).await;
    assert_eq!(
        (status, &paid["paymentId"]),
        (200, &failed["paymentId"]),
        "{paid}"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_ever_paid_twice() {
    let shop = Shop::open().await;
    let before = shop.balance_sat().await;
    let asked = shop.customer_asks(Some(10_000), false).await;
    let answers = join_all((0..10).map(|_| shop.pays(&asked.bolt11))).await;
    let paid = answers.iter().filter(|(status, _)| *status == 200).count();
    let refused = answers.iter().filter(|(status, _)| *status == 409).count();
    assert_eq!((paid, refused), (1, 9), "{answers:?}");
    assert_eq!(shop.balance_sat().await, before - 10_000);

    let asked = shop.customer_asks(Some(20_000), false).await;
    let body = json!({"invoice": asked.bolt11});
    let key = [("idempotency-key", "order-77")];
    let pay = async |_| {
        let body = Some(body.clone());
        shop.try_call(Method::POST, "/wallet/payinvoice", body, &key)
            .await
            .unwrap()
    };
    let answers = join_all((0..5).map(pay)).await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(answers[0].0, 200, "{answers:?}");
    assert_eq!(shop.balance_sat().await, before - 30_000);

    let other = json!({"invoice": shop.customer_asks(Some(1), false).await.bolt11});
    let clash = shop
        .try_call(Method::POST, "/wallet/payinvoice", Some(other), &key)
        .await
        .unwrap();
    assert_eq!(clash.0, 409, "{clash:?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_goes_on_without_its_caller() {
    let shop = Shop::open_with(&[("TILL_PAYMENTS_WAIT_SECS", "2")]).await;
    let mut display = shop.display().await;
    let asked = shop.customer_asks(Some(5_000), true).await;
    let body = Some(json!({"invoice": asked.bolt11}));
    tokio::select! {
        answer = shop.try_call(Method::POST, "/wallet/payinvoice", body, &[]) => {
            panic!("answered while the customer holds: {answer:?}");
        }
        () = shop.customer_holds(&asked.payment_hash) => {} // and the request is dropped
    }
    assert_eq!(
        shop.outgoing(&asked.payment_hash).await["status"],
        "PENDING"
    );
    shop.world
        .customer()
        .settle(&asked.payment_hash)
        .await
        .unwrap();
    assert_eq!(
        display.next_of("payment_sent").await["paymentHash"],
        asked.payment_hash
    );
    shop.outgoing_becomes(&asked.payment_hash, "SUCCEEDED")
        .await;

    a_repeat_with_its_key_is_the_same_payment_at_any_time(&shop).await;

    // Longer than the till waits: no failure, but "pending".
    for (settle, end) in [(true, "SUCCEEDED"), (false, "FAILED")] {
        let before = shop.balance_sat().await;
        let asked = shop.customer_asks(Some(6_000), true).await;
        let (status, answer) = shop.pays(&asked.bolt11).await;
        assert_eq!(
            (status, &answer["status"]),
            (202, &json!("pending")),
            "{answer}"
        );
        assert_eq!(answer["paymentHash"], asked.payment_hash);
        let again = shop.pays(&asked.bolt11).await;
        assert_eq!(
            (again.0, &again.1["paymentId"]),
            (409, &answer["paymentId"])
        );
        let customer = shop.world.customer();
        if settle {
            customer.settle(&asked.payment_hash).await.unwrap();
        } else {
            customer.cancel(&asked.payment_hash).await.unwrap();
        }
        shop.outgoing_becomes(&asked.payment_hash, end).await;
        let spent = before - shop.balance_sat().await;
        assert_eq!(spent, if settle { 6_000 } else { 0 });
    }
    shop.close().await;
}

async fn a_repeat_with_its_key_is_the_same_payment_at_any_time(shop: &Shop) {
    let asked = shop.customer_asks(Some(5_000), true).await;
    let pay = async || {
        let (body, key) = (
            json!({"invoice": asked.bolt11}),
            [("idempotency-key", "held")],
        );
        let paid = shop.try_call(Method::POST, "/wallet/payinvoice", Some(body), &key);
        paid.await.unwrap()
    };
    let (status, first) = pay().await;
    assert_eq!(status, 202, "{first}");
    assert_eq!(pay().await, (202, first.clone()), "while it is in flight");
    shop.world
        .customer()
        .settle(&asked.payment_hash)
        .await
        .unwrap();
    let (status, paid) = pay().await;
    assert_eq!(
        (status, &paid["paymentId"]),
        (200, &first["paymentId"]),
        "{paid}"
    );
}
