//! Amounts of currencies on the LNbits surface: from a table and from somebody's HTTP answer, noted in
//! `extra` under LNbits' names, and refused where nobody knows the price.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use reqwest::Method;
use serde_json::{Value, json};
use support::app::TestApp;
use support::fake_node::Foreign;
use support::lnbits::Wallet;
use till_actors::rates::{RateSource, RatesConfig};
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];
/// How old a price may be, where a test does not mean another age.
const MAX_AGE: Duration = Duration::from_secs(600);

async fn with_rates(dialect: Dialect, source: RateSource, max_age: Duration) -> TestApp {
    let rates = RatesConfig { source, max_age };
    TestApp::lnbits_with(dialect, |till| till.rates = rates).await
}

fn table() -> RateSource {
    RateSource::Fixed([("EUR".to_owned(), 50_000.0), ("USD".to_owned(), 60_000.0)].into())
}

async fn asks(wallet: &Wallet, amount: Value, unit: &str) -> (u16, Value) {
    let body = json!({"out": false, "amount": amount, "unit": unit, "extra": {"order": 7}});
    wallet.post("/payments", body).await
}

async fn is_shown_in(wallet: &Wallet, code: &str) {
    let (key, body) = (Some(wallet.adminkey.as_str()), json!({"currency": code}));
    let (status, said) = wallet
        .call(Method::PATCH, "/wallet", key, Some(&body))
        .await;
    assert_eq!(status, 200, "{said}");
}

