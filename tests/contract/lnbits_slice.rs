//! The thinnest slice of the LNbits surface: a wallet takes money, and pays another.

use serde_json::json;
use support::app::{TestApp, until};
use tilld::lnbits::Dialect;

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_takes_money_and_pays_another() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
    let (status, made) = shop
        .post(
            "/payments",
            json!({"out": false, "amount": 700, "memo": "tea"}),
        )
        .await;
    assert_eq!(status, 201, "{made}");
    let bolt11 = made["payment_request"].as_str().unwrap().to_owned();
    app.node.customer_pays(&bolt11, 700_000);
    let path = format!("/payments/{}", made["checking_id"].as_str().unwrap());
    until(async || (shop.get(&path).await.1["paid"] == true).then_some(())).await;
    assert_eq!(shop.get("/wallet").await.1["balance"], 700_000);

    let (_, asked) = friend
        .post(
            "/payments",
            json!({"out": false, "amount": 200, "memo": "loan"}),
        )
        .await;
    let bolt11 = asked["payment_request"].clone();
    let (status, paid) = shop
        .post("/payments", json!({"out": true, "bolt11": bolt11}))
        .await;
    assert_eq!(
        (status, &paid["status"]),
        (201, &json!("success")),
        "{paid}"
    );
    assert_eq!(shop.get("/wallet").await.1["balance"], 500_000);
    assert_eq!(friend.get("/wallet").await.1["balance"], 200_000);
}
