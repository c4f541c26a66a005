//! `GET /ws/payments`: greeting, events, resume, and who hears what.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::app::{AHEAD_BYTES, TestApp, until};
use support::caller::{Caller, Goodbye};
use support::fake_node::{Fate, Foreign, Opening};
use till::payment::FailureReason;
use till_actors::node::ChannelChange;

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

/// Pings follow each other quickly, so that no story waits for long.
async fn quick(change: impl FnOnce(&mut tilld::pos::Settings)) -> TestApp {
    TestApp::initialized_with(|settings| {
        settings.ping_interval = Duration::from_millis(100);
        change(settings);
    })
    .await
}

fn goodbye(code: u16, reason: &str) -> Goodbye {
    Some((code, reason.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_closes_the_socket_and_no_other() {
    let app = quick(|_| ()).await;
    let (admin, other) = (app.admin().await, app.wallet_admin().await);
    let mut socket = admin.socket("", &[]).await.unwrap();
    let mut kept = other.socket("", &[]).await.unwrap();
    admin.post("/auth/logout", json!({})).await;
    let (_, ended) = socket.rest().await;
    assert_eq!(ended, goodbye(1008, "the session has ended"));
    assert_eq!(admin.socket("", &[]).await.unwrap_err(), 401);
    app.earn(&other, 7).await;
    assert_eq!(kept.next().await.unwrap()["amountSat"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_outlives_its_access_token_but_not_its_session() {
    let app = quick(|settings| {
        settings.access_token_secs = 1;
        settings.refresh_token_secs = 3;
    })
    .await;
    let start = Instant::now();
    let admin = app.admin().await;
    let mut socket = admin.socket("", &[]).await.unwrap();
    let (_, ended) = socket.rest().await;
    assert_eq!(ended, goodbye(1008, "the session has ended"));
    assert!(start.elapsed() > Duration::from_secs(2), "it was alive");
    assert_eq!(admin.get("/users/me").await.0, 401);
    assert!(socket.pings > 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_no_ping_is_let_go() {
    let app = quick(|_| ()).await;
    let admin = app.wallet_admin().await;
    let mut deaf = admin.socket("", &[]).await.unwrap();
    let mut listening = admin.socket("", &[]).await.unwrap();
    // Pongs are sent by whoever reads, so this one reads all the time, however long a sale takes. By the time
    // that it has seen ten pings, the other has missed more than it may.
    let reading = tokio::spawn(async move {
        let mut seen = 0;
        while listening.pings < 10 {
            seen += 1;
            assert_eq!(listening.next().await.unwrap()["amountSat"], seen);
        }
    });
    let mut sales = 0;
    while !reading.is_finished() {
        sales += 1;
        app.earn(&admin, sales).await;
    }
    reading.await.unwrap();
    let (_, ended) = deaf.rest().await;
    assert_eq!(ended, goodbye(1008, "no pong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_told_of_as_documented() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let mut socket = admin.socket("", &[]).await.unwrap();
    app.node.will_open(Opening::Funded);
    let peer = "02".to_owned() + &"ab".repeat(32);
    let wanted = json!({"nodeId": peer, "address": "127.0.0.1:9735", "amountSat": 50_000});
    let (status, opened) = admin.post("/wallet/channels", wanted).await;
    assert_eq!(status, 201, "{opened}");
    for (change, kind) in [
        (ChannelChange::Ready, "channel_opened"),
        (ChannelChange::Closed, "channel_closed"),
    ] {
        app.node.tell_of_channel(change);
        let mut told = socket.next().await.unwrap();
        for field in ["timestamp", "eventId"] {
            assert!(told.as_object_mut().unwrap().remove(field).is_some());
        }
        assert_eq!(
            told,
            json!({"type": kind, "channelId": opened["channelId"], "counterparty": peer})
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_resumes_are_refused_and_ids_from_elsewhere_do_no_harm() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for odd in ["", "x", "-1", "1.5"] {
        let refused = admin.socket("", &[("last-event-id", odd)]).await;
        assert_eq!(refused.unwrap_err(), 400, "{odd}");
    }
    let mut ahead = admin
        .socket("?since=18446744073709551615", &[])
        .await
        .unwrap();
    app.earn(&admin, 3).await;
    assert_eq!(ahead.next().await.unwrap()["amountSat"], 3);
}

/// Events of the story below.
const CROWD: usize = 2_000;
/// Sales that are made side by side.
const TOGETHER: usize = 50;

async fn sell(app: &TestApp, admin: &Caller, count: usize) {
    for _ in 0..count / TOGETHER {
        let asked = (0..TOGETHER).map(|_| admin.post("/wallet/invoice", json!({"amountSat": 5})));
        for (_, made) in futures_util::future::join_all(asked).await {
            let bolt11 = made["serialized"].as_str().unwrap();
            app.node.customer_pays(bolt11, 5_000);
        }
    }
}

fn ids(events: &[Value]) -> Vec<u64> {
    let id = |event: &Value| event["eventId"].as_u64().unwrap();
    events.iter().map(id).collect()
}

/// Nothing is queued for anybody: a subscriber is a place in the log. So the one who reads is not
/// delayed by the one who does not, and the latter costs what the system's buffers hold.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_delays_nobody_and_loses_nothing() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let mut slow = admin.narrow_socket("", AHEAD_BYTES).await.unwrap();
    let mut quick = admin.socket("", &[]).await.unwrap();
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        while all.len() < CROWD {
            all.push(quick.next().await.expect("the next event"));
        }
        all
    });
    sell(&app, &admin, CROWD).await;
    let all = ids(&reading.await.unwrap());
    assert!(all.is_sorted_by(|a, b| a < b), "in order, each once");

    // Now it reads: what was on its way, and then where to go on.
    let (some, ended) = slow.rest().await;
    let some = ids(&some);
    assert!(
        some.len() < CROWD && all.starts_with(&some),
        "{}",
        some.len()
    );
    let resume = some.last().copied().unwrap();
    let reason = format!("too slow; resume with since={resume}");
    assert_eq!(ended, goodbye(1013, &reason));
    let mut again = admin
        .socket(&format!("?since={resume}"), &[])
        .await
        .unwrap();
    let mut rest = Vec::new();
    while rest.len() < CROWD - some.len() {
        rest.push(again.next().await.unwrap());
    }
    assert_eq!(ids(&rest), all[some.len()..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_turned_away_until_somebody_leaves() {
    let app = TestApp::initialized().await;
    let admin = app.admin().await;
    let mut sockets = Vec::new();
    let refused = loop {
        match admin.socket("", &[]).await {
            Ok(socket) => sockets.push(socket),
            Err(status) => break status,
        }
    };
    assert_eq!((refused, sockets.len()), (503, 16));
    sockets.pop();
    until(async || admin.socket("", &[]).await.ok()).await;
}
