//! Bodies, queries and paths that do not fit: each answer says in LNbits' words what is wrong where, and
//! nothing of the parser's own text reaches a caller.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::TestApp;
use support::lnbits::Wallet;
use tilld::lnbits::Dialect;

/// What parsers say, and no answer does.
const PARSERS: [&str; 6] = [
    "line 1",
    "column",
    "missing field",
    "invalid type",
    ", expected",
    "deserialize",
];

/// A call, and what its answer has to name.
type Row = (Method, &'static str, Value, Value);

fn bodies() -> Vec<Row> {
    let row = |method, path, body, loc| (method, path, body, loc);
    vec![
        row(
            Method::POST,
            "/payments",
            json!({"out": "so"}),
            json!(["body", "out"]),
        ),
        row(
            Method::POST,
            "/payments",
            json!({"labels": [1]}),
            json!(["body", "labels", 0]),
        ),
        row(
            Method::POST,
            "/payments",
            json!({"labels": "a"}),
            json!(["body", "labels"]),
        ),
        row(Method::POST, "/payments", json!([]), json!(["body"])),
        row(
            Method::POST,
            "/payments/decode",
            json!({}),
            json!(["body", "data"]),
        ),
        row(
            Method::POST,
            "/payments/decode",
            json!({"data": 1}),
            json!(["body", "data"]),
        ),
        row(
            Method::POST,
            "/payments/cancel",
            json!({}),
            json!(["body", "payment_hash"]),
        ),
        row(
            Method::PUT,
            "/payments/00/labels",
            json!({}),
            json!(["body", "labels"]),
        ),
        row(
            Method::PATCH,
            "/payments/extra",
            json!({}),
            json!(["body", "payment_hash"]),
        ),
        row(
            Method::POST,
            "/payments/lnurl",
            json!({"res": 1}),
            json!(["body", "res"]),
        ),
        row(
            Method::POST,
            "/payments/lnurl",
            json!({"res": {}, "amount": 1}),
            json!(["body", "res", "callback"]),
        ),
        row(
            Method::POST,
            "/payments/00/pay-with-nfc",
            json!({}),
            json!(["body", "lnurl_w"]),
        ),
        row(
            Method::PUT,
            "/wallet",
            json!({"name": 1}),
            json!(["body", "name"]),
        ),
        row(
            Method::PUT,
            "/wallet",
            json!({"name": ""}),
            json!(["body", "name"]),
        ),
        row(
            Method::PUT,
            "/wallet",
            json!({"currency": "ZZZ"}),
            json!(["body", "currency"]),
        ),
        row(
            Method::PUT,
            "/wallet/share/invite",
            json!({}),
            json!(["body", "user_id"]),
        ),
        row(
            Method::POST,
            "/auth",
            json!({}),
            json!(["body", "username"]),
        ),
        row(
            Method::POST,
            "/auth",
            json!({"username": "a", "password": 5}),
            json!(["body", "password"]),
        ),
        row(
            Method::POST,
            "/auth/register",
            json!({"username": "!", "password": "long enough"}),
            json!(["body", "username"]),
        ),
        row(
            Method::POST,
            "/account",
            json!({"name": {}}),
            json!(["body", "name"]),
        ),
    ]
}

fn is_clean(answer: &Value, what: &str) {
    let text = answer.to_string();
    let said = PARSERS.iter().find(|words| text.contains(**words));
    assert_eq!(said, None, "{what}: {text}");
}

async fn answers(dialect: Dialect, refused: u16) {
    let app = TestApp::lnbits(dialect).await;
    let wallet = app.wallet("shop").await;
    let key = Some(wallet.adminkey.as_str());
    for (method, path, body, loc) in bodies() {
        let (status, answer) = wallet.call(method.clone(), path, key, Some(&body)).await;
        let what = format!("{method} {path} {body}");
        assert_eq!(status, refused, "{what}: {answer}");
        assert_eq!(answer["detail"][0]["loc"], loc, "{what}: {answer}");
        for field in ["msg", "type"] {
            let text = answer["detail"][0][field].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{what}: {answer}");
        }
        is_clean(&answer, &what);
    }
    let ana = app.holder("ana").await;
    let (status, answer) = ana.get("/wallet/paginated?offset=0&limit=many").await;
    assert_eq!(status, refused, "{answer}");
    assert_eq!(answer["detail"][0]["loc"], json!(["query", "limit"]));
    is_clean(&answer, "a query");
    broken(&app, &wallet, refused).await;
}

/// What is no JSON, no text and nothing that is known.
async fn broken(app: &TestApp, wallet: &Wallet, refused: u16) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for text in ["{", "[1,", "{} x", "\u{1}", "nonsense"] {
        let url = format!("{}/api/v1/payments", app.url);
        let request = http.post(url).header("x-api-key", &wallet.adminkey);
        let answer = request.body(text).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), refused, "{text}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(
            answer["detail"][0]["type"], "json_invalid",
            "{text}: {answer}"
        );
        is_clean(&answer, text);
    }
    for path in ["/payments/%ff", "/lnurlscan/%80", "/wallet/%C3", "/ws/%fe"] {
        let (status, answer) = wallet.get(path).await;
        assert_eq!(
            (status, &answer["detail"]),
            (404, &json!("Not Found")),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_told_in_lnbits_words_as_documented() {
    answers(Dialect::Documented, 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_told_in_lnbits_words_in_v1() {
    answers(Dialect::V1, 400).await;
}

/// LNbits' validator turns a word into a truth and a number into a text, and clients rely on it.
#[tokio::test(flavor = "multi_thread")]
async fn values_in_other_clothes_are_read() {
    for dialect in [Dialect::Documented, Dialect::V1] {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        for out in [json!(false), json!("false"), json!(0), json!("No")] {
            let body = json!({"out": out, "amount": "7", "memo": 1_234, "expiry": "60",
                "external_id": 17, "hold": "off"});
            let (status, made) = wallet.post("/payments", body).await;
            assert_eq!(status, 201, "{out}: {made}");
            let told = (&made["memo"], &made["external_id"], &made["amount_msat"]);
            assert_eq!(told, (&json!("1234"), &json!("17"), &json!(7_000)));
            let hash = made["payment_hash"].as_str().unwrap().parse().unwrap();
            let invoice = app.service.invoice(hash).await.unwrap().unwrap();
            assert!(invoice.expires_at <= invoice.created_at.plus_secs(60));
            let decode = json!({"data": made["bolt11"], "filter_fields": null});
            assert_eq!(wallet.post("/payments/decode", decode).await.0, 200);
        }
        for (field, value) in [
            ("out", json!(2)),
            ("hold", json!("perhaps")),
            ("memo", json!([])),
            ("expiry", json!(1.5)),
            ("expiry", json!(true)),
        ] {
            let mut body = json!({"out": false, "amount": 7});
            body[field] = value;
            let (status, answer) = wallet.post("/payments", body.clone()).await;
            assert!([400, 422].contains(&status), "{body}: {answer}");
            let loc = &answer["detail"][0]["loc"];
            assert_eq!(loc, &json!(["body", field]), "{body}: {answer}");
        }
    }
}
