//! LNURL on the LNbits surface, against a service of somebody else's on this machine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::get;
use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{FakeNode, Fate};
use support::invoices::Foreign;
use support::lnbits::Wallet;
use till::invoice::Description;
use tilld::lnbits::Dialect;
use tokio::sync::Semaphore;

const METADATA: &str = r#"[["text/plain","tea for two"],["image/png;base64","AAAA"]]"#;

/// Somebody else's LNURL service, as honest as it is told to be.
#[derive(Clone)]
struct Stranger {
    node: Arc<FakeNode>,
    url: String,
    /// What it asks for instead of what it was asked for, in msat.
    greed: Arc<Mutex<u64>>,
    /// What its invoices say they are for.
    purpose: Arc<Mutex<Option<Description>>>,
    /// An invoice that it hands out instead of its own.
    replayed: Arc<Mutex<Option<String>>>,
    /// The queries that its callbacks got.
    asked: Arc<Mutex<Vec<HashMap<String, String>>>>,
}

impl Stranger {
    async fn open(app: &TestApp) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stranger = Self {
            node: app.node.clone(),
            url,
            greed: Arc::default(),
            purpose: Arc::default(),
            replayed: Arc::default(),
            asked: Arc::default(),
        };
        let pay = get(|State(it): State<Self>| async move {
            Json(json!({
                "tag": "payRequest", "callback": format!("{}/cb?id=7", it.url),
                "minSendable": 1_000, "maxSendable": 100_000_000, "metadata": METADATA,
                "commentAllowed": 10,
            }))
        });
        let callback = get(
            async |State(it): State<Self>, Query(query): Query<HashMap<String, String>>| {
                it.callback(query)
            },
        );
        let withdraw = get(|State(it): State<Self>| async move {
            Json(json!({
                "tag": "withdrawRequest", "callback": format!("{}/wcb", it.url), "k1": "card-1",
                "minWithdrawable": 1_000, "maxWithdrawable": 50_000, "defaultDescription": "card",
            }))
        });
        let take = get(
            async |State(it): State<Self>, Query(query): Query<HashMap<String, String>>| {
                it.node.customer_pays(&query["pr"], 21_000);
                it.asked.lock().unwrap().push(query);
                Json(json!({"status": "OK"}))
            },
        );
        let closed = get(async || Json(json!({"status": "ERROR", "reason": "we are closed"})));
        let router = axum::Router::new()
            .route("/pay", pay.clone())
            .route("/.well-known/lnurlp/bob", pay)
            .route("/cb", callback)
            .route("/w", withdraw)
            .route("/wcb", take)
            .route("/closed", closed)
            .with_state(stranger.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stranger
    }

    fn callback(&self, query: HashMap<String, String>) -> Json<Value> {
        let asked: u64 = query["amount"].parse().unwrap();
        let amount = asked + *self.greed.lock().unwrap();
        let purpose = self.purpose.lock().unwrap().clone();
        let description = purpose.unwrap_or_else(|| {
            use bitcoin::hashes::{Hash, sha256};
            Description::Hash(sha256::Hash::hash(METADATA.as_bytes()).to_byte_array())
        });
        let pr = self.node.foreign(Foreign {
            amount_msat: Some(amount),
            fate: Fate::Succeeds(0),
            description,
            ..Foreign::default()
        });
        let pr = self.replayed.lock().unwrap().clone().unwrap_or(pr);
        self.asked.lock().unwrap().push(query);
        let said = json!({"tag": "message", "message": "thank you"});
        Json(json!({"pr": pr, "routes": [], "successAction": said}))
    }

    /// `bob@127.0.0.1:port`
    fn bob(&self) -> String {
        format!("bob@{}", self.url.strip_prefix("http://").unwrap())
    }
}

