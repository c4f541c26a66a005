//! Lists and single payments: fields, filters, pages.

use serde_json::{Value, json};
use support::app::TestApp;
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
