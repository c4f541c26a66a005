//! The node: what is shown of it, and what is said when it is away.

use serde_json::json;
use support::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn the_node_is_shown_as_documented() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let (status, info) = admin.get("/wallet/getinfo").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&info["chain"], &info["blockHeight"]),
        (&json!("regtest"), &json!(144))
    );
    assert!(info["nodeId"].is_string() && info["version"].is_string());
    let channel = &info["channels"][0];
    assert_eq!(channel["state"], "NORMAL");
    assert_eq!(channel["balanceSat"], 1_000_000);
    assert_eq!(channel["inboundLiquiditySat"], 500_000);
    assert_eq!(channel["capacitySat"], 1_500_000);
    assert!(channel["channelId"].is_string());
    assert!(channel.get("fundingTxId").is_some());
    assert_eq!(admin.get("/wallet/channels").await.1, info["channels"]);

    assert_eq!(
        admin.get("/wallet/getbalance").await,
        (
            200,
            json!({"balanceSat": 0, "feeCreditSat": 0, "onchainBalanceSat": 0,
                "onchainSpendableSat": 100_000})
        )
    );
    app.earn(&admin, 700).await;
    assert_eq!(admin.get("/wallet/getbalance").await.1["balanceSat"], 700);
    for answer in [
        admin.get("/wallet/newaddress").await,
        admin.post("/wallet/newaddress", json!({})).await,
    ] {
        assert!(
            answer.1["address"].as_str().unwrap().starts_with("bcrt1"),
            "{answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_refused_for_a_reason() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let node = "02".to_owned() + &"ab".repeat(32);
    let cases = [
        (json!({}), 400),
        (
            json!({"nodeId": "02ab", "address": "127.0.0.1:9735", "amountSat": 50_000}),
            400,
        ),
        (
            json!({"nodeId": node, "address": "nowhere", "amountSat": 50_000}),
            400,
        ),
        (
            json!({"nodeId": node, "address": "127.0.0.1:9735", "amountSat": 0}),
            400,
        ),
        (
            json!({"nodeId": node, "address": "127.0.0.1:9735", "amountSat": 5, "pushSat": 6}),
            400,
        ),
        (
            json!({"nodeId": node, "address": "127.0.0.1:9735", "amountSat": 900_000}),
            402,
        ),
        (
            json!({"nodeId": node, "address": "127.0.0.1:9735", "amountSat": 50_000}),
            422,
        ),
    ];
    for (body, status) in cases {
        let (got, answer) = admin.post("/wallet/channels", body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
        assert!(answer["message"].is_string() && answer["code"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_splice_is_refused_for_a_reason() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let cases = [
        ("splicein", json!({}), 400),
        ("splicein", json!({"amountSat": 0}), 400),
        // To pass an address over would send the money elsewhere.
        (
            "spliceout",
            json!({"amountSat": 5, "address": "bcrt1q"}),
            400,
        ),
        ("splicein", json!({"amountSat": 5}), 404),
        ("spliceout", json!({"amountSat": 5}), 404),
    ];
    for (way, body, status) in cases {
        let path = format!("/wallet/channels/{}/{way}", "c1".repeat(32));
        let (got, answer) = admin.post(&path, body.clone()).await;
        assert_eq!(got, status, "{way} {body}: {answer}");
        assert!(answer["message"].is_string() && answer["code"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_node_is_503_and_loses_nothing() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    app.node.vanish();
    let wanted = json!({"amountSat": 10});
    for (status, answer) in [
        admin.post("/wallet/createinvoice", wanted).await,
        admin.get("/wallet/newaddress").await,
    ] {
        assert_eq!(
            (status, &answer["code"]),
            (503, &json!("node_unavailable")),
            "{answer}"
        );
    }
    // The hash that was reserved for it is given up, and never listed.
    assert_eq!(
        admin.get("/wallet/payments/incoming?all=true").await,
        (200, json!([]))
    );
}
