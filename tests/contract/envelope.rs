//! Bad input of every kind, everywhere: a 4xx in this surface's envelope, never a 5xx or a hang.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::TestApp;
use support::caller::{Caller, read};

const POSTS: [&str; 13] = [
    "/initial-setup",
    "/auth/login",
    "/auth/refresh",
    "/users",
    "/wallet/auth",
    "/wallet/password",
    "/wallet/invoice",
    "/wallet/createinvoice",
    "/wallet/payinvoice",
    "/wallet/decodeinvoice",
    "/wallet/channels",
    "/wallet/newaddress",
    "/auth/logout",
];

/// Routes that want no body do not look at one.
const BODILESS: [&str; 3] = ["/auth/refresh", "/wallet/newaddress", "/auth/logout"];

async fn refused(caller: &Caller, path: &str, body: Vec<u8>, kind: &str) -> (u16, Value) {
    let request = caller
        .request(Method::POST, path)
        .header("content-type", kind)
        .body(body);
    read(caller.send(request).await).await
}

fn assert_envelope(path: &str, answer: &Value) {
    let worded = answer["message"].is_string() || answer["error"] == "Could not decode invoice";
    assert!(worded, "{path}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_gets_more_than_a_4xx() {
    let app = TestApp::initialized().await;
    let caller = app.wallet_admin().await;
    let deep = "[".repeat(50_000).into_bytes();
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("no JSON", b"{\"amountSat\": ".to_vec()),
        ("an array", b"[]".to_vec()),
        ("a string", b"\"text\"".to_vec()),
        ("null", b"null".to_vec()),
        ("no UTF-8", vec![b'{', b'"', 0xff, 0xfe, b'"', b'}']),
        ("deep", deep),
        (
            "huge number",
            format!("{{\"amountSat\": 1{}}}", "0".repeat(400)).into_bytes(),
        ),
        (
            "NUL",
            b"{\"name\":\"\\u0000\",\"pin\":\"\\u0000\",\"invoice\":\"\\u0000\"}".to_vec(),
        ),
        (
            "numbers",
            br#"{"name":1,"pin":2,"invoice":3,"password":4,"nodeId":5,"amountSat":[]}"#.to_vec(),
        ),
    ];
    for path in POSTS.iter().filter(|path| !BODILESS.contains(path)) {
        for (what, body) in &bodies {
            let (status, answer) = refused(&caller, path, body.clone(), "application/json").await;
            // Every field of an invoice may be left out.
            let fine = path.ends_with("invoice") && status == 200;
            assert!(
                (400..500).contains(&status) || fine,
                "{path}, {what}: {status} {answer}"
            );
            if !fine {
                assert_envelope(path, &answer);
            }
        }
        let large = vec![b' '; 70 * 1024];
        let (status, answer) = refused(&caller, path, large, "application/json").await;
        assert!([413, 400].contains(&status), "{path}: {status} {answer}");
        let (status, answer) = refused(
            &caller,
            path,
            b"a=b".to_vec(),
            "application/x-www-form-urlencoded",
        )
        .await;
        assert!([415, 400].contains(&status), "{path}: {status} {answer}");
        assert_envelope(path, &answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods_answer_in_the_envelope() {
    let app = TestApp::initialized().await;
    let caller = app.wallet_admin().await;
    for path in [
        "/",
        "/wallet",
        "/wallet/",
        "/wallet/nothing",
        "/api/v2/wallet",
        "/%ff",
        "/..%2f",
    ] {
        let (status, answer) = caller.get(path).await;
        assert_eq!(status, 404, "{path}: {answer}");
        assert_envelope(path, &answer);
    }
    for (method, path) in [
        (Method::DELETE, "/wallet/getinfo"),
        (Method::GET, "/auth/login"),
    ] {
        let (status, answer) = read(caller.send(caller.request(method, path)).await).await;
        assert_eq!(status, 405, "{path}: {answer}");
        assert_envelope(path, &answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_is_503_with_retry_after() {
    let app = TestApp::initialized_with(|settings| settings.limits.max_in_flight = 1).await;
    // A slow request: argon2 takes its time, and there is one place.
    let caller = app.nobody();
    let login = || {
        let body = json!({"name": "admin", "pin": "0000"});
        caller.send(caller.request(Method::POST, "/auth/login").json(&body))
    };
    let answers = futures_util::future::join_all((0..20).map(|_| login())).await;
    let turned_away: Vec<_> = answers
        .into_iter()
        .filter(|answer| answer.status() == 503)
        .collect();
    assert!(!turned_away.is_empty());
    for answer in turned_away {
        assert!(answer.headers().contains_key("retry-after"));
        let (_, body) = read(answer).await;
        assert!(body["message"].is_string(), "{body}");
    }
    assert_eq!(
        caller.get("/healthz").await.0,
        200,
        "probes are answered all the same"
    );
}
