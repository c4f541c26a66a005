//! L402: challenges, verdicts and paying; a paywall that sells by them, and software that others wrote for
//! such paywalls where `.ci/run` has installed it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::Fate;
use support::invoices::Foreign;
use support::lnbot::Bot;
use till::invoice::Invoice;
use till::payment::FailureReason;
use tokio::process::Command;

#[path = "../examples/paywall.rs"]
mod paywall;

use paywall::{Paywall, paywalled};

const CHALLENGES: &str = "/wallets/current/l402/challenges";
const VERIFY: &str = "/wallets/current/l402/verify";
const PAY: &str = "/wallets/current/l402/pay";
const PRICE_SAT: u64 = 100;
const FIRST_MONEY_SAT: u64 = 1_000;
/// The folder in which `.ci/run` has installed the clients.
const INSTALLED: &str = "CLIENTS_DIR";
/// No client takes longer.
const LIMIT: Duration = Duration::from_secs(60);

async fn challenge(bot: &Bot, body: Value) -> Value {
    let (status, made) = bot.post(CHALLENGES, body).await;
    assert_eq!(status, 200, "{made}");
    made
}

async fn has(bot: &Bot, balance_sat: u64) {
    let balance = async || bot.get("/wallets/current").await.1["balance"].as_u64();
    until(async || (balance().await == Some(balance_sat)).then_some(())).await;
}

/// A wallet with money.
async fn buyer(app: &TestApp) -> Bot {
    let (bot, _) = app.bot_wallet().await;
    let made = challenge(&bot, json!({"amount": FIRST_MONEY_SAT})).await;
    let bolt11 = made["invoice"].as_str().unwrap();
    app.node.customer_pays(bolt11, FIRST_MONEY_SAT * 1_000);
    has(&bot, FIRST_MONEY_SAT).await;
    bot
}

fn header(made: &Value) -> Value {
    json!({"wwwAuthenticate": made["wwwAuthenticate"]})
}

async fn verdict(bot: &Bot, token: &str) -> Value {
    let (status, verdict) = bot.post(VERIFY, json!({"authorization": token})).await;
    assert_eq!(status, 200, "{verdict}");
    verdict
}

