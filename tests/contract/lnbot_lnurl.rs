//! ln.bot: Lightning addresses as any wallet in the world pays them (LUD-06, 12, 16, 21).

use std::num::NonZeroU32;
use std::str::FromStr;

use bitcoin::hashes::{Hash, sha256};
use ldk_node::lightning_invoice::{Bolt11Invoice, Bolt11InvoiceDescriptionRef};
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::invoices::payment_hash;
use support::lnbot::Bot;
use tilld::lnbits::Dialect;

/// What a payer's wallet calls.
async fn get(url: &str) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build();
    let answer = http.expect("a client").get(url).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

/// A wallet with an address of its choice.
async fn shop(app: &TestApp) -> Bot {
    let (wallet, _) = app.bot_wallet().await;
    let body = json!({"address": "shop"});
    let (status, made) = wallet.post("/wallets/current/addresses", body).await;
    assert_eq!(status, 200, "{made}");
    wallet
}

fn document(app: &TestApp, name: &str) -> String {
    format!("{}/.well-known/lnurlp/{name}", app.url)
}

fn refused(reason: &str) -> Value {
    json!({"status": "ERROR", "reason": reason})
}

async fn listed(wallet: &Bot) -> Vec<Value> {
    let (_, list) = wallet.get("/wallets/current/invoices").await;
    list.as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn an_address_answers_and_its_invoice_says_what_for() {
    let app = TestApp::lnbot().await;
    let wallet = shop(&app).await;
    let domain = app.url.trim_start_matches("http://");
    let (status, told) = get(&document(&app, "Shop")).await;
    let metadata = told["metadata"].as_str().expect("metadata").to_owned();
    let callback = format!("{}/lnurlp/shop/callback", app.url);
    let expected = json!({
        "tag": "payRequest", "callback": callback, "minSendable": 1_000,
        "maxSendable": 1_000_000_000_000_u64, "metadata": metadata, "commentAllowed": 255,
    });
    assert_eq!((status, told), (200, expected));
    let pairs: Value = serde_json::from_str(&metadata).expect("JSON");
    let address = format!("shop@{domain}");
    let expected = json!([
        ["text/identifier", address],
        ["text/plain", format!("Payment to {address}")],
    ]);
    assert_eq!(pairs, expected);

    let (status, made) = get(&format!("{callback}?amount=21500&comment=two%20cups")).await;
    let pr = made["pr"].as_str().expect("an invoice").to_owned();
    let hash = payment_hash(&pr);
    let verify = format!("{}/lnurlp/shop/verify/{hash}", app.url);
    let expected = json!({
        "pr": pr, "routes": [], "successAction": null, "disposable": false, "verify": verify,
    });
    assert_eq!((status, made), (200, expected));
    let invoice = Bolt11Invoice::from_str(&pr).expect("an invoice");
    assert_eq!(invoice.amount_milli_satoshis(), Some(21_500));
    let Bolt11InvoiceDescriptionRef::Hash(said) = invoice.description() else {
        panic!("no hash: {invoice}")
    };
    assert_eq!(said.0, sha256::Hash::hash(metadata.as_bytes()));

    let open = json!({"status": "OK", "settled": false, "preimage": null, "pr": pr});
    assert_eq!(get(&verify).await, (200, open));
    assert_eq!(listed(&wallet).await.len(), 0, "nothing before it is paid");
    app.node.customer_pays(&pr, 21_500);
    let row = until(async || listed(&wallet).await.pop()).await;
    assert_eq!((&row["number"], &row["amount"]), (&json!(1), &json!(21)));
    assert_eq!(
        (&row["memo"], &row["reference"]),
        (&json!("two cups"), &Value::Null)
    );
    let paid = json!({"status": "OK", "settled": true, "preimage": row["preimage"], "pr": pr});
    assert_eq!(get(&verify).await, (200, paid));
}

#[tokio::test]
async fn a_tag_goes_all_the_way() {
    let app = TestApp::lnbot().await;
    let wallet = shop(&app).await;
    for name in ["shop+Table-7", "shop%2Btable-7"] {
        let (status, told) = get(&document(&app, name)).await;
        assert_eq!(status, 200, "{told}");
        let callback = told["callback"].as_str().expect("a callback");
        assert!(
            told["metadata"]
                .as_str()
                .is_some_and(|text| text.contains("shop+table-7@"))
        );
        let (_, made) = get(&format!("{callback}?amount=5000")).await;
        app.node
            .customer_pays(made["pr"].as_str().expect("an invoice"), 5_000);
    }
    let rows = until(async || Some(listed(&wallet).await).filter(|rows| rows.len() == 2)).await;
    for row in rows {
        assert_eq!(row["reference"], "table-7");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_as_lnurl_has_it() {
    let app = TestApp::lnbot().await;
    shop(&app).await;
    let callback = format!("{}/lnurlp/shop/callback", app.url);
    let range = refused("amount must be 1000 to 1000000000000 msat.");
    for query in [
        "",
        "?amount=",
        "?amount=999",
        "?amount=-5000",
        "?amount=1e4",
        "?amount=5000.5",
        "?amount=1000000000001",
        "?amount=99999999999999999999999",
    ] {
        assert_eq!(
            get(&format!("{callback}{query}")).await,
            (200, range.clone()),
            "{query}"
        );
    }
    let long = format!("{callback}?amount=5000&comment={}", "x".repeat(256));
    let why = refused("comment has at most 255 characters");
    assert_eq!(get(&long).await, (200, why));
    let longest = format!("{callback}?amount=5000&nonce=1&comment={}", "x".repeat(255));
    assert!(get(&longest).await.1["pr"].is_string());
    let twice = format!("{callback}?amount=5000&amount=6000");
    assert_eq!(
        get(&twice).await,
        (200, refused("The query cannot be read."))
    );

    let unknown = (404, refused("Address not found."));
    let names = [
        "nobody",
        "s",
        "shop+a%2Fb",
        "shop@elsewhere.example",
        "%F0%9F%8D%BA",
        "a/b",
    ];
    for name in names {
        assert_eq!(get(&document(&app, name)).await, unknown, "{name}");
    }
    let nobody = format!("{}/lnurlp/nobody/callback?amount=5000", app.url);
    assert_eq!(get(&nobody).await, unknown);
    let unknown = (404, refused("Invoice not found."));
    for hash in ["x", &"0".repeat(64)] {
        let verify = format!("{}/lnurlp/shop/verify/{hash}", app.url);
        assert_eq!(get(&verify).await, unknown);
    }
}

#[tokio::test]
async fn verify_tells_of_strangers_invoices_alone() {
    let app = TestApp::lnbot().await;
    let wallet = shop(&app).await;
    let body = json!({"amount": 5});
    let (_, made) = wallet.post("/wallets/current/invoices", body).await;
    let hash = payment_hash(made["bolt11"].as_str().expect("an invoice"));
    let own = format!("{}/lnurlp/shop/verify/{hash}", app.url);
    assert_eq!(get(&own).await.0, 404);

    let (other, _) = app.bot_wallet().await;
    let body = json!({"address": "shed"});
    assert_eq!(other.post("/wallets/current/addresses", body).await.0, 200);
    let callback = format!("{}/lnurlp/shed/callback?amount=5000", app.url);
    let (_, made) = get(&callback).await;
    let hash = payment_hash(made["pr"].as_str().expect("an invoice"));
    let elsewhere = format!("{}/lnurlp/shop/verify/{hash}", app.url);
    assert_eq!(get(&elsewhere).await.0, 404, "another wallet's");
}

#[tokio::test]
async fn browsers_may_ask_and_nobody_too_often() {
    let app = TestApp::lnbot_with(|settings| {
        settings.lnurl_calls = NonZeroU32::MIN.saturating_add(2);
    })
    .await;
    shop(&app).await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let ask = async || {
        let asked = http.get(document(&app, "shop"));
        let asked = asked.header("Origin", "https://wallet.example").send();
        asked.await.expect("an answer")
    };
    for _ in 0..3 {
        let answer = ask().await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let credentials = answer.headers().get("access-control-allow-credentials");
        assert_eq!(credentials, None);
    }
    let answer = ask().await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(answer.headers().contains_key("retry-after"));
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body, refused("Too many requests, try again later."));
}

/// The till's own LNURL client against its own addresses: nobody else's money, nobody else's code.
#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_pays_another_wallet_s_address() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let payee = shop(&app).await;
    let payer = app.wallet("payer").await;
    let asked = json!({"out": false, "amount": 1_000});
    let (_, made) = payer.post("/payments", asked).await;
    let bolt11 = made["payment_request"].as_str().expect("an invoice");
    app.node.customer_pays(bolt11, 1_000_000);
    until(async || (payer.get("/wallet").await.1["balance"] != 0).then_some(())).await;

    let address = format!("shop+lunch@{}", app.url.trim_start_matches("http://"));
    let wanted = json!({"lnurl": address, "amount": 25, "comment": "thanks"});
    let (status, paid) = payer.post("/payments/lnurl", wanted).await;
    assert_eq!(
        (status, &paid["status"]),
        (200, &json!("success")),
        "{paid}"
    );
    let rows = listed(&payee).await;
    let [row] = rows.as_slice() else {
        panic!("one row: {rows:?}")
    };
    assert_eq!(
        (&row["status"], &row["amount"]),
        (&json!("settled"), &json!(25))
    );
    assert_eq!(
        (&row["memo"], &row["reference"]),
        (&json!("thanks"), &json!("lunch"))
    );
    let (_, money) = payee.get("/wallets/current").await;
    assert_eq!(money["balance"], 25);
    assert_eq!(payer.get("/wallet").await.1["balance"], 975_000);
}
