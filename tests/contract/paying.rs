//! `POST /wallet/payinvoice`: the answer, and every row of its error table.

use std::time::Duration;

use futures_util::future::join_all;
use ldk_node::lightning_invoice::Currency;
use reqwest::Method;
use serde_json::json;
use support::app::{TestApp, until};
use support::caller::{Answer, Caller, read};
use support::fake_node::{Fate, Foreign, payment_hash};
use till::node::SendFault;
use till::payment::FailureReason as Reason;

async fn rich() -> (TestApp, Caller) {
    let app =
        TestApp::initialized_with(|settings| settings.payment_wait = Duration::from_secs(1)).await;
    let admin = app.wallet_admin().await;
    app.earn(&admin, 500_000).await;
    (app, admin)
}

async fn pay(admin: &Caller, bolt11: &str) -> Answer {
    admin
        .post("/wallet/payinvoice", json!({ "invoice": bolt11 }))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_answers_as_documented() {
    let (app, admin) = rich().await;
    let bolt11 = app.node.foreign(Foreign {
        fate: Fate::Succeeds(2_000),
        ..Foreign::default()
    });
    let (status, paid) = pay(&admin, &bolt11).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(
        (&paid["recipientAmountSat"], &paid["routingFeeSat"]),
        (&json!(1_000), &json!(2))
    );
    assert_eq!(paid["paymentHash"], payment_hash(&bolt11).to_string());
    assert_eq!(paid["paymentPreimage"].as_str().unwrap().len(), 64);
    assert!(paid["paymentId"].is_string());
    assert_eq!(
        admin.get("/wallet/getbalance").await.1["balanceSat"],
        500_000 - 1_002
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_status_and_code() {
    let (app, admin) = rich().await;
    let fails = |fate| Foreign {
        fate,
        ..Foreign::default()
    };
    let foreign = |foreign| app.node.foreign(foreign);
    let (_, own) = admin.post("/wallet/invoice", json!({"amountSat": 5})).await;
    let old = Foreign {
        age: Duration::from_secs(7_200),
        ..Foreign::default()
    };
    let mainnet = Foreign {
        currency: Currency::Bitcoin,
        ..Foreign::default()
    };
    let huge = Foreign {
        amount_msat: Some(499_999_000),
        ..Foreign::default()
    };
    let paid = foreign(Foreign::default());
    assert_eq!(pay(&admin, &paid).await.0, 200);
    let cases = [
        ("nonsense".to_owned(), 400, "invalid_invoice"),
        (foreign(mainnet), 400, "invalid_invoice"),
        (foreign(huge), 402, "insufficient_funds"),
        (
            own["serialized"].as_str().unwrap().to_owned(),
            409,
            "self_payment",
        ),
        (paid, 409, "invoice_already_paid"),
        (foreign(old), 410, "invoice_expired"),
        (
            foreign(fails(Fate::Fails(Reason::RecipientRejected))),
            422,
            "recipient_rejected_payment",
        ),
        (
            foreign(fails(Fate::Fails(Reason::NoRoute))),
            422,
            "no_route",
        ),
        (
            foreign(fails(Fate::Fails(Reason::RetriesExhausted))),
            422,
            "no_route",
        ),
        (
            foreign(fails(Fate::Refused(SendFault::SendingFailed))),
            422,
            "no_route",
        ),
        (
            foreign(fails(Fate::Fails(Reason::InvoiceExpired))),
            410,
            "invoice_expired",
        ),
        (
            foreign(fails(Fate::Refused(SendFault::Unpayable))),
            400,
            "invalid_invoice",
        ),
        (
            foreign(fails(Fate::Fails(Reason::Unexpected))),
            422,
            "payment_failed",
        ),
    ];
    let before = admin.get("/wallet/getbalance").await.1;
    for (bolt11, status, code) in cases {
        let (got, answer) = pay(&admin, &bolt11).await;
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
async fn the_amount_is_the_invoice_s_or_the_payer_s() {
    let (app, admin) = rich().await;
    let fixed = app.node.foreign(Foreign::default());
    let open = app.node.foreign(Foreign {
        amount_msat: None,
        ..Foreign::default()
    });
    let cases = [
        (json!({"invoice": fixed, "amountSat": 999}), 400),
        (json!({"invoice": fixed, "amountSat": 0}), 400),
        (json!({"invoice": fixed, "amountSat": 1_000}), 200),
        (json!({"invoice": open}), 400),
        (json!({"invoice": open, "amountSat": -1}), 400),
        (json!({"invoice": open, "amountSat": 77}), 200),
        (json!({"amountSat": 77}), 400),
    ];
    for (body, status) in cases {
        let (got, answer) = admin.post("/wallet/payinvoice", body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_pending_and_no_error() {
    let (app, admin) = rich().await;
    let bolt11 = app.node.foreign(Foreign {
        fate: Fate::Silence,
        ..Foreign::default()
    });
    let hash = payment_hash(&bolt11);
    let (status, answer) = pay(&admin, &bolt11).await;
    assert_eq!((status, &answer["status"]), (202, &json!("pending")));
    assert_eq!(answer["paymentHash"], hash.to_string());
    assert!(answer["paymentId"].is_string() && answer["message"].is_string());
    let (status, again) = pay(&admin, &bolt11).await;
    assert_eq!(
        (status, &again["code"]),
        (409, &json!("invoice_already_paid"))
    );
    assert_eq!(app.node.times_sent(hash), 1);
    app.node.decide(hash, Fate::Succeeds(0));
    let path = format!("/wallet/payments/outgoingbyhash/{hash}");
    until(async || (admin.get(&path).await.1["status"] == "SUCCEEDED").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_pay_once() {
    let (app, admin) = rich().await;
    let bolt11 = app.node.foreign(Foreign::default());
    let answers = join_all((0..10).map(|_| pay(&admin, &bolt11))).await;
    assert_eq!(
        answers.iter().filter(|(status, _)| *status == 200).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|(status, _)| *status == 409).count(),
        9,
        "{answers:?}"
    );
    assert_eq!(app.node.times_sent(payment_hash(&bolt11)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_names_one_payment() {
    let (app, admin) = rich().await;
    let (a, b) = (
        app.node.foreign(Foreign::default()),
        app.node.foreign(Foreign::default()),
    );
    let keyed = async |key: &str, bolt11: &str| {
        let request = admin.request(Method::POST, "/wallet/payinvoice");
        let body = json!({ "invoice": bolt11 });
        read(
            admin
                .send(request.header("idempotency-key", key).json(&body))
                .await,
        )
        .await
    };
    let first = keyed("order-1", &a).await;
    assert_eq!(first.0, 200);
    assert_eq!(keyed("order-1", &a).await, first);
    let (status, answer) = keyed("order-1", &b).await;
    assert_eq!(
        (status, &answer["code"]),
        (409, &json!("idempotency_conflict"))
    );
    assert_eq!(keyed(&"k".repeat(256), &b).await.0, 400);
    assert_eq!(app.node.times_sent(payment_hash(&a)), 1);
    assert_eq!(app.node.times_sent(payment_hash(&b)), 0);
}
