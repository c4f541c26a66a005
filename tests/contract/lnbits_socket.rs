//! `GET /api/v1/ws/{key-or-hash}`: who hears what, once, and who does not get in.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::caller::Socket;
use support::lnbits::Wallet;
use tilld::lnbits::Dialect;

async fn listen(app: &TestApp, item: &str) -> Socket {
    let path = format!("/api/v1/ws/{item}");
    Socket::open(&app.url, &path).await.expect("a socket")
}

async fn refused(app: &TestApp, item: &str) -> u16 {
    let path = format!("/api/v1/ws/{item}");
    Socket::open(&app.url, &path).await.expect_err("no socket")
}

/// An invoice: its text and its hash.
async fn invoice(wallet: &Wallet, amount_sat: u64) -> (String, String) {
    let wanted = json!({"out": false, "amount": amount_sat, "memo": "tea"});
    let (status, made) = wallet.post("/payments", wanted).await;
    assert_eq!(status, 201, "{made}");
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("bolt11"), text("payment_hash"))
}

async fn earn(app: &TestApp, wallet: &Wallet, amount_sat: u64) -> String {
    let (bolt11, hash) = invoice(wallet, amount_sat).await;
    app.node.customer_pays(&bolt11, amount_sat * 1_000);
    let path = format!("/payments/{hash}");
    until(async || (wallet.get(&path).await.1["paid"] == true).then_some(())).await;
    hash
}

async fn pays(payer: &Wallet, bolt11: &str) {
    let wanted = json!({"out": true, "bolt11": bolt11});
    let (status, paid) = payer.post("/payments", wanted).await;
    assert_eq!((status, &paid["status"]), (201, &json!("success")));
}

fn told(news: &Value) -> (u64, i64, &str, &str) {
    let payment = &news["payment"];
    (
        news["wallet_balance"].as_u64().unwrap(),
        payment["amount"].as_i64().unwrap(),
        payment["payment_hash"].as_str().unwrap(),
        payment["status"].as_str().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_a_payment_hear_of_it_once() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
    earn(&app, &shop, 700).await;
    let mut payer = listen(&app, &shop.adminkey).await;
    let mut payee = listen(&app, &friend.inkey).await;
    let (first, first_hash) = invoice(&friend, 200).await;
    let (second, second_hash) = invoice(&friend, 30).await;
    let mut by_hash = listen(&app, &first_hash).await;
    pays(&shop, &first).await;
    pays(&shop, &second).await;

    // Were one told twice, the second message would be about the first payment.
    let (one, other) = (payee.next().await.unwrap(), payee.next().await.unwrap());
    assert_eq!(told(&one).1, 200_000);
    assert_eq!(told(&one).2, first_hash);
    assert_eq!(told(&other), (230, 30_000, second_hash.as_str(), "success"));
    let (one, other) = (payer.next().await.unwrap(), payer.next().await.unwrap());
    assert_eq!(told(&one).1, -200_000);
    assert_eq!(told(&one).2, first_hash);
    assert_eq!(
        told(&other),
        (470, -30_000, second_hash.as_str(), "success")
    );
    assert_eq!(
        by_hash.next().await.unwrap(),
        json!({"pending": false, "status": "success"})
    );
    let late = listen(&app, &first_hash).await.next().await.unwrap();
    assert_eq!(late["status"], "success", "a late comer hears it at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_does_not_hear_of_anothers_money() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
    let mut socket = listen(&app, &friend.inkey).await;
    earn(&app, &shop, 700).await;
    let admin = app.wallet_admin().await;
    app.earn(&admin, 50).await;
    let hash = earn(&app, &friend, 3).await;
    let news = socket.next().await.unwrap();
    assert_eq!(told(&news), (3, 3, hash.as_str(), "success"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_tells_of_failure_too_but_not_of_the_house() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let shop = app.wallet("shop").await;
    let short = json!({"out": false, "amount": 5, "expiry": 1});
    let (_, made) = shop.post("/payments", short).await;
    let mut socket = listen(&app, made["payment_hash"].as_str().unwrap()).await;
    assert_eq!(
        socket.next().await.unwrap(),
        json!({"pending": false, "status": "failed"})
    );
    let admin = app.admin().await;
    let (_, made) = admin
        .post("/wallet/invoice", json!({"amountSat": 50}))
        .await;
    let house = made["paymentHash"].as_str().unwrap();
    assert_eq!(refused(&app, house).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_gets_in_and_nobody_can_push() {
    for (dialect, unknown) in [(Dialect::Documented, 401), (Dialect::V1, 404)] {
        let app = TestApp::lnbits(dialect).await;
        let shop = app.wallet("shop").await;
        assert_eq!(refused(&app, &"0".repeat(32)).await, unknown);
        assert_eq!(refused(&app, "item1").await, unknown);
        assert_eq!(refused(&app, &"0".repeat(64)).await, 404);
        let at = |tail: &str| format!("/ws/{}{tail}", shop.inkey);
        let push = async |method, tail: &str| shop.call(method, &at(tail), None, None).await.0;
        assert_eq!(push(Method::POST, "?data=hello").await, 405);
        assert_eq!(push(Method::GET, "/hello").await, 404);
        assert_eq!(push(Method::GET, "").await, 400, "no upgrade was asked for");
    }
}
