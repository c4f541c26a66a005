//! ln.bot: what paying somebody would cost, before it is done.

use serde_json::{Value, json};
use support::app::TestApp;
use support::fake_node::Fate;
use support::invoices::Foreign;
use support::lnbot::Bot;
use support::offers::OfferText;
use support::payer::LnurlServer;

async fn resolve(bot: &Bot, target: &str, amount: Option<&str>) -> (u16, Value) {
    let mut query = vec![("target", target)];
    query.extend(amount.map(|amount| ("amount", amount)));
    let call = bot.request(reqwest::Method::GET, "/wallets/current/payments/resolve");
    let answer = call.query(&query).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_priced_by_its_own_amount() {
    let app = TestApp::lnbot_with(|settings| settings.service_fee_ppm = 2_500).await;
    let bot = app.rich_bot(10_000).await;
    let invoice = app.node.foreign(Foreign::default());
    let expected = json!({
        "type": "bolt11", "min": null, "max": null, "fixed": true, "amount": 1_000,
        "internal": false, "networkFeeEstimate": null, "serviceFee": 3, "maxFee": 20,
        "total": null, "maxSendable": null, "feeWarning": null,
    });
    assert_eq!(resolve(&bot, &invoice, None).await, (200, expected.clone()));
    assert_eq!(resolve(&bot, &invoice, Some("1000")).await, (200, expected));
    assert_eq!(resolve(&bot, &invoice, Some("999")).await.0, 400);
    assert_eq!(
        app.node
            .times_sent(support::fake_node::payment_hash(&invoice)),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_a_range_and_what_can_be_sent_there() {
    let app = TestApp::lnbot_with(|settings| settings.service_fee_ppm = 10_000).await;
    let bot = app.rich_bot(10_000).await;
    let bob = LnurlServer::open(&app).await;
    let (status, found) = resolve(&bot, &bob.address("bob"), None).await;
    // With 98.02 for routing and 99 for the house that makes 9,999.02; one more would be above 10,000.
    let expected = json!({
        "type": "address", "min": 1, "max": 100_000, "fixed": false, "amount": null,
        "internal": false, "networkFeeEstimate": null, "serviceFee": null, "maxFee": null,
        "total": null, "maxSendable": found["maxSendable"], "feeWarning": null,
    });
    assert_eq!((status, &found), (200, &expected));
    let most = found["maxSendable"].as_u64().unwrap();
    assert_eq!(most, 9_802);
    let pay = async |amount: u64| {
        *bob.fate.lock().unwrap() = Fate::Succeeds(0);
        let body = json!({"target": bob.address("bob"), "amount": amount});
        bot.post("/wallets/current/payments", body).await.0
    };
    assert_eq!(pay(most + 1).await, 400, "that was too much");
    assert_eq!(pay(most).await, 200, "that is what it said");

    let lnurlp = format!("{}/.well-known/lnurlp/bob", bob.url).replace("http", "lnurlp");
    let (_, found) = resolve(&bot, &lnurlp, Some("500")).await;
    let shown = json!([
        found["type"],
        found["amount"],
        found["maxFee"],
        found["serviceFee"],
        found["maxSendable"]
    ]);
    assert_eq!(shown, json!(["lnurl", 500, 20, 5, null]));
    assert_eq!(resolve(&bot, &lnurlp, None).await.1["maxSendable"], 78);
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_and_wallets_of_this_till_are_known() {
    let app = TestApp::lnbot_with(|settings| settings.service_fee_ppm = 10_000).await;
    let bot = app.rich_bot(10_000).await;
    let offer = OfferText::default().text();
    let (status, found) = resolve(&bot, &offer, None).await;
    let shown = json!([found["type"], found["min"], found["fixed"], found["amount"]]);
    assert_eq!((status, shown), (200, json!(["offer", 1_000, true, 1_000])));

    let (_, made) = app
        .account()
        .await
        .primary
        .post("/wallets", Value::Null)
        .await;
    let address = made["address"].as_str().unwrap();
    let (status, found) = resolve(&bot, address, Some("70")).await;
    let expected = json!({
        "type": "address", "min": 1, "max": found["max"], "fixed": false, "amount": 70,
        "internal": true, "networkFeeEstimate": 0, "serviceFee": 0, "maxFee": 0,
        "total": 70, "maxSendable": null, "feeWarning": null,
    });
    assert_eq!((status, &found), (200, &expected));
    assert_eq!(resolve(&bot, address, None).await.1["maxSendable"], 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_for_nobody_is_told_why() {
    let app = TestApp::lnbot().await;
    let (bot, _) = app.bot_wallet().await;
    let bob = LnurlServer::open(&app).await;
    let target = bob.address("bob");
    for (target, amount) in [
        ("", None),
        ("nonsense", None),
        (&bob.address("shut"), None),
        (&bob.address("nobody"), None),
        (&target, Some("0")),
        (&target, Some("-1")),
        (&target, Some("many")),
        (&target, Some("100001")),
    ] {
        let (status, answer) = resolve(&bot, target, amount).await;
        assert_eq!(status, 400, "{target} {amount:?}: {answer}");
        assert!(answer["error"].is_string());
    }
    assert_eq!(
        resolve(&bot, &target, None).await.1["maxSendable"],
        0,
        "there is no money"
    );
    let (status, _) = bot.get("/wallets/current/payments/resolve").await;
    assert_eq!(status, 400);
}
