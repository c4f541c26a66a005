//! `GET /ws/payments`: greeting, events, resume, and who hears what.

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign};
use till::payment::FailureReason;

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_told_as_documented() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let mut socket = admin.socket("", &[]).await.unwrap();
    let wanted = json!({"amountSat": 50_000, "externalId": "order-123"});
    let (_, made) = admin.post("/wallet/createinvoice", wanted).await;
    app.node
        .customer_pays(made["serialized"].as_str().unwrap(), 50_000_000);
    let event = socket.next().await.unwrap();
    assert!(event["timestamp"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(event["eventId"].as_u64().unwrap() > 0);
    let mut known = event.clone();
    for field in ["timestamp", "eventId"] {
        known.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(
        known,
        json!({"type": "payment_received", "amountSat": 50_000, "paymentHash": made["paymentHash"],
            "externalId": "order-123", "payerNote": null})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_told_in_order() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for sale in 1..=3 {
        app.earn(&admin, sale).await;
    }
    let read = async |query: &str, headers: &[(&str, &str)], count: usize| {
        let mut socket = admin.socket(query, headers).await.unwrap();
        let mut seen: Vec<(u64, u64)> = Vec::new();
        for _ in 0..count {
            let event = socket.next().await.unwrap();
            seen.push((
                event["eventId"].as_u64().unwrap(),
                event["amountSat"].as_u64().unwrap(),
            ));
        }
        seen
    };
    let all = read("?since=0", &[], 3).await;
    assert_eq!(
        all.iter().map(|(_, sat)| *sat).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let first = all[0].0.to_string();
    assert_eq!(read(&format!("?since={first}"), &[], 2).await, all[1..]);
    assert_eq!(read("", &[("last-event-id", &first)], 2).await, all[1..]);
    for odd in ["?since=x", "?since=-1", "?since=1.5"] {
        assert_eq!(admin.socket(odd, &[]).await.unwrap_err(), 400, "{odd}");
    }
    assert_eq!(app.nobody().socket("", &[]).await.unwrap_err(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cashier_hears_of_sales_and_an_administrator_of_all() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    app.earn(&admin, 100_000).await;
    for fate in [Fate::Succeeds(0), Fate::Fails(FailureReason::NoRoute)] {
        let bolt11 = app.node.foreign(Foreign {
            fate,
            ..Foreign::default()
        });
        admin
            .post("/wallet/payinvoice", json!({"invoice": bolt11}))
            .await;
    }
    let short = json!({"amountSat": 5, "expirySeconds": 1, "externalId": "late"});
    let (_, made) = admin.post("/wallet/createinvoice", short).await;
    let path = format!(
        "/wallet/payments/incoming/{}",
        made["paymentHash"].as_str().unwrap()
    );
    until(async || (admin.get(&path).await.1["status"] == "EXPIRED").then_some(())).await;

    let kinds = async |caller: &support::caller::Caller, count: usize| {
        let mut socket = caller.socket("?since=0", &[]).await.unwrap();
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(socket.next().await.unwrap());
        }
        events
    };
    let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
    let all = kinds(&admin, 4).await;
    assert_eq!(
        all.iter().map(kind).collect::<Vec<_>>(),
        [
            "payment_received",
            "payment_sent",
            "payment_failed",
            "invoice_expired"
        ]
    );
    assert_eq!(all[1]["amountSat"], 1_000);
    assert!(all[2]["reason"].is_string());
    assert_eq!(all[3]["externalId"], "late");
    let heard = kinds(&app.cashier().await, 2).await;
    assert_eq!(
        heard.iter().map(kind).collect::<Vec<_>>(),
        ["payment_received", "invoice_expired"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_closes_the_socket() {
    let app = TestApp::initialized_with(|settings| {
        settings.ping_interval = std::time::Duration::from_millis(100);
    })
    .await;
    let admin = app.admin().await;
    let mut socket = admin.socket("", &[]).await.unwrap();
    admin.post("/auth/logout", json!({})).await;
    assert_eq!(socket.next().await, None);
}
