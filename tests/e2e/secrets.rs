//! Secrets of a real till: shown to whom they belong, changed for good, and never in a log.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, text};

const NEW: &str = "an0ther-P4ssword";
/// The loudest that the till's own parts and its HTTP server can be.
const EVERYTHING_OF_OURS: &str =
    "info,till=trace,till_actors=trace,tilld=trace,tower_http=trace,hyper=trace";
const WRONG: &str = "wr0ng-P4ssword";

async fn seed(shop: &Shop, password: &str) -> Answer {
    let headers = [("x-wallet-password", password)];
    let asked = shop.try_call(Method::GET, "/wallet/seed", None, &headers);
    asked.await.unwrap()
}

/// The client keeps the cookie of the new token.
async fn change(shop: &Shop, from: &str, to: &str) {
    let body = json!({"currentPassword": from, "newPassword": to});
    let client = shop.world.client();
    let changed = client.call::<Value>(Method::POST, "/wallet/password", Some(&body));
    changed.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_and_the_wallet_password_are_never_logged_and_survive_a_restart() {
    let shop = Shop::open_with(&[
        ("TILL_POS_SEED_REQUIRES_PASSWORD", "true"),
        ("TILL_LOG_FILTER", EVERYTHING_OF_OURS),
    ])
    .await;
    let stored = std::fs::read_to_string(shop.world.dir().join("till/seed")).unwrap();
    let words = stored.lines().nth(1).unwrap();
    let old = shop.world.credentials().wallet_password.clone();

    assert_eq!(seed(&shop, WRONG).await.0, 401);
    assert_eq!(seed(&shop, &old).await, (200, json!({"seed": words})));
    let revoked = shop.world.client().cookie_header().unwrap();
    change(&shop, &old, NEW).await;
    let log = shop.get("/wallet/auditlog").await;
    let actions: Vec<String> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|line| text(line, "action"))
        .collect();
    let expected = ["wallet_password_changed", "seed_read", "seed_refused"];
    assert_eq!(actions, expected);

    shop.world.till().kill().await.unwrap();
    shop.world.start_till().await.unwrap();
    // The new token of the old login is good, the old one is not; the log is as it was.
    assert_eq!(shop.get("/wallet/auditlog").await, log);
    assert_eq!(seed(&shop, &old).await.0, 401);
    assert_eq!(seed(&shop, NEW).await, (200, json!({"seed": words})));
    let url = format!("{}/wallet/getbalance", shop.world.client().url());
    let late = reqwest::Client::builder().no_proxy().build().unwrap();
    let late = late
        .get(url)
        .header("cookie", revoked)
        .send()
        .await
        .unwrap();
    assert_eq!(late.status(), 403);
    change(&shop, NEW, &old).await;

    let said = std::fs::read_to_string(shop.world.till().log()).unwrap();
    assert!(said.contains("/wallet/seed"), "nothing was logged at all");
    let phrase: Vec<&str> = words.split(' ').collect();
    assert_eq!(phrase.len(), 24);
    for three in phrase.windows(3) {
        assert!(!said.contains(&three.join(" ")), "the seed was logged");
    }
    for secret in [WRONG, NEW, old.as_str()] {
        assert!(!said.contains(secret), "a password was logged");
    }
    shop.close().await;
}