fn near(value: &Value, wanted: f64) -> bool {
    let value = value.as_f64();
    value.is_some_and(|value| (value - wanted).abs() <= wanted * 1e-9)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_over_a_currency_is_rounded_up_and_tells_its_price() {
    for dialect in DIALECTS {
        let app = with_rates(dialect, table(), MAX_AGE).await;
        let shop = app.wallet("shop").await;
        for (amount, unit, sat) in [
            (json!(10), "EUR", 20_000),
            (json!("4.5"), "eur", 9_000),
            (json!(6), "USD", 10_000),
            (json!(0.01), "USD", 17),
            (json!(0.000_001), "EUR", 1),
        ] {
            let (status, made) = asks(&shop, amount.clone(), unit).await;
            assert_eq!(status, 201, "{made}");
            assert_eq!(made["amount_msat"], sat * 1_000, "{amount} {unit}");
        }
        let (_, made) = asks(&shop, json!(10.123_46), "EUR").await;
        let extra = &made["extra"];
        assert_eq!(
            (&extra["fiat_currency"], &extra["fiat_amount"]),
            (&json!("EUR"), &json!(10.123))
        );
        assert!(near(&extra["fiat_rate"], 2_000.0), "{extra}");
        assert!(near(&extra["btc_rate"], 50_000.0), "{extra}");
        assert_eq!(extra["order"], 7, "the caller's own is kept");
        assert_eq!(extra.get("wallet_fiat_currency"), None);
        let path = format!("/payments/{}", made["payment_hash"].as_str().unwrap());
        assert_eq!(&shop.get(&path).await.1["details"]["extra"], extra);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_is_shown_in_a_currency_notes_what_things_were_worth() {
    let app = with_rates(Dialect::V1, table(), MAX_AGE).await;
    let shop = app.wallet("shop").await;
    is_shown_in(&shop, "EUR").await;
    let (_, made) = asks(&shop, json!(3_000), "sat").await;
    let extra = &made["extra"];
    assert_eq!(
        (&extra["wallet_fiat_currency"], &extra["wallet_fiat_amount"]),
        (&json!("EUR"), &json!(1.5))
    );
    assert!(near(&extra["wallet_fiat_rate"], 2_000.0), "{extra}");
    assert!(near(&extra["wallet_btc_rate"], 50_000.0), "{extra}");
    assert_eq!(extra.get("fiat_currency"), None);

    let (_, made) = asks(&shop, json!(6), "USD").await;
    let extra = &made["extra"];
    assert_eq!(
        (&extra["fiat_currency"], &extra["fiat_amount"]),
        (&json!("USD"), &json!(6.0))
    );
    assert_eq!(
        (&extra["wallet_fiat_currency"], &extra["wallet_fiat_amount"]),
        (&json!("EUR"), &json!(5.0))
    );

    let (_, made) = asks(&shop, json!(2), "EUR").await;
    assert_eq!(made["extra"]["wallet_fiat_amount"], 2.0);
    assert_eq!(made["extra"].get("fiat_currency"), None);

    // Money that goes out as well.
    let (friend, (_, asked)) = (
        app.wallet("friend").await,
        asks(&shop, json!(1), "sat").await,
    );
    is_shown_in(&friend, "USD").await;
    let bolt11 = asked["bolt11"].as_str().unwrap();
    let (_, refused) = friend.post("/payments", json!({"bolt11": bolt11})).await;
    assert_eq!(refused["status"], "failed", "{refused}");
    // A currency without a price is not in the way of a sale in satoshis.
    is_shown_in(&shop, "CHF").await;
    let (status, made) = asks(&shop, json!(5), "sat").await;
    assert_eq!((status, &made["extra"]), (201, &json!({"order": 7})));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_price_nothing_is_made() {
    for (dialect, invalid) in [(Dialect::Documented, 422), (Dialect::V1, 400)] {
        let app = with_rates(dialect, table(), MAX_AGE).await;
        let shop = app.wallet("shop").await;
        for (amount, unit, wanted) in [
            (json!(10), "CHF", 400),
            (json!(10), "parsec", invalid),
            (json!(0), "EUR", invalid),
            (json!(-1), "EUR", invalid),
            (json!("inf"), "EUR", invalid),
            (json!("1e30"), "EUR", invalid),
        ] {
            let (status, said) = asks(&shop, amount.clone(), unit).await;
            assert_eq!(status, wanted, "{amount} {unit}: {said}");
        }
        let (_, said) = asks(&shop, json!(10), "chf").await;
        let detail = "Could not get exchange rate for CHF.";
        assert_eq!(said, json!({"detail": detail}));
        let (_, list) = shop.get("/payments").await;
        assert_eq!(list, json!([]));
    }
}

/// Somebody's prices, which can go away.
async fn source(price: Arc<Mutex<Option<f64>>>) -> RateSource {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{{currency}}", listener.local_addr().unwrap());
    let answer = async |State(price): State<Arc<Mutex<Option<f64>>>>| {
        let price = *price.lock().unwrap();
        axum::Json(json!({"data": price}))
    };
    let routes = axum::Router::new().route("/EUR", axum::routing::get(answer));
    let router = routes.with_state(price);
    tokio::spawn(async move { axum::serve(listener, router).await });
    RateSource::Http {
        url,
        pointer: "/data".into(),
        currencies: vec!["EUR".into()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_went_away_is_believed_until_its_price_is_too_old() {
    for (max_age, is_used) in [(MAX_AGE, true), (Duration::ZERO, false)] {
        let price = Arc::new(Mutex::new(Some(40_000.0)));
        let source = source(price.clone()).await;
        let app = with_rates(Dialect::Documented, source, max_age).await;
        let shop = app.wallet("shop").await;
        let (status, made) = asks(&shop, json!(4), "EUR").await;
        assert_eq!((status, &made["amount"]), (201, &json!(10_000)), "{made}");
        *price.lock().unwrap() = None;
        let (status, said) = asks(&shop, json!(4), "EUR").await;
        assert_eq!(status, if is_used { 201 } else { 400 }, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_the_amount_open_is_paid_in_a_currency() {
    let app = with_rates(Dialect::V1, table(), MAX_AGE).await;
    let shop = app.wallet("shop").await;
    let (_, made) = asks(&shop, json!(100_000), "sat").await;
    let bolt11 = made["bolt11"].as_str().unwrap();
    app.node.customer_pays(bolt11, 100_000_000);
    support::app::until(async || (shop.get("/wallet").await.1["balance"] != 0).then_some(())).await;
    let open = app.node.foreign(Foreign {
        amount_msat: None,
        ..Foreign::default()
    });
    let pay = json!({"bolt11": open, "amount": 5, "unit": "EUR"});
    let (status, paid) = shop.post("/payments", pay).await;
    assert_eq!(
        (status, &paid["status"]),
        (201, &json!("success")),
        "{paid}"
    );
    assert_eq!(paid["amount_msat"], -10_000_000);
    assert_eq!(paid["extra"]["fiat_amount"], 5.0);
    assert_eq!(shop.get("/wallet").await.1["balance"], 90_000_000);
}

/// Whoever repeats a payment is told of the one that there is, whatever its currency is worth by now.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_payment_asks_for_no_price() {
    for dialect in DIALECTS {
        let price = Arc::new(Mutex::new(Some(50_000.0)));
        let app = with_rates(dialect, source(price.clone()).await, Duration::ZERO).await;
        let shop = app.wallet("shop").await;
        let (_, made) = asks(&shop, json!(100_000), "sat").await;
        app.node
            .customer_pays(made["bolt11"].as_str().unwrap(), 100_000_000);
        support::app::until(async || (shop.get("/wallet").await.1["balance"] != 0).then_some(()))
            .await;
        let open = app.node.foreign(Foreign {
            amount_msat: None,
            ..Foreign::default()
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let pay = async |key: &str| -> (u16, Value) {
            let request = http.post(format!("{}/api/v1/payments", app.url));
            let request = request.header("x-api-key", &shop.adminkey);
            let body = json!({"bolt11": open, "amount": 5, "unit": "EUR"});
            let answer = request.header("idempotency-key", key).json(&body).send();
            let answer = answer.await.unwrap();
            (answer.status().as_u16(), answer.json().await.unwrap())
        };
        let paid = pay("once").await;
        assert_eq!((paid.0, &paid.1["status"]), (201, &json!("success")));
        *price.lock().unwrap() = None;
        assert_eq!(pay("once").await, paid);
        let (status, said) = pay("twice").await;
        assert_eq!(status, 400, "there is no price any more: {said}");
        assert_eq!(shop.get("/wallet").await.1["balance"], 90_000_000);
    }
}
