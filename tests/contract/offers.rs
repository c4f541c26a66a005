//! Offers (BOLT 12): `payoffer` with every row of its error table, and offers of the till's own: made,
//! shown, decoded, and what a customer pays to them.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::caller::{Answer, Caller, read};
use support::fake_node::Fate;
use support::offers::{OfferText, secs_ago};
use till::id::OfferId;
use till::node::{NodeEvent, SendFault};
use till::payment::FailureReason as Reason;

async fn rich() -> (TestApp, Caller) {
    let app =
        TestApp::initialized_with(|settings| settings.payment_wait = Duration::from_secs(1)).await;
    let admin = app.wallet_admin().await;
    app.earn(&admin, 500_000).await;
    (app, admin)
}

async fn pay(admin: &Caller, offer: &str) -> Answer {
    admin
        .post("/wallet/payoffer", json!({ "offer": offer }))
        .await
}

/// An offer like no other, and what becomes of payments to it.
fn foreign(app: &TestApp, key: u8, fate: Fate) -> String {
    let offer = OfferText {
        key,
        ..OfferText::default()
    };
    let text = offer.text();
    app.node.offer_fate(&text, fate);
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_answers_as_documented() {
    let (app, admin) = rich().await;
    let offer = foreign(&app, 1, Fate::Succeeds(2_000));
    let body = json!({"amountSat": 1_000, "offer": offer, "message": "Payment for service"});
    let (status, paid) = admin.post("/wallet/payoffer", body).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(
        (&paid["recipientAmountSat"], &paid["routingFeeSat"]),
        (&json!(1_000), &json!(2))
    );
    for (field, length) in [
        ("paymentHash", 64),
        ("paymentPreimage", 64),
        ("paymentId", 36),
    ] {
        assert_eq!(paid[field].as_str().unwrap().len(), length, "{field}");
    }
    let note = Some("Payment for service".to_owned());
    assert_eq!(app.node.sent_to_offers(), [(offer.clone(), note)]);
    assert_eq!(
        admin.get("/wallet/getbalance").await.1["balanceSat"],
        500_000 - 1_002
    );
    let row = &admin.get("/wallet/payments/outgoing").await.1[0];
    let expected = [
        ("subType", json!("bolt12")),
        ("offer", json!(offer)),
        ("invoice", Value::Null),
        ("payerNote", json!("Payment for service")),
        ("description", json!("goods")),
        ("status", json!("SUCCEEDED")),
        ("paymentHash", paid["paymentHash"].clone()),
    ];
    for (field, value) in expected {
        assert_eq!(row[field], value, "{field}: {row}");
    }
    assert_eq!(pay(&admin, &offer).await.0, 200, "an offer is paid again");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_status_and_code() {
    let (app, admin) = rich().await;
    let (_, own) = admin.post("/wallet/createoffer", json!({})).await;
    let (_, standing) = admin.get("/wallet/getoffer").await;
    let text = |offer: OfferText| offer.text();
    let plain = OfferText::default;
    let old = OfferText {
        expires_at: secs_ago(60),
        ..plain()
    };
    let mainnet = OfferText {
        network: bitcoin::Network::Bitcoin,
        ..plain()
    };
    let huge = OfferText {
        amount_msat: Some(499_999_000),
        ..plain()
    };
    let fails = |key, reason| foreign(&app, key, Fate::Fails(reason));
    let refused = |key, fault| foreign(&app, key, Fate::Refused(fault));
    let of = |made: &Value| made["offer"].as_str().unwrap().to_owned();
    let cases = [
        ("nonsense".to_owned(), 400, "invalid_offer"),
        ("lno1".to_owned(), 400, "invalid_offer"),
        ("lno1".repeat(3_000), 400, "invalid_offer"),
        (text(mainnet), 400, "invalid_offer"),
        (plain().text_in_euros(), 400, "invalid_offer"),
        (text(huge), 402, "insufficient_funds"),
        (of(&own), 409, "self_payment"),
        (of(&standing), 409, "self_payment"),
        (text(old), 410, "invoice_expired"),
        (fails(2, Reason::NoAnswer), 422, "no_route"),
        (fails(3, Reason::NoRoute), 422, "no_route"),
        (
            fails(4, Reason::RecipientRejected),
            422,
            "recipient_rejected_payment",
        ),
        (fails(5, Reason::InvoiceExpired), 410, "invoice_expired"),
        (fails(6, Reason::Unexpected), 422, "payment_failed"),
        (refused(7, SendFault::SendingFailed), 422, "no_route"),
        (refused(8, SendFault::Unpayable), 400, "invalid_offer"),
        (refused(9, SendFault::NotAsked), 422, "never_sent"),
    ];
    let before = admin.get("/wallet/getbalance").await.1;
    for (offer, status, code) in cases {
        let body = json!({"amountSat": if code == "insufficient_funds" { 499_999 } else { 1_000 }, "offer": offer});
        let (got, answer) = admin.post("/wallet/payoffer", body).await;
        assert_eq!((got, &answer["code"]), (status, &json!(code)), "{answer}");
        assert!(answer["message"].as_str().unwrap().len() > 5, "{answer}");
    }
    assert_eq!(
        admin.get("/wallet/getbalance").await.1,
        before,
        "no refusal costs anything"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_amount_covers_what_the_offer_asks_for() {
    let (app, admin) = rich().await;
    let fixed = OfferText::default().text();
    let odd = OfferText {
        amount_msat: Some(1_500),
        ..OfferText::default()
    };
    let odd = odd.text();
    let open = OfferText {
        amount_msat: None,
        ..OfferText::default()
    };
    let open = open.text();
    let cases = [
        (json!({"offer": fixed, "amountSat": 999}), 400, 0),
        (json!({"offer": fixed, "amountSat": 0}), 400, 0),
        (json!({"offer": fixed}), 200, 1_000),
        (json!({"offer": fixed, "amountSat": 1_000}), 200, 1_000),
        (json!({"offer": fixed, "amountSat": 1_100}), 200, 1_100),
        (json!({"offer": odd, "amountSat": 1}), 400, 0),
        (json!({"offer": odd, "amountSat": 2}), 200, 1),
        (json!({"offer": open}), 400, 0),
        (json!({"offer": open, "amountSat": -1}), 400, 0),
        (json!({"offer": open, "amountSat": 77}), 200, 77),
        (json!({"amountSat": 77}), 400, 0),
        (
            json!({"offer": open, "amountSat": 7, "message": "m".repeat(512)}),
            200,
            7,
        ),
        (
            json!({"offer": open, "amountSat": 7, "message": "m".repeat(513)}),
            400,
            0,
        ),
        (
            json!({"offer": format!("lightning:{open} "), "amountSat": 7}),
            200,
            7,
        ),
        (
            json!({"offer": open.to_uppercase(), "amountSat": 7}),
            200,
            7,
        ),
    ];
    for (body, status, sat) in cases {
        let (got, answer) = admin.post("/wallet/payoffer", body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
        if status == 200 {
            assert_eq!(answer["recipientAmountSat"], sat, "{body}: {answer}");
        }
    }
    assert_eq!(app.node.sent_to_offers().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_pending_and_no_error() {
    let (app, admin) = rich().await;
    let offer = foreign(&app, 1, Fate::Silence);
    let (status, answer) = pay(&admin, &offer).await;
    assert_eq!((status, &answer["status"]), (202, &json!("pending")));
    assert_eq!(answer["paymentHash"], Value::Null, "not known yet");
    assert!(answer["message"].is_string());
    let other = foreign(&app, 2, Fate::Succeeds(0));
    assert_eq!(
        pay(&admin, &other).await.0,
        200,
        "it is linked: nobody waits"
    );
    app.node.decide_offer(&offer, Fate::Succeeds(3_000));
    let id = answer["paymentId"].as_str().unwrap();
    let path = format!("/wallet/payments/outgoing/{id}");
    let paid = until(async || {
        let row = admin.get(&path).await.1;
        (row["status"] == "SUCCEEDED").then_some(row)
    })
    .await;
    assert_eq!(paid["sent"], 1_003);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_payment_is_not_accounted_for_others_wait() {
    let (app, admin) = rich().await;
    let offer = foreign(&app, 1, Fate::Refused(SendFault::Unclear));
    let (status, unclear) = pay(&admin, &offer).await;
    assert_eq!((status, &unclear["status"]), (202, &json!("pending")));
    let other = foreign(&app, 2, Fate::Succeeds(0));
    let request = admin.request(Method::POST, "/wallet/payoffer");
    let refused = admin.send(request.json(&json!({ "offer": other }))).await;
    assert!(refused.headers().contains_key("retry-after"));
    let (status, answer) = read(refused).await;
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("node_unavailable")),
        "{answer}"
    );
    // The node's report is of nothing else; then the next one can go.
    app.node.decide_offer(&offer, Fate::Succeeds(0));
    let path = format!(
        "/wallet/payments/outgoing/{}",
        unclear["paymentId"].as_str().unwrap()
    );
    until(async || (admin.get(&path).await.1["status"] == "SUCCEEDED").then_some(())).await;
    assert_eq!(pay(&admin, &other).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_wait_for_each_other() {
    let (app, admin) = rich().await;
    let offers: Vec<String> = (1..=10)
        .map(|key| foreign(&app, key, Fate::Succeeds(0)))
        .collect();
    let answers = join_all(offers.iter().map(|offer| pay(&admin, offer))).await;
    assert!(
        answers.iter().all(|(status, _)| *status == 200),
        "{answers:?}"
    );
    assert_eq!(app.node.sent_to_offers().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_names_one_payment() {
    let (app, admin) = rich().await;
    let offer = foreign(&app, 1, Fate::Succeeds(0));
    let keyed = async |body: Value| {
        let request = admin.request(Method::POST, "/wallet/payoffer");
        let request = request.header("idempotency-key", "order-1");
        read(admin.send(request.json(&body)).await).await
    };
    let body = json!({"offer": offer, "amountSat": 1_000, "message": "beans"});
    let first = keyed(body.clone()).await;
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(keyed(body).await, first);
    let upper = json!({"offer": offer.to_uppercase(), "message": "beans"});
    assert_eq!(keyed(upper).await, first, "the same offer and amount");
    let others = [
        json!({"offer": offer, "amountSat": 1_001, "message": "beans"}),
        json!({"offer": offer, "amountSat": 1_000, "message": "peas"}),
        json!({"offer": foreign(&app, 2, Fate::Succeeds(0)), "amountSat": 1_000, "message": "beans"}),
    ];
    for other in others {
        let (status, answer) = keyed(other).await;
        assert_eq!(
            (status, &answer["code"]),
            (409, &json!("idempotency_conflict"))
        );
    }
    assert_eq!(app.node.sent_to_offers().len(), 1);
    // Invoices have keys of their own.
    let (_, own) = admin.post("/wallet/invoice", json!({"amountSat": 5})).await;
    let request = admin.request(Method::POST, "/wallet/payinvoice");
    let request = request.header("idempotency-key", "order-1");
    let body = json!({ "invoice": own["serialized"] });
    let (_, answer) = read(admin.send(request.json(&body)).await).await;
    assert_eq!(answer["code"], "self_payment");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_made_as_it_is_wanted() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let wanted = json!({"amountSat": 700, "description": "beer", "expirySeconds": 3_600});
    let (status, made) = admin.post("/wallet/createoffer", wanted).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["amountSat"], &made["description"]),
        (&json!(700), &json!("beer"))
    );
    let text = made["offer"].as_str().unwrap();
    assert_eq!(made["bip21"], format!("bitcoin:?lno={text}"));
    let (status, decoded) = admin
        .post("/wallet/decodeoffer", json!({ "offer": text }))
        .await;
    assert_eq!(status, 200, "{decoded}");
    let expected = json!({
        "offerId": made["offerId"], "amountSat": 700, "description": "beer", "issuer": "somebody",
        "expiresAt": made["expiresAt"], "chain": "regtest", "nodeId": decoded["nodeId"],
    });
    assert_eq!(decoded, expected);
    assert_eq!(decoded["nodeId"].as_str().unwrap().len(), 66);
    let (_, open) = admin.post("/wallet/createoffer", json!({})).await;
    for field in ["amountSat", "description", "expiresAt"] {
        assert_eq!(open[field], Value::Null, "{field}");
    }
    let bad = [
        json!({"amountSat": 0}),
        json!({"amountSat": -1}),
        json!({"amountSat": "7"}),
        json!({"expirySeconds": 0}),
        json!({"expirySeconds": 315_360_001_u64}),
        json!({"description": "d".repeat(640)}),
    ];
    for body in bad {
        let (status, answer) = admin.post("/wallet/createoffer", body.clone()).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("invalid_request")),
            "{body}"
        );
    }
    for offer in ["", "lno1", "lnbcrt1"] {
        let (status, answer) = admin
            .post("/wallet/decodeoffer", json!({ "offer": offer }))
            .await;
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_offer")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standing_offer_is_one() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let asked = (0..10).map(|_| admin.get("/wallet/getoffer"));
    let answers = join_all(asked).await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    let (status, standing) = &answers[0];
    assert_eq!(*status, 200, "{standing}");
    let text = standing["offer"].as_str().unwrap();
    for (accept, bare) in [
        ("text/plain", true),
        ("text/plain;q=0.9, */*", true),
        ("application/json, text/plain", false),
        ("*/*", false),
    ] {
        let request = admin.request(Method::GET, "/wallet/getoffer");
        let answer = admin.send(request.header("accept", accept)).await;
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = answer.text().await.unwrap();
        assert_eq!(kind.starts_with("text/plain"), bare, "{accept}: {kind}");
        assert_eq!(body == text, bare, "{accept}");
    }
    app.node.vanish();
    assert_eq!(
        admin.get("/wallet/getoffer").await,
        answers[0],
        "the node is not asked again"
    );
    let (status, answer) = admin.post("/wallet/createoffer", json!({})).await;
    assert_eq!((status, &answer["code"]), (503, &json!("node_unavailable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_to_an_offer_is_shown_and_told_once() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let mut display = app.cashier().await.socket("", &[]).await.unwrap();
    let wanted = json!({"amountSat": 700, "description": "beer"});
    let (_, made) = admin.post("/wallet/createoffer", wanted).await;
    let text = made["offer"].as_str().unwrap();
    let paid = app.node.customer_pays_offer(text, 700_000, Some("for Bob"));
    let told = display.next().await.unwrap();
    assert_eq!(
        (&told["type"], &told["amountSat"], &told["payerNote"]),
        (&json!("payment_received"), &json!(700), &json!("for Bob"))
    );
    app.node.tell_again(paid);
    // More than it asks for, and without a word.
    app.node.customer_pays_offer(text, 800_000, None);
    let second = display.next().await.unwrap();
    assert_eq!(
        (&second["amountSat"], &second["payerNote"]),
        (&json!(800), &Value::Null)
    );
    let rows = admin.get("/wallet/payments/incoming").await.1;
    assert_eq!(rows.as_array().unwrap().len(), 2, "{rows}");
    let row = &rows[1];
    let expected = [
        ("subType", json!("bolt12")),
        ("invoice", Value::Null),
        ("offerId", made["offerId"].clone()),
        ("payerNote", json!("for Bob")),
        ("description", json!("beer")),
        ("requestedSat", json!(700)),
        ("receivedSat", json!(700)),
        ("status", json!("RECEIVED")),
        ("isPaid", json!(true)),
        ("paymentHash", told["paymentHash"].clone()),
    ];
    for (field, value) in expected {
        assert_eq!(row[field], value, "{field}: {row}");
    }
    assert_eq!(row["preimage"].as_str().unwrap().len(), 64);
    let hash = row["paymentHash"].as_str().unwrap();
    let one = admin
        .get(&format!("/wallet/payments/incoming/{hash}"))
        .await;
    assert_eq!(one, (200, row.clone()));
    assert_eq!(admin.get("/wallet/getbalance").await.1["balanceSat"], 1_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_for_an_offer_that_nobody_made_is_the_house_s() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let unknown: NodeEvent = app
        .node
        .receipt(OfferId::from_bytes([9; 32]), 5_000, Some("who?"));
    app.node.tell_again(unknown);
    until(async || {
        let (_, balance) = admin.get("/wallet/getbalance").await;
        (balance["balanceSat"] == 5).then_some(())
    })
    .await;
    assert_eq!(admin.get("/wallet/payments/incoming").await.1, json!([]));
}
