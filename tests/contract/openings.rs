//! `POST /wallet/channels`: a key names one channel, and what nobody knows is pending.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::caller::{Answer, Caller, read};
use support::fake_node::Opening;
use till_actors::node::ChannelChange;

fn wanted(amount_sat: u64) -> Value {
    let node_id = "02".to_owned() + &"ab".repeat(32);
    json!({"nodeId": node_id, "address": "127.0.0.1:9735", "amountSat": amount_sat})
}

async fn open(admin: &Caller, key: &str, amount_sat: u64) -> Answer {
    let request = admin.request(Method::POST, "/wallet/channels");
    let request = request.header("idempotency-key", key);
    read(admin.send(request.json(&wanted(amount_sat))).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_one_channel_and_tells_how_it_stands() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    app.node.will_open(Opening::Funded);
    let (status, opened) = open(&admin, "first", 60_000).await;
    assert_eq!(status, 201, "{opened}");
    assert_eq!(opened["state"], "OPENING");
    for field in ["userChannelId", "channelId", "fundingTxId"] {
        assert!(opened[field].as_str().unwrap().len() >= 32, "{opened}");
    }
    assert_eq!(open(&admin, "first", 60_000).await, (201, opened.clone()));
    let (status, answer) = open(&admin, "first", 60_001).await;
    assert_eq!(
        (status, &answer["code"]),
        (409, &json!("idempotency_conflict"))
    );
    assert_eq!(app.node.times_asked_to_open(), 1);

    app.node.tell_of_channel(ChannelChange::Ready);
    until(async || (open(&admin, "first", 60_000).await.1["state"] == "NORMAL").then_some(()))
        .await;
    let (_, later) = open(&admin, "first", 60_000).await;
    assert_eq!(later["userChannelId"], opened["userChannelId"]);
    let (_, other) = open(&admin, "second", 60_000).await;
    assert_ne!(other["userChannelId"], opened["userChannelId"]);
    assert_eq!(app.node.times_asked_to_open(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_with_one_key_open_one_channel() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    app.node.will_open(Opening::Funded);
    // As many as may wait for the treasury.
    let asked = (0..8).map(|_| open(&admin, "k", 50_000));
    let answers = futures_util::future::join_all(asked).await;
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
        assert_eq!(answer.0, 201, "{answer:?}");
    }
    assert_eq!(app.node.times_asked_to_open(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_again_and_a_new_key_tries_again() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    for (opening, key) in [(Opening::PeerAway, "a"), (Opening::Declined, "b")] {
        app.node.will_open(opening);
        let asked = app.node.times_asked_to_open();
        for _ in 0..2 {
            let (status, answer) = open(&admin, key, 50_000).await;
            assert_eq!(
                (status, &answer["code"]),
                (422, &json!("peer_unreachable")),
                "{opening:?}"
            );
        }
        assert_eq!(app.node.times_asked_to_open(), asked + 1, "{opening:?}");
    }
    app.node.will_open(Opening::Funded);
    assert_eq!(open(&admin, "c", 50_000).await.0, 201);
    // What was refused before anything was written down leaves the key as it was.
    assert_eq!(open(&admin, "d", 900_000_000).await.0, 402);
    assert_eq!(open(&admin, "d", 50_000).await.0, 201);
}

/// As after a crash between the node's answer and the record of it: the wish is on disk, the channel
/// is there, and only the node knows what it is called.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_pending_and_never_asked_for_again() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    app.node.will_open(Opening::BegunAndFailed);
    let (status, answer) = open(&admin, "k", 50_000).await;
    assert_eq!((status, &answer["status"]), (202, &json!("pending")));
    assert!(answer["message"].is_string() && answer["userChannelId"].is_null());
    // The next look finds it among the node's channels.
    let (status, answer) = open(&admin, "k", 50_000).await;
    assert_eq!((status, &answer["status"]), (202, &json!("pending")));
    assert_eq!(answer["userChannelId"], "a1".repeat(16));
    app.node.tell_of_channel(ChannelChange::Pending);
    let opened = until(async || {
        let (status, answer) = open(&admin, "k", 50_000).await;
        (status == 201).then_some(answer)
    })
    .await;
    assert_eq!(opened["userChannelId"], "a1".repeat(16));
    assert_eq!(app.node.times_asked_to_open(), 1);
}
