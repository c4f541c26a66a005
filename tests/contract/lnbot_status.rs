//! ln.bot: how the till does, for anybody.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign};
use till::payment::FailureReason;

/// Samples follow each other quickly, so that no story waits for long.
async fn measured() -> TestApp {
    TestApp::lnbot_over(|till| till.health_every = Duration::from_millis(50)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_wallets_is_in_the_status() {
    let app = measured().await;
    let account = app.account().await;
    let (id, _) = account.new_wallet().await;
    let invoice = app.bill(&id, 10_000, 3_600).await;
    app.settle(&invoice).await;
    let admin = app.wallet_admin().await;
    // What the house earns is nobody's business.
    app.earn(&admin, 5).await;
    let fates = [
        Fate::Succeeds(0),
        Fate::Fails(FailureReason::NoRoute),
        Fate::Fails(FailureReason::Unexpected),
        Fate::Silence,
    ];
    for fate in fates {
        let bolt11 = app.node.foreign(Foreign {
            fate,
            ..Foreign::default()
        });
        app.spend(&id, bolt11, Duration::from_millis(500)).await;
    }
    let nobody = app.bot();
    let status = until(async || {
        let (_, status) = nobody.get("/status").await;
        let sending = &status["components"]["sending"];
        (sending["inProgress"] == 1 && sending["failedLastHour"] == 2).then_some(status)
    })
    .await;
    let mut sending = status["components"]["sending"].clone();
    for figure in ["longestWaitSeconds", "medianSeconds", "p95Seconds"] {
        let figure = sending.as_object_mut().unwrap().remove(figure);
        assert!(figure.unwrap().as_f64().unwrap() >= 0.0);
    }
    let state = sending.as_object_mut().unwrap().remove("status").unwrap();
    assert_eq!(state, "operational");
    let expected = json!({"inProgress": 1, "byStage": {"in_flight": 1}, "sentLastHour": 1,
        "failedLastHour": 2, "serviceFailuresLastHour": 1});
    assert_eq!(sending, expected);
    let receiving = json!({"status": "operational", "creditedLastHour": 1, "creditBacklog": 0});
    assert_eq!(status["components"]["receiving"], receiving);
    let webhooks = json!({"status": "operational", "backlog": 0});
    assert_eq!(status["components"]["webhooks"], webhooks);
    assert!(status["components"]["node"]["latencyMs"].is_u64());
    assert!(status["updatedAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(status["notice"], Value::Null);

    let (code, history) = nobody.get("/status/history").await;
    assert_eq!((code, &history["range"]), (200, &json!("24h")));
    let summary = &history["summary"];
    let counted =
        ["sent", "failed", "serviceFailures", "credited"].map(|name| summary[name].as_u64());
    assert_eq!(counted, [1, 2, 1, 1].map(Some));
    let bars = summary["settleTimes"].as_array().unwrap();
    let bounds: Vec<_> = bars.iter().map(|bar| bar["upToSeconds"].as_u64()).collect();
    let all = [1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600].map(Some);
    assert_eq!((&bounds[..11], bounds[11]), (&all[..], None));
    let settled: u64 = bars.iter().filter_map(|bar| bar["count"].as_u64()).sum();
    assert_eq!(settled, 1);
    assert_eq!(
        summary["uptime"]["webhooks"],
        json!({"operational": 100.0, "degraded": 0.0, "outage": 0.0})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_without_samples_says_nothing() {
    let app = measured().await;
    let nobody = app.bot();
    let (_, history) = until(async || {
        let answer = nobody.get("/status/history?range=7d").await;
        (answer.1["summary"]["samples"] != 0).then_some(answer)
    })
    .await;
    let buckets = history["buckets"].as_array().unwrap();
    assert_eq!(
        (buckets.len(), &history["bucketSeconds"]),
        (169, &json!(3_600))
    );
    assert_eq!(buckets[0]["at"], history["from"]);
    let state = json!({"degraded": 0, "outage": 0});
    let expected = json!({"at": history["from"], "samples": 0, "overall": state,
        "sending": {"degraded": 0, "outage": 0, "sent": 0, "failed": 0, "serviceFailures": 0,
            "medianSeconds": null, "p95Seconds": null, "maxInProgress": null, "maxWaitSeconds": null},
        "receiving": {"degraded": 0, "outage": 0, "credited": 0, "maxBacklog": null},
        "node": {"degraded": 0, "outage": 0, "avgLatencyMs": null, "maxLatencyMs": null},
        "webhooks": {"degraded": 0, "outage": 0, "maxBacklog": null}});
    assert_eq!(buckets[0], expected);
    for range in ["1h", "", "90D", "24h%20"] {
        let (status, answer) = nobody.get(&format!("/status/history?range={range}")).await;
        let why = json!({"error": "range is 24h, 7d, 30d or 90d"});
        assert_eq!((status, answer), (400, why), "{range}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sample_nobody_knows_and_with_the_first_everybody() {
    let (tell, told) = std::sync::mpsc::channel();
    let app = TestApp::lnbot_over(|till| {
        till.health_every = Duration::from_millis(50);
        // Where the samples would be is something that is no file, and cannot be put aside.
        let in_the_way = till.data_dir.join("health.sqlite");
        std::fs::create_dir_all(in_the_way.join("x")).unwrap();
        tell.send(in_the_way).unwrap();
    })
    .await;
    let nobody = app.bot();
    let (status, answer) = nobody.get("/status").await;
    assert_eq!(
        (status, &answer["status"], &answer["updatedAt"]),
        (200, &json!("unknown"), &Value::Null)
    );
    let (status, history) = nobody.get("/status/history").await;
    assert_eq!((status, &history["summary"]["samples"]), (200, &json!(0)));

    std::fs::remove_dir_all(told.recv().unwrap()).unwrap();
    let answer = until(async || {
        let (_, answer) = nobody.get("/status").await;
        answer["updatedAt"].is_string().then_some(answer)
    })
    .await;
    assert_ne!(answer["status"], "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_share_the_limit_of_calls_without_a_key() {
    let app = TestApp::lnbot_with(|settings| {
        settings.public_calls = NonZeroU32::MIN.saturating_add(1);
    })
    .await;
    let nobody = app.bot();
    assert_eq!(nobody.get("/status").await.0, 200);
    assert_eq!(nobody.get("/status/history?range=7d").await.0, 200);
    for path in ["/status", "/status/history"] {
        let (status, answer) = nobody.get(path).await;
        let why = json!({"error": "Too many requests, try again later."});
        assert_eq!((status, answer), (429, why), "{path}");
    }
}