/// The preimage of an invoice of ours, from the ledger.
async fn preimage(app: &TestApp, made: &Value) -> String {
    let hash = made["paymentHash"].as_str().unwrap().parse().unwrap();
    let invoice: Invoice = app.service.invoice(hash).await.unwrap().unwrap();
    hex::encode(invoice.preimage.unwrap().reveal())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_by_a_challenge_is_paid_and_shown() {
    let app = TestApp::lnbot().await;
    let (seller, account) = app.bot_wallet().await;
    let buyer = buyer(&app).await;
    let wanted = json!({
        "amount": PRICE_SAT, "description": "API access", "expirySeconds": 7_200,
        "caveats": ["tier=gold", "service=weather:0"],
    });
    let made = challenge(&seller, wanted).await;
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    let (macaroon, invoice) = (text("macaroon"), text("invoice"));
    let expected = format!("L402 macaroon=\"{macaroon}\", invoice=\"{invoice}\"");
    assert_eq!(text("wwwAuthenticate"), expected);
    let decoded = app.service.decode(&invoice).unwrap();
    assert_eq!(decoded.hash.to_string(), text("paymentHash"));
    assert_eq!(
        decoded.amount.map(|msat| msat.get()),
        Some(PRICE_SAT * 1_000)
    );
    assert!(decoded.expires_at.as_millis() <= app.service.now().plus_secs(3_601).as_millis());
    let bytes = BASE64.decode(&macaroon).unwrap();
    assert_eq!(bytes.first(), Some(&2), "the second version");
    let identifier = [&[0_u8, 0], decoded.hash.as_bytes().as_slice()].concat();
    assert!(bytes.windows(34).any(|part| part == identifier));
    assert!(
        text("expiresAt").ends_with(".000Z"),
        "a caveat has whole seconds"
    );

    let (status, paid) = buyer.post(PAY, header(&made)).await;
    assert_eq!(status, 200, "{paid}");
    let proof = paid["preimage"].as_str().unwrap();
    assert_eq!(
        paid,
        json!({
            "authorization": format!("L402 {macaroon}:{proof}"), "paymentHash": made["paymentHash"],
            "preimage": proof, "amount": PRICE_SAT, "fee": 0, "paymentNumber": 1, "status": "settled",
        })
    );
    has(&seller, PRICE_SAT).await;
    has(&buyer, FIRST_MONEY_SAT - PRICE_SAT).await;

    let token = paid["authorization"].as_str().unwrap();
    let good = verdict(&seller, token).await;
    let caveats = good["caveats"].as_array().unwrap();
    assert!(caveats[0].as_str().unwrap().starts_with("expiry="));
    assert_eq!(
        caveats[1..],
        [json!("tier=gold"), json!("service=weather:0")]
    );
    assert_eq!(
        good,
        json!({"valid": true, "paymentHash": made["paymentHash"], "caveats": caveats, "error": null})
    );
    let (_, me) = seller.get("/me").await;
    let by_id = format!("/wallets/{}/l402/verify", me["walletId"].as_str().unwrap());
    let body = json!({"authorization": token.replace("L402", "lsat")});
    assert_eq!(account.primary.post(&by_id, body).await, (200, good));
    let (status, again) = buyer.post(PAY, header(&made)).await;
    assert_eq!(status, 409, "{again}");
    let other = self::buyer(&app).await;
    assert_eq!(other.post(PAY, header(&made)).await.0, 409, "by anybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_good_is_told_apart_from_garbage() {
    let app = TestApp::lnbot().await;
    let (seller, _) = app.bot_wallet().await;
    let (stranger, _) = app.bot_wallet().await;
    let made = challenge(&seller, json!({"amount": 1, "caveats": []})).await;
    let macaroon = made["macaroon"].as_str().unwrap();
    let right = preimage(&app, &made).await;
    let good = format!("L402 {macaroon}:{right}");
    assert_eq!(verdict(&seller, &good).await["valid"], true);

    let foreign = verdict(&stranger, &good).await;
    assert_eq!(
        (&foreign["valid"], &foreign["paymentHash"]),
        (&json!(false), &Value::Null)
    );
    assert!(foreign["error"].is_string() && foreign["caveats"].is_null());
    let unpaid = verdict(&seller, &format!("L402 {macaroon}:{}", "00".repeat(32))).await;
    assert_eq!(
        (&unpaid["valid"], &unpaid["paymentHash"]),
        (&json!(false), &made["paymentHash"])
    );
    assert!(unpaid["error"].is_string());
    let mut bytes = BASE64.decode(macaroon).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = format!("L402 {}:{right}", BASE64.encode(bytes));
    assert_eq!(verdict(&seller, &forged).await["valid"], false);

    let brief = challenge(&seller, json!({"amount": 1, "expirySeconds": 1})).await;
    let right = preimage(&app, &brief).await;
    let token = format!("L402 {}:{right}", brief["macaroon"].as_str().unwrap());
    let ends = async || {
        let verdict = verdict(&seller, &token).await;
        (verdict["valid"] == false).then_some(verdict)
    };
    let over = until(ends).await;
    assert_eq!(over["error"], "The token has expired.");
    assert_eq!(over["paymentHash"], brief["paymentHash"]);

    for garbage in [
        "",
        "L402",
        "nonsense",
        "L402 a:b",
        &good[..20],
        &good.replace("L402", "Basic"),
    ] {
        let body = json!({"authorization": garbage});
        let (status, answer) = seller.post(VERIFY, body).await;
        assert_eq!(status, 400, "{garbage}: {answer}");
        assert!(answer["error"].is_string());
    }
    for body in [
        json!({}),
        json!({"authorization": 1}),
        json!({"authorization": null}),
    ] {
        assert_eq!(seller.post(VERIFY, body).await.0, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_has_limits() {
    let app = TestApp::lnbot().await;
    let (bot, account) = app.bot_wallet().await;
    let long = "x".repeat(257);
    let many: Vec<String> = (0..21).map(|n| format!("k{n}=v")).collect();
    let caveat = format!("k={}", "x".repeat(255));
    for body in [
        json!({}),
        json!({"amount": 0}),
        json!({"amount": -1}),
        json!({"amount": 1_000_000_001_u64}),
        json!({"amount": "1"}),
        json!({"amount": 1.5}),
        json!({"amount": 1, "description": long}),
        json!({"amount": 1, "description": 7}),
        json!({"amount": 1, "expirySeconds": 0}),
        json!({"amount": 1, "expirySeconds": -1}),
        json!({"amount": 1, "expirySeconds": 31_536_001}),
        json!({"amount": 1, "caveats": many}),
        json!({"amount": 1, "caveats": [caveat]}),
        json!({"amount": 1, "caveats": ["no value"]}),
        json!({"amount": 1, "caveats": ["=v"]}),
        json!({"amount": 1, "caveats": ["expiry=soon"]}),
        json!({"amount": 1, "caveats": "k=v"}),
    ] {
        let (status, answer) = bot.post(CHALLENGES, body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer["error"].is_string());
    }
    let most = json!({
        "amount": 1, "description": &long[..256], "expirySeconds": 31_536_000,
        "caveats": many[..20],
    });
    challenge(&bot, most).await;
    let nulls = json!({"amount": 1, "description": null, "expirySeconds": null, "caveats": null});
    let made = challenge(&bot, nulls).await;

    let with = |name: &str, value: Value| {
        let mut body = header(&made);
        body[name] = value;
        body
    };
    for body in [
        json!({}),
        json!({"wwwAuthenticate": ""}),
        json!({"wwwAuthenticate": "L402 mac:inv"}),
        json!({"wwwAuthenticate": "L402 macaroon=\"a\", invoice=\"lnbc1nonsense\""}),
        json!({"wwwAuthenticate": "Basic realm=\"x\""}),
        with("maxFee", json!(-1)),
        with("maxFee", json!(u64::MAX)),
        with("reference", json!(long)),
        with("timeout", json!(0)),
        with("timeout", json!(121)),
        with("wait", json!("yes")),
        // There is no money.
        header(&made),
    ] {
        let (status, answer) = bot.post(PAY, body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }

    let (_, stranger) = account.new_wallet().await;
    let (_, me) = bot.get("/me").await;
    let id = me["walletId"].as_str().unwrap();
    for route in ["challenges", "verify", "pay"] {
        let path = format!("/wallets/{id}/l402/{route}");
        assert_eq!(stranger.post(&path, json!({"amount": 1})).await.0, 404);
        assert_eq!(app.bot().post(&path, json!({"amount": 1})).await.0, 401);
        assert_eq!(account.primary.post(&path, json!({})).await.0, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_sell_is_paid_fails_or_is_under_way() {
    let app = TestApp::lnbot().await;
    let buyer = buyer(&app).await;
    let asks = |fate| {
        let amount_msat = Some(PRICE_SAT * 1_000);
        let invoice = app.node.foreign(Foreign {
            amount_msat,
            fate,
            ..Foreign::default()
        });
        format!("LSAT token=from-another-server, version=0, invoice={invoice}")
    };
    let order = |header: &str| json!({"wwwAuthenticate": header, "maxFee": 5, "reference": "job-7", "timeout": 30});
    let (status, paid) = buyer.post(PAY, order(&asks(Fate::Succeeds(1_500)))).await;
    assert_eq!((status, &paid["fee"]), (200, &json!(2)), "{paid}");
    let token = format!(
        "L402 from-another-server:{}",
        paid["preimage"].as_str().unwrap()
    );
    assert_eq!(paid["authorization"], token);

    let reason = FailureReason::NoRoute;
    let (status, failed) = buyer.post(PAY, order(&asks(Fate::Fails(reason)))).await;
    assert_eq!(
        (status, &failed["status"]),
        (200, &json!("failed")),
        "{failed}"
    );
    assert_eq!(
        (&failed["amount"], &failed["paymentNumber"]),
        (&json!(PRICE_SAT), &json!(2))
    );
    assert!(failed["authorization"].is_null() && failed["preimage"].is_null());

    let mut body = order(&asks(Fate::Silence));
    body["wait"] = json!(false);
    let (status, begun) = buyer.post(PAY, body.clone()).await;
    assert_eq!(
        (status, &begun["status"]),
        (200, &json!("processing")),
        "{begun}"
    );
    for unknown in ["authorization", "preimage", "fee"] {
        assert!(begun[unknown].is_null(), "{begun}");
    }
    assert_eq!(buyer.post(PAY, body).await.0, 409, "it is in flight");
    // The same bounds as for every payment.
    for fee in [0, 1_000_000] {
        let mut body = order(&asks(Fate::Succeeds(0)));
        body["maxFee"] = json!(fee);
        let (status, answer) = buyer.post(PAY, body).await;
        assert_eq!(status, 400, "{fee}: {answer}");
        assert!(
            answer["error"].as_str().unwrap().contains("maxFee"),
            "{answer}"
        );
    }
    let open = app.node.foreign(Foreign {
        amount_msat: None,
        ..Foreign::default()
    });
    let body = json!({"wwwAuthenticate": format!("L402 macaroon=a, invoice={open}")});
    assert_eq!(buyer.post(PAY, body).await.0, 400, "how much, nobody says");
    let old = app.node.foreign(Foreign {
        age: Duration::from_secs(7_200),
        ..Foreign::default()
    });
    let body = json!({"wwwAuthenticate": format!("L402 macaroon=a, invoice={old}")});
    assert_eq!(buyer.post(PAY, body).await.0, 400, "it has expired");
}

/// A paywall before tea, paid to a new wallet.
async fn tea_house(app: &TestApp) -> (String, Bot) {
    let (seller, _) = app.bot_wallet().await;
    let paywall = Paywall {
        till: app.url.clone(),
        key: seller.key.clone(),
        price_sat: PRICE_SAT,
        good_for_secs: 600,
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let routes = Router::new()
        .route("/tea", get(async || "tea"))
        .route("/cake", get(async || "cake"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, paywalled(routes, paywall)).await });
    (url, seller)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paywall_lets_in_who_has_paid_for_that_very_thing() {
    let app = TestApp::lnbot().await;
    let buyer = buyer(&app).await;
    let (url, seller) = tea_house(&app).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let visit = async |path: &str, token: &str| {
        let request = http.get(format!("{url}{path}"));
        let request = request.header("authorization", token);
        request.send().await.unwrap()
    };
    let asked = visit("/tea", "Basic nonsense").await;
    assert_eq!(asked.status(), 402);
    let header = asked.headers()["www-authenticate"].to_str().unwrap();
    let (_, paid) = buyer.post(PAY, json!({"wwwAuthenticate": header})).await;
    let token = paid["authorization"].as_str().unwrap();
    for _ in 0..2 {
        let answer = visit("/tea", token).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), "tea");
    }
    assert_eq!(visit("/cake", token).await.status(), 402, "that is more");
    has(&seller, PRICE_SAT).await;
}

/// Where `.ci/run` has installed something, if it has.
fn installed(file: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(INSTALLED) else {
        println!("not run: {INSTALLED} names no folder with clients, see .ci/run");
        return None;
    };
    Some(Path::new(&folder).join(file))
}

async fn buys(program: &Path, script: &str, modules: &Path) {
    let app = TestApp::lnbot().await;
    let buyer = buyer(&app).await;
    let (url, seller) = tea_house(&app).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let ran = Command::new(program)
        .arg(script)
        .env("TILL_AT", &app.url)
        .env("BUYER_KEY", &buyer.key)
        .env("PAYWALL", format!("{url}/tea"))
        .env("NODE_PATH", modules)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = tokio::time::timeout(LIMIT, ran).await;
    let output = ran.expect("the client comes to its end").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    has(&seller, PRICE_SAT).await;
    has(&buyer, FIRST_MONEY_SAT - PRICE_SAT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_buys() {
    if let Some(python) = installed("l402/python/bin/python") {
        buys(&python, "clients/l402/buy.py", Path::new("")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_client_buys() {
    if let Some(modules) = installed("l402/node_modules") {
        buys(Path::new("node"), "clients/l402/buy.js", &modules).await;
    }
}
