//! `POST /wallet/export`: the file, its range, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::TestApp;
use support::caller::Caller;
use support::fake_node::{Fate, Foreign, payment_hash};
use till::payment::FailureReason;

const HEADER: &str = "date,id,type,amount_msat,fee_credit_msat,mining_fee_sat,service_fee_msat,\
                      payment_hash,tx_id";

/// The file's lines but for the first, in columns.
async fn rows(admin: &Caller, range: Value) -> Vec<Vec<String>> {
    let request = admin.request(Method::POST, "/wallet/export").json(&range);
    let answer = admin.send(request).await;
    assert_eq!(answer.status(), 200, "{range}");
    let file = answer.text().await.unwrap();
    let mut lines = file.lines();
    assert_eq!(lines.next(), Some(HEADER));
    let columns = |line: &str| line.split(',').map(str::to_owned).collect();
    lines.map(columns).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_s_business_is_exported_as_documented() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    assert!(rows(&admin, json!({})).await.is_empty());
    app.earn(&admin, 50_000).await;
    let pay = async |fate| {
        let bolt11 = app.node.foreign(Foreign {
            fate,
            ..Foreign::default()
        });
        let (_, paid) = admin
            .post("/wallet/payinvoice", json!({ "invoice": bolt11 }))
            .await;
        (payment_hash(&bolt11).to_string(), paid["paymentId"].clone())
    };
    let (hash, id) = pay(Fate::Succeeds(1_500)).await;
    pay(Fate::Fails(FailureReason::NoRoute)).await;

    let request = admin
        .request(Method::POST, "/wallet/export")
        .json(&json!({"from": "2024-01-01", "to": "2099-12-31"}));
    let answer = admin.send(request).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"wallet_from_2024-01-01_to_2099-12-31.csv\""
    );
    let rows = rows(&admin, json!({})).await;
    assert_eq!(rows.len(), 2, "what failed moved nothing: {rows:?}");
    assert_eq!(
        rows[0][2..7],
        ["lightning_received", "50000000", "0", "0", "0"]
    );
    assert_eq!(rows[0][7].len(), 64);
    assert_eq!(rows[1][1], id);
    assert_eq!(
        rows[1][2..7],
        ["lightning_sent", "-1001500", "0", "0", "1500"]
    );
    assert_eq!(rows[1][7..], [hash, String::new()]);
    let (date, ends) = (&rows[0][0], rows[0][0].ends_with('Z'));
    assert!(
        date.len() == "2024-01-01T00:00:00.000Z".len() && ends,
        "{date}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_taken_as_days_moments_or_milliseconds() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for sale in 1..=3 {
        app.earn(&admin, sale).await;
    }
    let all = rows(&admin, json!({})).await;
    let (first, second, last) = (&all[0][0], &all[1][0], &all[2][0]);
    let today = &last[.."2024-01-01".len()];
    let cases = [
        (json!({"from": &first[..10], "to": today}), 3),
        (json!({"from": null, "to": null}), 3),
        (json!({"from": first, "to": last}), 3),
        (json!({"from": second}), 2),
        (json!({"to": second}), 2),
        (json!({"from": second, "to": second}), 1),
        (json!({"from": 0, "to": 4_102_444_800_000_u64}), 3),
        (json!({"from": "0", "to": 1}), 0),
        (json!({"to": "2020-12-31"}), 0),
        (json!({"from": "2099-01-01"}), 0),
    ];
    for (range, count) in cases {
        assert_eq!(rows(&admin, range.clone()).await.len(), count, "{range}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_ranges_are_refused_in_words() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let cases = [
        json!({"from": "yesterday"}),
        json!({"from": "2023-02-29"}),
        json!({"to": "31.12.2024"}),
        json!({"to": ""}),
        json!({"from": -1}),
        json!({"from": 1.5}),
        json!({"from": true}),
        json!({"from": ["2024-01-01"]}),
        json!({"from": "2024-12-31", "to": "2024-12-30"}),
        json!({"from": 2, "to": 1}),
        json!([]),
    ];
    for range in cases {
        let (status, answer) = admin.post("/wallet/export", range.clone()).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("invalid_request")),
            "{range}: {answer}"
        );
        assert!(answer["message"].as_str().unwrap().len() > 10, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_books_along_is_in_the_access_log_first() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    app.earn(&admin, 5_000).await;
    let log = async || admin.get("/wallet/auditlog").await.1;
    for refused in [json!({"from": "yesterday"}), json!({"from": 2, "to": 1})] {
        assert_eq!(admin.post("/wallet/export", refused).await.0, 400);
    }
    let cashier = app.cashier().await;
    assert_eq!(cashier.post("/wallet/export", json!({})).await.0, 403);
    let exports = |lines: Value| {
        let lines = lines.as_array().unwrap().clone().into_iter();
        let exports = lines.filter(|line| line["action"] == "export");
        exports.collect::<Vec<_>>()
    };
    assert_eq!(exports(log().await), [] as [Value; 0], "nothing was taken");

    let (_, me) = admin.get("/users/me").await;
    let mut told = Vec::new();
    for (range, detail) in [
        (json!({}), "from the beginning to now"),
        (json!({"from": 5, "to": 1_000}), "from 5 to 1000"),
    ] {
        let request = admin.request(Method::POST, "/wallet/export").json(&range);
        let answer = admin.send(request).await;
        assert_eq!(answer.status(), 200);
        // The body has not been asked for yet.
        let newest = exports(log().await).remove(0);
        assert_eq!(newest["userId"], me["userId"], "{newest}");
        assert_eq!(newest["detail"], detail, "{newest}");
        told.insert(0, newest);
        drop(answer);
    }
    assert_eq!(exports(log().await), told, "one line each");
}
