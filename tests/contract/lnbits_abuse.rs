//! What thieves and greedy services try on the LNbits surface, and what a wallet must not be told.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign, payment_hash};
use support::lnbits::Wallet;
use till::payment::FailureReason;
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];

async fn earn(app: &TestApp, wallet: &Wallet, amount_sat: u64) {
    let wanted = json!({"out": false, "amount": amount_sat});
    let (_, made) = wallet.post("/payments", wanted).await;
    let bolt11 = made["bolt11"].as_str().unwrap();
    app.node.customer_pays(bolt11, amount_sat * 1_000);
    until(async || (wallet.get("/wallet").await.1["balance"] != 0).then_some(())).await;
}

/// Whoever has seen an invoice of somebody else's can make a hold invoice on its hash here. What is paid
/// to that one has another text, and is not theirs.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_between_a_payer_and_the_invoice_that_is_paid() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (victim, thief) = (app.wallet("victim").await, app.wallet("thief").await);
        earn(&app, &victim, 5_000).await;
        let theirs = app.node.foreign(Foreign::default());
        let hash = payment_hash(&theirs).to_string();
        let trap = json!({"out": false, "amount": 1, "payment_hash": hash});
        let (status, made) = thief.post("/payments", trap).await;
        assert_eq!(status, 201, "{made}");
        let pay = json!({"out": true, "bolt11": theirs});
        let (status, answer) = victim.post("/payments", pay).await;
        assert_eq!(status, 520, "{answer}");
        let (_, seen) = thief.get(&format!("/payments/{hash}")).await;
        assert_eq!(seen["details"]["held"], false, "{seen}");
        let (_, rows) = victim.get("/payments/paginated").await;
        assert_eq!(rows["total"], 1, "no payment was begun: {rows}");
        // The real one is paid as ever, however its text is written.
        let bolt11 = made["bolt11"].as_str().unwrap();
        let pay = json!({"out": true, "bolt11": format!("LIGHTNING:{}", bolt11.to_uppercase())});
        let (status, paid) = victim.post("/payments", pay).await;
        assert_eq!((status, &paid["held"]), (201, &json!(true)), "{paid}");
    }
}

/// Somebody's server, and what it was told.
async fn ear() -> (String, Arc<Mutex<Vec<Value>>>) {
    let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let take = async |State(heard): State<Arc<Mutex<Vec<Value>>>>,
                      axum::Json(body): axum::Json<Value>| {
        heard.lock().unwrap().push(body);
    };
    let routes = axum::Router::new().route("/hook", axum::routing::post(take));
    let router = routes.with_state(heard.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

/// Software takes a webhook for the news that money has moved: what failed is not told by one.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_told_of_success_and_of_nothing_else() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        earn(&app, &wallet, 5_000).await;
        let (url, heard) = ear().await;
        let fates = [Fate::Fails(FailureReason::NoRoute), Fate::Succeeds(0)];
        for fate in fates {
            let bolt11 = app.node.foreign(Foreign {
                fate,
                ..Foreign::default()
            });
            let pay = json!({"out": true, "bolt11": bolt11, "webhook": url});
            wallet.post("/payments", pay).await;
        }
        // The order of an address is kept: what failed first would have been told first.
        let told = until(async || {
            let heard = heard.lock().unwrap();
            (!heard.is_empty()).then(|| heard.clone())
        })
        .await;
        let told: Vec<&Value> = told.iter().map(|body| &body["status"]).collect();
        assert_eq!(told, ["success"]);
    }
}

/// Whoever has no key is told of wallets' payments whether they are paid. The house's are nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_nothing_is_told_of_the_house() {
    use till::invoice::Description;
    use till::ledger::{Origin, WalletRef};
    use till::money::Msat;
    let app = TestApp::lnbits(Dialect::V1).await;
    let wallet = app.wallet("shop").await;
    let wanted = till_actors::service::NewInvoice {
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: Msat::new(21_000),
        description: Description::Text("tea".into()),
        external_id: None,
        webhook_url: None,
        expiry_secs: None,
        hold: None,
        meta: till::meta::Meta::default(),
        idempotency: None,
    };
    let sold = app.service.create_invoice(wanted).await.unwrap();
    let (_, own) = wallet
        .post("/payments", json!({"out": false, "amount": 1}))
        .await;
    let own = own["payment_hash"].as_str().unwrap().to_owned();
    for (hash, expected) in [(own, 200), (sold.hash.to_string(), 404)] {
        let path = format!("/payments/{hash}");
        let (status, answer) = wallet.call(Method::GET, &path, None, None).await;
        assert_eq!(status, expected, "{answer}");
    }
}

