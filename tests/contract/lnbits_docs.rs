//! What LNbits' documentation and reference say of making, paying, settling, cancelling, decoding and
//! fee reserves, line by line, where no other story tells it.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::Foreign;
use support::lnbits::{Answer, Wallet};
use tilld::lnbits::Dialect;

/// What a payment is in the reference, with a value of the type that it has there.
const FIELDS: [(&str, &str); 18] = [
    ("checking_id", "text"),
    ("payment_hash", "text"),
    ("wallet_id", "text"),
    ("amount", "number"),
    ("fee", "number"),
    ("bolt11", "text"),
    ("status", "text"),
    ("memo", "text"),
    ("expiry", "text"),
    ("webhook", "text"),
    ("webhook_status", "text"),
    ("preimage", "text"),
    ("tag", "text"),
    ("extension", "text"),
    ("time", "number"),
    ("created_at", "text"),
    ("updated_at", "text"),
    ("extra", "object"),
];

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "text" => value.is_string() || value.is_null(),
        "number" => value.is_i64(),
        _ => value.is_object(),
    }
}

fn text(value: &Value, field: &str) -> String {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

async fn asks(wallet: &Wallet, mut body: Value) -> Value {
    body["out"] = json!(false);
    let (status, made) = wallet.post("/payments", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn decodes(wallet: &Wallet, body: Value) -> Answer {
    let path = "/payments/decode";
    wallet.call(Method::POST, path, None, Some(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_is_shown_the_memo_for_an_hour() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    let key = Some(shop.inkey.as_str());
    let body = json!({"out": false, "amount": 1_000, "memo": "Coffee ☕"});
    let made = shop.call(Method::POST, "/payments", key, Some(&body)).await;
    assert_eq!(made.0, 201, "the invoice key makes invoices: {}", made.1);
    for (field, kind) in FIELDS {
        let value = made.1.get(field);
        let value = value.unwrap_or_else(|| panic!("no {field} in {}", made.1));
        assert!(is_a(value, kind), "{field}: {value}");
    }
    let (status, said) = decodes(&shop, json!({"data": made.1["payment_request"]})).await;
    assert_eq!((status, &said["description"]), (200, &json!("Coffee ☕")));
    assert_eq!(said["expiry"], 3_600);
    assert_eq!(said["amount_msat"], 1_000_000);
    for expiry in [json!(null), json!(0)] {
        let made = asks(&shop, json!({"amount": 1, "expiry": expiry})).await;
        let (_, said) = decodes(&shop, json!({"data": made["bolt11"]})).await;
        assert_eq!(said["expiry"], 3_600, "{expiry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decoded_is_what_was_asked_for_and_nothing_else() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    let open = app.node.foreign(Foreign {
        amount_msat: None,
        ..Foreign::default()
    });
    for pasted in [
        open.clone(),
        open.to_uppercase(),
        format!(" lightning:{open} "),
    ] {
        let (status, said) = decodes(&shop, json!({"data": pasted})).await;
        assert_eq!(status, 200, "{said}");
        assert_eq!(
            (&said["amount_msat"], &said["description"]),
            (&Value::Null, &json!("goods"))
        );
        assert!(said["payee"].is_string() && said["date"].is_u64(), "{said}");
    }
    let wanted = json!({"data": open, "filter_fields": ["description", "nobody_knows"]});
    assert_eq!(
        decodes(&shop, wanted).await,
        (200, json!({"description": "goods"}))
    );
    let mainnet = "lnbc1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq8rkx3yf5tcsyz3d73gafnh3cax9rn449d9p5uxz9ezhhypd0elx87sjle52x86fux2ypatgddc6k63n7erqz25le42c4u4ecky03ylcqca784w";
    let wrong = [
        (json!({"data": mainnet}), 400),
        (json!({"data": "x".repeat(10_000)}), 400),
        (json!({"data": 7}), 422),
        (json!({"filter_fields": []}), 422),
        (json!({"data": open, "filter_fields": "description"}), 422),
    ];
    for (body, wanted) in wrong {
        let (status, said) = decodes(&shop, body.clone()).await;
        assert_eq!(status, wanted, "{body}: {said}");
        assert!(!said["detail"].is_null(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fee_reserve_is_what_a_payment_sets_aside() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    for (sat, reserve_msat) in [
        (1, 20_000),
        (2_000, 20_000),
        (2_001, 20_010),
        (100_000, 1_000_000),
    ] {
        let asked = app.node.foreign(Foreign {
            amount_msat: Some(sat * 1_000),
            ..Foreign::default()
        });
        for pasted in [asked.clone(), format!("lightning:{asked}")] {
            let path = format!("/payments/fee-reserve?invoice={pasted}");
            let said = shop.call(Method::GET, &path, None, None).await;
            assert_eq!(said, (200, json!({"fee_reserve": reserve_msat})), "{sat}");
        }
    }
    let open = app.node.foreign(Foreign {
        amount_msat: None,
        ..Foreign::default()
    });
    let path = format!("/payments/fee-reserve?invoice={open}");
    let (status, said) = shop.call(Method::GET, &path, None, None).await;
    assert_eq!(
        (status, &said["detail"]),
        (400, &json!("Invoice has no amount."))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_settle_or_cancel_hears_why() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
    let earned = asks(&friend, json!({"amount": 100})).await;
    app.node.customer_pays(&text(&earned, "bolt11"), 100_000);
    let path = format!("/payments/{}", text(&earned, "payment_hash"));
    until(async || (friend.get(&path).await.1["paid"] == true).then_some(())).await;
    let owed = asks(&shop, json!({"amount": 10})).await;
    let pay = json!({"out": true, "bolt11": owed["bolt11"]});
    assert_eq!(friend.post("/payments", pay).await.0, 201);

    let held = asks(&shop, json!({"amount": 9, "hold": true})).await;
    let (held, paid) = (text(&held, "checking_id"), text(&owed, "checking_id"));
    let nobodys = "00".repeat(32);
    let (admin, invoice) = (Some(shop.adminkey.as_str()), Some(shop.inkey.as_str()));
    let friends = Some(friend.adminkey.as_str());
    for method in [Method::PUT, Method::DELETE] {
        for (key, id, wanted) in [
            (None, &held, 401),
            (Some("ffffffffffffffffffffffffffffffff"), &held, 401),
            (invoice, &held, 403),
            (friends, &held, 404),
            (admin, &nobodys, 404),
            (admin, &"zz".to_owned(), 404),
            // The payer's side of a payment is nobody's to end.
            (friends, &paid, 404),
        ] {
            let path = format!("/payments/{id}");
            let (status, said) = shop.call(method.clone(), &path, key, None).await;
            assert_eq!(status, wanted, "{method} {id}: {said}");
            assert!(said["detail"].is_string(), "{said}");
        }
    }
    let path = format!("/payments/internal_{held}");
    let cancelled = shop.call(Method::DELETE, &path, admin, None).await;
    assert_eq!(cancelled, (200, json!({"detail": "Payment cancelled"})));
}

type Heard = Arc<Mutex<Vec<Value>>>;

/// Somebody who wants to be told.
async fn ear() -> (String, Heard) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let heard = Heard::default();
    let take = async |State(heard): State<Heard>, axum::Json(body): axum::Json<Value>| {
        heard.lock().unwrap().push(body);
    };
    let routes = axum::Router::new().route("/hook", axum::routing::post(take));
    let router = routes.with_state(heard.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_tell_what_the_payment_says_once_for_either_side() {
    for dialect in [Dialect::Documented, Dialect::V1] {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        let ((got, shops), (sent, friends)) = (ear().await, ear().await);
        let earned = asks(&friend, json!({"amount": 100})).await;
        app.node.customer_pays(&text(&earned, "bolt11"), 100_000);
        let path = format!("/payments/{}", text(&earned, "payment_hash"));
        until(async || (friend.get(&path).await.1["paid"] == true).then_some(())).await;

        let made = asks(
            &shop,
            json!({"amount": 10, "webhook": got, "extra": {"order": 7}}),
        )
        .await;
        assert!(shops.lock().unwrap().is_empty(), "nothing is paid yet");
        let pay = json!({"out": true, "bolt11": made["bolt11"], "webhook": sent});
        let (status, paid) = friend.post("/payments", pay).await;
        assert_eq!((status, &paid["webhook"]), (201, &json!(sent)), "{paid}");
        let path = format!("/payments/{}", text(&made, "payment_hash"));
        for (wallet, heard) in [(&shop, &shops), (&friend, &friends)] {
            let mut details = until(async || {
                let details = wallet.get(&path).await.1["details"].clone();
                (details["webhook_status"] == "200").then_some(details)
            })
            .await;
            // When it was told, nobody had answered yet.
            details["webhook_status"] = Value::Null;
            assert_eq!(*heard.lock().unwrap(), [details]);
        }
    }
}
