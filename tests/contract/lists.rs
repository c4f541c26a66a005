//! Lists and single payments: fields, filters, pages.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::caller::Caller;
use support::fake_node::{Fate, Foreign, payment_hash};
use till::payment::FailureReason;

#[tokio::test(flavor = "multi_thread")]
async fn incoming_payments_are_listed_newest_first() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for sale in 1..=5u64 {
        app.earn(&admin, sale).await;
    }
    let unpaid = json!({"amountSat": 9, "externalId": "table 7", "description": "soup"});
    let (_, made) = admin.post("/wallet/createinvoice", unpaid).await;

    let list = async |query: &str| {
        admin
            .get(&format!("/wallet/payments/incoming{query}"))
            .await
    };
    let amounts = async |query: &str| -> Vec<u64> {
        let (status, rows) = list(query).await;
        assert_eq!(status, 200, "{query}: {rows}");
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["amountSat"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(amounts("").await, [5, 4, 3, 2, 1]);
    assert_eq!(amounts("?all=true").await, [9, 5, 4, 3, 2, 1]);
    assert_eq!(amounts("?limit=2&offset=1").await, [4, 3]);
    assert_eq!(amounts("?offset=100").await, [0u64; 0]);
    assert_eq!(amounts("?externalId=table%207&all=true").await, [9]);
    assert_eq!(amounts("?externalId=table%207").await, [0u64; 0]);
    assert_eq!(amounts("?externalId=nothing").await, [0u64; 0]);
    let (_, rows) = list("").await;
    let times: Vec<u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["createdAt"].as_u64().unwrap())
        .collect();
    assert_eq!(
        amounts(&format!("?from={}&to={}", times[3], times[1])).await,
        [4, 3, 2]
    );
    assert_eq!(amounts(&format!("?from={}", times[0] + 1)).await, [0u64; 0]);

    let hash = made["paymentHash"].as_str().unwrap();
    let (_, row) = admin
        .get(&format!("/wallet/payments/incoming/{hash}"))
        .await;
    for (field, value) in [
        ("paymentHash", json!(hash)),
        ("amountSat", json!(9)),
        ("receivedSat", json!(0)),
        ("description", json!("soup")),
        ("externalId", json!("table 7")),
        ("completedAt", Value::Null),
        ("status", json!("PENDING")),
        ("isPaid", json!(false)),
        ("isExpired", json!(false)),
        ("requestedSat", json!(9)),
        ("preimage", Value::Null),
        ("payerNote", Value::Null),
        ("fees", json!(0)),
        ("invoice", made["serialized"].clone()),
        ("type", json!("incoming_payment")),
        ("subType", json!("lightning")),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    assert!(row["createdAt"].is_u64() && row["expiresAt"].is_u64());
    let paid = &rows[0];
    assert_eq!(
        (&paid["status"], &paid["receivedSat"]),
        (&json!("RECEIVED"), &json!(5))
    );
    assert_eq!(paid["preimage"].as_str().unwrap().len(), 64);
    assert!(paid["completedAt"].as_u64() >= paid["createdAt"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn outgoing_payments_are_listed_newest_first() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    app.earn(&admin, 900_000).await;
    let failing = Fate::Fails(FailureReason::NoRoute);
    let mut hashes = Vec::new();
    for (sat, fate) in [
        (1, Fate::Succeeds(1_500)),
        (2, failing),
        (3, Fate::Succeeds(0)),
    ] {
        let foreign = Foreign {
            amount_msat: Some(sat * 1_000),
            fate,
            ..Foreign::default()
        };
        let bolt11 = app.node.foreign(foreign);
        admin
            .post("/wallet/payinvoice", json!({"invoice": bolt11}))
            .await;
        hashes.push((payment_hash(&bolt11), bolt11));
    }
    let amounts = async |query: &str| -> Vec<u64> {
        let (status, rows) = admin
            .get(&format!("/wallet/payments/outgoing{query}"))
            .await;
        assert_eq!(status, 200, "{query}: {rows}");
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["amountSat"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(amounts("").await, [3, 1]);
    assert_eq!(amounts("?all=true").await, [3, 2, 1]);
    assert_eq!(amounts("?all=true&limit=1&offset=1").await, [2]);
    assert_eq!(amounts("?to=1").await, [0u64; 0]);

    let (_, sent) = admin
        .get(&format!("/wallet/payments/outgoingbyhash/{}", hashes[0].0))
        .await;
    for (field, value) in [
        ("paymentHash", json!(hashes[0].0.to_string())),
        ("amountSat", json!(1)),
        ("fees", json!(1_500)),
        ("routingFeeSat", json!(1)),
        ("isPaid", json!(true)),
        ("status", json!("SUCCEEDED")),
        ("failureReason", Value::Null),
        ("txId", Value::Null),
        ("invoice", json!(hashes[0].1)),
        ("type", json!("outgoing_payment")),
        ("subType", json!("lightning")),
        ("description", json!("goods")),
    ] {
        assert_eq!(sent[field], value, "{field}");
    }
    assert!(sent["sent"].is_u64() && sent["createdAt"].is_u64() && sent["completedAt"].is_u64());
    let id = sent["paymentId"].as_str().unwrap();
    assert_eq!(
        admin.get(&format!("/wallet/payments/outgoing/{id}")).await,
        (200, sent.clone())
    );
    let (_, failed) = admin
        .get(&format!("/wallet/payments/outgoingbyhash/{}", hashes[1].0))
        .await;
    assert_eq!(
        (&failed["status"], &failed["preimage"]),
        (&json!("FAILED"), &Value::Null)
    );
    assert!(!failed["failureReason"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_queries_and_ids_are_refused_in_words() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for list in ["/wallet/payments/incoming", "/wallet/payments/outgoing"] {
        for query in [
            "limit=0",
            "limit=1001",
            "limit=-1",
            "limit=x",
            "offset=-1",
            "from=yesterday",
            "all=maybe",
            "to=99999999999999999999999",
        ] {
            let (status, answer) = admin.get(&format!("{list}?{query}")).await;
            assert_eq!(
                (status, &answer["code"]),
                (400, &json!("invalid_request")),
                "{query}"
            );
        }
    }
    let hash = "00".repeat(32);
    let cases = [
        (format!("/wallet/payments/incoming/{hash}"), 404),
        (format!("/wallet/payments/outgoingbyhash/{hash}"), 404),
        (
            "/wallet/payments/outgoing/00000000-0000-0000-0000-000000000000".to_owned(),
            404,
        ),
        ("/wallet/payments/incoming/xyz".to_owned(), 400),
        ("/wallet/payments/outgoing/xyz".to_owned(), 400),
        (
            "/wallet/payments/outgoingbyhash/%F0%9F%8D%8E".to_owned(),
            400,
        ),
    ];
    for (path, status) in cases {
        let (got, answer) = admin.get(&path).await;
        assert_eq!(got, status, "{path}: {answer}");
        assert!(
            answer["message"].is_string() && answer["code"].is_string(),
            "{answer}"
        );
    }
}

/// A page of a list, by one field of its rows.
async fn page(admin: &Caller, list: &str, query: &str, field: &str) -> Vec<Value> {
    let path = format!("/wallet/payments/{list}?{query}");
    let (status, rows) = admin.get(&path).await;
    assert_eq!(status, 200, "{path}: {rows}");
    let rows = rows.as_array().unwrap();
    rows.iter().map(|row| row[field].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_twenty_rows_and_at_most_a_thousand() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for amount_sat in 1..=25 {
        let wanted = json!({"amountSat": amount_sat, "externalId": "the same"});
        admin.post("/wallet/createinvoice", wanted).await;
    }
    for (query, rows) in [
        ("all=true", 20),
        ("all=true&limit=1000", 25),
        ("all=true&limit=1", 1),
        ("all=true&offset=20", 5),
        ("all=true&offset=25", 0),
        ("all=true&offset=18446744073709551615", 0),
        ("all=true&externalId=the%20same&limit=7&offset=21", 4),
        ("externalId=the%20same", 0),
        ("all=false", 0),
    ] {
        let found = page(&admin, "incoming", query, "amountSat").await;
        assert_eq!(found.len(), rows, "{query}");
    }
    let long = "x".repeat(257);
    for (list, query) in [
        ("incoming", format!("externalId={long}")),
        ("incoming", "from=2&to=1".into()),
        ("outgoing", "from=2&to=1".into()),
        ("incoming", "from=-1".into()),
        ("outgoing", "limit=1&limit=2".into()),
        ("outgoing", "offset=18446744073709551616".into()),
    ] {
        let path = format!("/wallet/payments/{list}?{query}");
        let (status, answer) = admin.get(&path).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("invalid_request")),
            "{path}"
        );
    }
}

fn now_millis() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_millis()
}

/// Rows are numbered when they come to be, and never leave or change places. A moment that was read
/// with the first page keeps out what came later.
#[tokio::test(flavor = "multi_thread")]
async fn pages_up_to_a_moment_stand_still_while_rows_come() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for sale in 1..=7u64 {
        app.earn(&admin, sale).await;
    }
    let newest = page(&admin, "incoming", "limit=1", "createdAt").await;
    let to = newest[0].as_u64().unwrap();
    let mut seen = Vec::new();
    for offset in [0, 3, 6] {
        let query = format!("to={to}&limit=3&offset={offset}");
        seen.extend(page(&admin, "incoming", &query, "amountSat").await);
        // The clock has gone on, or the row would belong to the moment.
        until(async || (now_millis() > u128::from(to)).then_some(())).await;
        app.earn(&admin, 100 + offset).await;
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1].map(Value::from));
    assert_eq!(
        page(&admin, "incoming", "limit=4", "amountSat").await,
        [106, 103, 100, 7].map(Value::from)
    );
    assert_eq!(
        page(&admin, "incoming", &format!("from={}", to + 1), "amountSat").await,
        [106, 103, 100].map(Value::from)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_listed_while_it_is_under_way() {
    let app = TestApp::initialized_with(|settings| settings.payment_wait = Duration::ZERO).await;
    let admin = app.wallet_admin().await;
    app.earn(&admin, 900_000).await;
    let pay = async |sat: u64| {
        let bolt11 = app.node.foreign(Foreign {
            amount_msat: Some(sat * 1_000),
            fate: Fate::Silence,
            ..Foreign::default()
        });
        let (status, paid) = admin
            .post("/wallet/payinvoice", json!({ "invoice": bolt11 }))
            .await;
        assert_eq!(status, 202, "{paid}");
        payment_hash(&bolt11)
    };
    let (first, second) = (pay(1).await, pay(2).await);
    let statuses = async |query: &str| page(&admin, "outgoing", query, "status").await;
    assert_eq!(statuses("").await, ["PENDING", "PENDING"]);
    app.node.decide(first, Fate::Succeeds(0));
    app.node.decide(second, Fate::Fails(FailureReason::NoRoute));
    until(async || (statuses("all=true").await == ["FAILED", "SUCCEEDED"]).then_some(())).await;
    assert_eq!(statuses("").await, ["SUCCEEDED"]);
    assert_eq!(statuses("all=false").await, ["SUCCEEDED"]);
    let created = page(&admin, "outgoing", "all=true", "createdAt").await;
    let (newest, oldest) = (&created[0], &created[1]);
    for (query, rows) in [
        (format!("all=true&from={oldest}&to={newest}"), 2),
        (format!("all=true&from={}", newest.as_u64().unwrap() + 1), 0),
        (format!("all=true&to={}", oldest.as_u64().unwrap() - 1), 0),
        ("all=true&limit=1&offset=1".into(), 1),
        ("all=true&offset=2".into(), 0),
    ] {
        assert_eq!(statuses(&query).await.len(), rows, "{query}");
    }
}