/// An account stays for good, so one address makes few at once.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_accounts_without_end() {
    let few = std::num::NonZeroU32::MIN.saturating_add(1);
    let app = TestApp::lnbits_as(Dialect::V1, |_| (), |to| to.new_accounts = few).await;
    let caller = app.caller("x");
    let make = async |path| {
        let body = json!({"name": "x", "username": "ana", "password": support::app::PASSWORD});
        caller.call(Method::POST, path, &body).await
    };
    assert_eq!(make("/account").await.0, 200);
    assert_eq!(make("/auth/register").await.0, 200);
    for path in ["/account", "/auth/register"] {
        let (status, answer) = make(path).await;
        let detail = json!("Too many requests, try again later.");
        assert_eq!((status, &answer["detail"]), (429, &detail), "{path}");
    }
}

/// Whoever may rename a wallet need not see what is paid in it, on no route.
#[tokio::test(flavor = "multi_thread")]
async fn a_share_shows_no_payment_to_who_may_not_view_them() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (ana, ben) = (app.holder("ana").await, app.holder("ben").await);
    let shop = ana.wallet_named("LNbits wallet").await;
    let (_, made) = shop
        .post(
            "/payments",
            json!({"out": false, "amount": 5, "memo": "secret"}),
        )
        .await;
    let hash = made["payment_hash"].as_str().unwrap().to_owned();
    let invite = json!({"user_id": ben.id, "permissions": ["MANAGE"]});
    let key = Some(shop.adminkey.as_str());
    let invited = shop
        .call(Method::PUT, "/wallet/share/invite", key, Some(&invite))
        .await;
    let accept = json!({"share_request_id": invited.1["id"]});
    let (status, answer) = ben.call(Method::PUT, "/wallet/share", &accept).await;
    assert_eq!(status, 200, "{answer}");
    let (_, list) = ben.get("/wallets").await;
    let shared = list.as_array().unwrap().iter();
    let shared = shared.clone().find(|one| one["id"] == shop.id.as_str());
    let key = shared.unwrap()["adminkey"].as_str().unwrap().to_owned();
    let change = json!({"payment_hash": hash, "extra": {}});
    let asked = [
        (Method::PATCH, "/payments/extra".to_owned(), Some(&change)),
        (Method::GET, format!("/payments/{hash}"), None),
        (Method::GET, "/payments".to_owned(), None),
    ];
    for (method, path, body) in asked {
        let (status, answer) = shop.call(method, &path, Some(&key), body).await;
        assert_eq!(status, 403, "{path}: {answer}");
        assert!(!answer.to_string().contains("secret"), "{path}: {answer}");
    }
    let (status, _) = shop
        .call(Method::PUT, "/wallet/renamed", Some(&key), None)
        .await;
    assert_eq!(status, 200);
}

/// Anybody may have a card pay, and the card's server may never answer: others are served all the same. Nor
/// do those with keys fill the till with calls that wait.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_hang_take_nobody_else_s_place() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let wallet = app.wallet("shop").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let card = format!("lnurlw://{}/w", listener.local_addr().unwrap());
    let came = Arc::new(Mutex::new(0));
    let seen = came.clone();
    let hang = axum::routing::get(async move || {
        *seen.lock().unwrap() += 1;
        std::future::pending::<()>().await;
    });
    let router = axum::Router::new().route("/w", hang);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (_, made) = wallet
        .post("/payments", json!({"out": false, "amount": 21}))
        .await;
    let path = format!(
        "/payments/{}/pay-with-nfc",
        made["bolt11"].as_str().unwrap()
    );
    let tap = || {
        let (wallet, path, body) = (wallet.clone(), path.clone(), json!({"lnurl_w": card}));
        async move { wallet.call(Method::POST, &path, None, Some(&body)).await }
    };
    let mut waiting: Vec<_> = (0..32).map(|_| tokio::spawn(tap())).collect();
    until(async || (*came.lock().unwrap() == 32).then_some(())).await;
    let (status, answer) = tap().await;
    assert_eq!(status, 503, "{answer}");
    let code = card
        .replace("lnurlw://", "http%3A%2F%2F")
        .replace('/', "%2F");
    let scan = || {
        let (wallet, path) = (wallet.clone(), format!("/lnurlscan/{code}"));
        async move { wallet.get(&path).await }
    };
    waiting.extend((0..32).map(|_| tokio::spawn(scan())));
    until(async || (*came.lock().unwrap() == 64).then_some(())).await;
    assert_eq!(scan().await.0, 503);
    let callback = code.replace("%3A", ":").replace("%2F", "/");
    for (path, body) in [
        ("/payments/lnurl", json!({"lnurl": callback, "amount": 1})),
        (
            "/payments",
            json!({"out": false, "amount": 1, "lnurl_callback": callback}),
        ),
    ] {
        let (status, answer) = wallet.post(path, body).await;
        assert_eq!(status, 503, "{path}: {answer}");
    }
    assert_eq!(wallet.get("/wallet").await.0, 200);
    let (_, rows) = wallet.get("/payments").await;
    let made = rows.as_array().map(Vec::len);
    assert_eq!(made, Some(1), "nothing was made without a place");
    for one in waiting {
        one.abort();
    }
}
