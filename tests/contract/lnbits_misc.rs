//! What needs no wallet on the LNbits surface: health, codes, other origins, slashes, wrong turns.

use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use support::app::TestApp;
use tilld::lnbits::Dialect;

async fn ask(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let http = reqwest::Client::builder().no_proxy();
    let http = http.redirect(Policy::none()).build().unwrap();
    let mut request = http.request(method, format!("{}/api/v1{path}", app.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_no_key() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let answer = ask(&app, Method::GET, "/health", &[]).await;
    let health: Value = answer.json().await.unwrap();
    assert!(health["server_time"].as_u64().unwrap() > 1_700_000_000);
    let up_time = health["up_time"].as_str().unwrap();
    assert_eq!(up_time.len(), "00:00:00".len(), "{up_time}");
    // What version it is, only who has logged in is told.
    let answer = ask(&app, Method::GET, "/status", &[]).await;
    assert_eq!(answer.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_a_picture() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let answer = ask(&app, Method::GET, "/qrcode/lightning:lnbc1", &[]).await;
    assert_eq!(header(&answer, "content-type"), "image/svg+xml");
    let picture = answer.text().await.unwrap();
    assert!(picture.contains("<svg") && picture.contains("<path"));
    let long = format!("/qrcode/{}", "x".repeat(3_000));
    let answer = ask(&app, Method::GET, &long, &[]).await;
    assert_eq!(answer.status(), 400);
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["detail"], "Too much for a QR code.");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_origins_may_call_but_not_with_cookies() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let preflight = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-api-key,authorization"),
    ];
    let answer = ask(&app, Method::OPTIONS, "/payments", &preflight).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    let allowed = header(&answer, "access-control-allow-headers");
    assert_eq!(allowed, "x-api-key,authorization");
    // Errors are readable there too.
    let origin = [("origin", "https://shop.example")];
    for path in ["/wallet", "/nope", "/wallet/"] {
        let answer = ask(&app, Method::GET, path, &origin).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        assert_eq!(header(&answer, "access-control-allow-credentials"), "");
    }
    // The owner's own surface is for no other origin.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let health = http.get(format!("{}/api/health", app.url));
    let answer = health.header("origin", "https://shop.example").send().await;
    assert_eq!(header(&answer.unwrap(), "access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_is_sent_away_and_takes_no_key_along() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    let answer = ask(&app, Method::GET, "/wallet/?x=1", &[]).await;
    assert_eq!(answer.status(), 307);
    assert_eq!(header(&answer, "location"), "/api/v1/wallet?x=1");
    let keyed = format!("/wallet/?api-key={}", shop.inkey);
    let answer = ask(&app, Method::GET, &keyed, &[]).await;
    assert_eq!(answer.status(), 200);
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(seen["name"], "shop");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_turns_end_in_the_envelope() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let turns = [
        (Method::GET, "/nope", 404, "Not Found"),
        (Method::PATCH, "/health", 405, "Method Not Allowed"),
    ];
    for (method, path, status, detail) in turns {
        let answer = ask(&app, method, path, &[]).await;
        assert_eq!(answer.status(), status, "{path}");
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told, json!({"detail": detail}));
    }
}