async fn earn(app: &TestApp, wallet: &Wallet, amount_sat: u64) {
    let (_, made) = wallet
        .post("/payments", json!({"out": false, "amount": amount_sat}))
        .await;
    let bolt11 = made["payment_request"].as_str().unwrap().to_owned();
    app.node.customer_pays(&bolt11, amount_sat * 1_000);
    until(async || (wallet.get("/wallet").await.1["balance"] != 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lightning_address_is_paid_in_either_dialect() {
    for (dialect, amount) in [(Dialect::Documented, 25), (Dialect::V1, 25_000)] {
        let app = TestApp::lnbits(dialect).await;
        let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
        earn(&app, &wallet, 1_000).await;
        let wanted = json!({"lnurl": stranger.bob(), "amount": amount, "comment": "two cups"});
        let (status, paid) = wallet.post("/payments/lnurl", wanted).await;
        assert_eq!(
            (status, &paid["status"]),
            (200, &json!("success")),
            "{paid}"
        );
        assert_eq!(paid["amount_msat"], -25_000);
        let asked = stranger.asked.lock().unwrap().remove(0);
        assert_eq!(
            (asked["amount"].as_str(), asked["id"].as_str()),
            ("25000", "7")
        );
        assert_eq!(asked["comment"], "two cups");
        let balance = wallet.get("/wallet").await.1["balance"].clone();
        assert_eq!(balance, 975_000);
        let hash = paid["payment_hash"].as_str().unwrap().parse().unwrap();
        let row = app.service.payment_by_hash(hash).await.unwrap().unwrap();
        assert!(row.meta.success_action.unwrap().contains("thank you"));
        // Real servers have it as a text of JSON, and clients read that.
        let path = format!("/payments/{}", paid["payment_hash"].as_str().unwrap());
        let looked_at = wallet.get(&path).await.1["details"].clone();
        for told in [&paid, &looked_at] {
            let action = told["extra"]["success_action"].as_str().unwrap_or_default();
            let action: Value = serde_json::from_str(action).unwrap_or_default();
            assert_eq!(action["message"], "thank you", "{told}");
            assert_eq!(told["extra"]["comment"], "two cups");
        }
        // What a scan answered can be sent back instead of the code.
        let (status, scan) = wallet.get(&format!("/lnurlscan/{}", stranger.bob())).await;
        assert_eq!(status, 200, "{scan}");
        let (status, paid) = wallet
            .post("/payments/lnurl", json!({"res": scan, "amount": amount}))
            .await;
        assert_eq!(status, 200, "{paid}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_references_form_pays_a_callback_in_the_documented_dialect_only() {
    use bitcoin::hashes::{Hash, sha256};
    let hash = sha256::Hash::hash(METADATA.as_bytes()).to_string();
    for (dialect, expected) in [(Dialect::Documented, 200), (Dialect::V1, 400)] {
        let app = TestApp::lnbits(dialect).await;
        let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
        earn(&app, &wallet, 1_000).await;
        let callback = format!("{}/cb", stranger.url);
        let wanted = json!({"callback": callback, "description_hash": hash, "amount": 30});
        let (status, answer) = wallet.post("/payments/lnurl", wanted.clone()).await;
        assert_eq!(status, expected, "{answer}");
        if dialect == Dialect::Documented {
            let mut other = wanted;
            other["description_hash"] = json!("00".repeat(32));
            let (status, answer) = wallet.post("/payments/lnurl", other).await;
            assert_eq!(status, 400, "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_paid_that_is_not_what_was_asked_for() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
    earn(&app, &wallet, 1_000).await;
    *stranger.greed.lock().unwrap() = 1_000;
    let wanted = json!({"lnurl": stranger.bob(), "amount": 25});
    let (status, answer) = wallet.post("/payments/lnurl", wanted.clone()).await;
    assert_eq!(status, 400, "{answer}");
    *stranger.greed.lock().unwrap() = 0;
    *stranger.purpose.lock().unwrap() = Some(Description::Hash([1; 32]));
    let (status, answer) = wallet.post("/payments/lnurl", wanted).await;
    assert_eq!(status, 400, "{answer}");
    let bob = stranger.bob();
    let closed = format!("{}/closed", stranger.url);
    let bad = [
        json!({"lnurl": bob, "amount": 0}),
        json!({"lnurl": bob, "amount": -1}),
        json!({"lnurl": bob, "amount": 1.5}),
        json!({"lnurl": bob}),
        json!({"lnurl": bob, "amount": 100_001}),
        json!({"lnurl": bob, "amount": 25, "comment": "eleven char"}),
        json!({"lnurl": bob, "amount": 25, "unit": "EUR"}),
        json!({"lnurl": "bad", "amount": 25}),
        json!({"lnurl": format!("{}/w", stranger.url), "amount": 25}),
        json!({"lnurl": closed, "amount": 25}),
        json!({"lnurl": "bob@10.0.0.1", "amount": 25}),
        json!({"amount": 25}),
        json!({"res": {"callback": "invalid-url"}, "amount": 25}),
    ];
    for body in bad {
        let (status, answer) = wallet.post("/payments/lnurl", body.clone()).await;
        assert!([400, 422].contains(&status), "{body}: {status} {answer}");
        let why = answer["detail"]
            .as_str()
            .or(answer["detail"][0]["msg"].as_str());
        assert!(why.is_some_and(|why| !why.is_empty()), "{body}: {answer}");
    }
    let key = Some(wallet.inkey.as_str());
    let body = json!({"amount": 1_000});
    let (status, answer) = wallet
        .call(Method::POST, "/payments/lnurl", key, Some(&body))
        .await;
    assert_eq!(
        (status, &answer["detail"]),
        (403, &json!("Invalid adminkey."))
    );
    assert_eq!(wallet.get("/wallet").await.1["balance"], 1_000_000);
}

/// A recipient makes an invoice for each question, so a repeat is not asked at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_wish_to_pay_a_person_is_the_same_payment() {
    for dialect in [Dialect::Documented, Dialect::V1] {
        let app = TestApp::lnbits(dialect).await;
        let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
        earn(&app, &wallet, 1_000).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let post = async |body: &Value| {
            let request = http.post(format!("{}/api/v1/payments/lnurl", app.url));
            let request = request.header("x-api-key", &wallet.adminkey);
            let answer = request.header("idempotency-key", "tip-1").json(body);
            let answer = answer.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap())
        };
        let wanted = json!({"lnurl": stranger.bob(), "amount": 25_000, "unit": "msat"});
        let paid = post(&wanted).await;
        assert_eq!((paid.0, &paid.1["status"]), (200, &json!("success")));
        assert_eq!(post(&wanted).await, paid);
        let other = json!({"lnurl": stranger.bob(), "amount": 26_000, "unit": "msat"});
        assert_eq!(post(&other).await.0, 409);
        assert_eq!(wallet.get("/wallet").await.1["balance"], 975_000);
        assert_eq!(stranger.asked.lock().unwrap().len(), 1);
    }
}

/// A service can hand out an invoice that another wallet is paying: how that stands is not told as if it
/// were this payment.
#[tokio::test(flavor = "multi_thread")]
async fn another_wallet_s_payment_is_not_this_one() {
    for dialect in [Dialect::Documented, Dialect::V1] {
        let app = TestApp::lnbits(dialect).await;
        let (wallet, other) = (app.wallet("shop").await, app.wallet("other").await);
        let stranger = Stranger::open(&app).await;
        earn(&app, &wallet, 1_000).await;
        earn(&app, &other, 1_000).await;
        let silent = app.node.foreign(Foreign {
            amount_msat: Some(25_000),
            fate: Fate::Silence,
            ..Foreign::default()
        });
        let pay = json!({"out": true, "bolt11": silent});
        let theirs = tokio::spawn(async move { other.post("/payments", pay).await });
        let hash = support::fake_node::payment_hash(&silent);
        until(async || (app.node.times_sent(hash) == 1).then_some(())).await;
        *stranger.replayed.lock().unwrap() = Some(silent);
        let wanted = json!({"lnurl": stranger.bob(), "amount": 25_000, "unit": "msat"});
        let (status, answer) = wallet.post("/payments/lnurl", wanted).await;
        assert_eq!(
            (status, &answer["status"]),
            (520, &json!("failed")),
            "{answer}"
        );
        app.node.decide(hash, Fate::Succeeds(0));
        assert_eq!(theirs.await.unwrap().0, 201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_says_what_is_behind_a_code() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
    let (status, scan) = wallet.get(&format!("/lnurlscan/{}", stranger.bob())).await;
    assert_eq!(status, 200, "{scan}");
    let told = [
        "kind",
        "tag",
        "fixed",
        "description",
        "domain",
        "minSendable",
        "image",
    ];
    let told = told.map(|name| scan[name].clone());
    let image = "data:image/png;base64,AAAA";
    let expected = json!([
        "pay",
        "payRequest",
        false,
        "tea for two",
        "127.0.0.1",
        1_000,
        image
    ]);
    assert_eq!(json!(told), expected);
    let code = format!(
        "lnurlw%3A%2F%2F{}%2Fw",
        stranger.url.strip_prefix("http://").unwrap()
    );
    let (status, scan) = wallet.get(&format!("/lnurlscan/{code}")).await;
    assert_eq!((status, &scan["kind"]), (200, &json!("withdraw")), "{scan}");
    let (status, answer) = wallet.get("/lnurlscan/bad").await;
    assert_eq!(status, 400, "{answer}");
    let (status, _) = wallet.call(Method::GET, "/lnurlscan/bad", None, None).await;
    assert_eq!(status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_pays_an_invoice_of_this_server_and_no_other() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
    let (_, made) = wallet
        .post("/payments", json!({"out": false, "amount": 21}))
        .await;
    let bolt11 = made["payment_request"].as_str().unwrap().to_owned();
    let card = stranger.url.replace("http://", "lnurlw://");
    let path = format!("/payments/{bolt11}/pay-with-nfc");
    let tap = async |path: &str, code: String| {
        let body = json!({"lnurl_w": code});
        wallet.call(Method::POST, path, None, Some(&body)).await
    };
    let foreign = app.node.foreign(Foreign::default());
    let foreign = format!("/payments/{foreign}/pay-with-nfc");
    assert_eq!(tap(&foreign, format!("{card}/w")).await.0, 400);
    for code in [
        "bad".to_owned(),
        "lnurlw://10.0.0.1/w".into(),
        format!("{card}/pay"),
    ] {
        assert_eq!(tap(&path, code.clone()).await.0, 400, "{code}");
    }
    assert!(stranger.asked.lock().unwrap().is_empty());
    let (status, answer) = tap(&path, format!("{card}/w")).await;
    assert_eq!(
        (status, &answer["success"]),
        (200, &json!(true)),
        "{answer}"
    );
    assert_eq!(stranger.asked.lock().unwrap()[0]["k1"], "card-1");
    until(async || (wallet.get("/wallet").await.1["balance"] == 21_000).then_some(())).await;
    assert_eq!(tap(&path, format!("{card}/w")).await.0, 400, "it is paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_called_for_nobody_and_no_source_means_no_price() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let wallet = app.wallet("shop").await;
    for code in [
        "bob@192.168.0.1",
        "lnurlp%3A%2F%2F169.254.169.254%2Fx",
        "bob@[::1]",
    ] {
        let (status, answer) = wallet.get(&format!("/lnurlscan/{code}")).await;
        assert_eq!(status, 400, "{code}: {answer}");
    }
    let (status, list) = wallet.call(Method::GET, "/currencies", None, None).await;
    assert_eq!((status, list), (200, json!([])));
    let (status, answer) = wallet.call(Method::GET, "/rate/EUR", None, None).await;
    let detail = json!("Could not get exchange rate for EUR.");
    assert_eq!((status, &answer["detail"]), (400, &detail));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_handed_in_where_somebody_gives_money() {
    for dialect in [Dialect::Documented, Dialect::V1] {
        let app = TestApp::lnbits(dialect).await;
        let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
        let url = &stranger.url;
        let withdraw = json!({
            "tag": "withdrawRequest", "callback": format!("{url}/wcb"), "k1": "v1's",
            "minWithdrawable": 1_000, "maxWithdrawable": 50_000, "defaultDescription": "card",
        });
        let callback = json!(format!("{url}/wcb?k1=card-7"));
        for (n, (field, by, k1)) in [
            ("lnurl_callback", callback, "card-7"),
            ("lnurl_withdraw", withdraw, "v1's"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut body = json!({"out": false, "amount": 21, "extra": {"order": 7}});
            body[field] = by;
            let (status, made) = wallet.post("/payments", body).await;
            assert_eq!(status, 201, "{made}");
            assert_eq!(made["extra"]["lnurl_response"], true, "{made}");
            assert_eq!(made["extra"]["order"], 7);
            let asked = stranger.asked.lock().unwrap().remove(0);
            assert_eq!(
                (asked["k1"].as_str(), &json!(asked["pr"])),
                (k1, &made["bolt11"])
            );
            let earned = (n + 1) * 21_000;
            until(async || (wallet.get("/wallet").await.1["balance"] == earned).then_some(()))
                .await;
            let path = format!("/payments/{}", made["payment_hash"].as_str().unwrap());
            let details = wallet.get(&path).await.1["details"].clone();
            assert_eq!(details["extra"]["lnurl_response"], true);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_an_invoice_leaves_it_open_and_says_why() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (wallet, stranger) = (app.wallet("shop").await, Stranger::open(&app).await);
    let url = &stranger.url;
    for (callback, said) in [
        (format!("{url}/closed"), "we are closed"),
        (
            format!("{url}/nowhere"),
            "the answer is wrong: it is no JSON object",
        ),
        ("http://127.0.0.1:1/".to_owned(), "no connection"),
    ] {
        let body = json!({"out": false, "amount": 21, "lnurl_callback": callback});
        let (status, made) = wallet.post("/payments", body).await;
        assert_eq!(
            (status, &made["status"]),
            (201, &json!("pending")),
            "{made}"
        );
        assert_eq!(made["extra"]["lnurl_response"], said, "{callback}");
        app.node
            .customer_pays(made["bolt11"].as_str().unwrap(), 21_000);
        let path = format!("/payments/{}", made["payment_hash"].as_str().unwrap());
        until(async || (wallet.get(&path).await.1["paid"] == true).then_some(())).await;
    }
    let bounds = json!({
        "tag": "withdrawRequest", "callback": format!("{url}/wcb"), "k1": "x",
        "minWithdrawable": 1_000, "maxWithdrawable": 20_000,
    });
    let body = json!({"out": false, "amount": 21, "lnurl_withdraw": bounds});
    let (status, made) = wallet.post("/payments", body).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["extra"]["lnurl_response"].is_string(), "{made}");
    assert!(stranger.asked.lock().unwrap().is_empty());
    for callback in ["https://10.0.0.1/wcb", "ftp://example.com/"] {
        let body = json!({"out": false, "amount": 21, "lnurl_callback": callback});
        assert_eq!(wallet.post("/payments", body).await.0, 400, "{callback}");
    }
}

/// An answer has to come before the request's time is over, so what the recipient's server took of it is
/// not waited for once more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_recipient_s_server_takes_is_taken_off_the_wait() {
    const WAIT: Duration = Duration::from_secs(4);
    let app = TestApp::lnbits_as(Dialect::V1, |_| (), |lnbits| lnbits.payment_wait = WAIT).await;
    let wallet = app.wallet("shop").await;
    earn(&app, &wallet, 1_000).await;
    let silent = app.node.foreign(Foreign {
        amount_msat: Some(25_000),
        fate: Fate::Silence,
        ..Foreign::default()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback = format!("http://{}/cb", listener.local_addr().unwrap());
    let gate = Arc::new(Semaphore::new(0));
    let opens = gate.clone();
    let slow = get(async move || {
        let _open = opens.acquire().await;
        Json(json!({"pr": silent.clone(), "routes": []}))
    });
    let router = axum::Router::new().route("/cb", slow);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let res = json!({
        "tag": "payRequest", "callback": callback, "metadata": METADATA,
        "minSendable": 1_000, "maxSendable": 100_000,
    });
    let begun = Instant::now();
    let payer = wallet.clone();
    let asked = tokio::spawn(async move {
        let body = json!({"res": res, "amount": 25_000});
        payer.post("/payments/lnurl", body).await
    });
    until(async || (begun.elapsed() >= WAIT).then_some(())).await;
    gate.add_permits(1);
    let answered = Instant::now();
    let (status, paid) = asked.await.unwrap();
    assert_eq!(
        (status, &paid["status"]),
        (200, &json!("pending")),
        "{paid}"
    );
    assert!(answered.elapsed() < WAIT, "{:?}", answered.elapsed());
}
