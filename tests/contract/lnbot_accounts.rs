//! ln.bot: accounts, keys and wallets.

use serde_json::{Value, json};
use support::app::TestApp;

#[tokio::test]
async fn an_account_has_two_keys_and_each_wallet_may_have_one() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    assert!(account.user_id.starts_with("usr_"));
    assert!(account.primary.key.starts_with("uk_"));
    assert_eq!(account.passphrase.split(' ').count(), 12);

    let (status, me) = account.secondary.get("/me").await;
    let expected = json!({"userId": account.user_id, "walletId": null, "keyName": "secondary"});
    assert_eq!((status, me), (200, expected));

    let (status, made) = account.primary.post("/wallets", Value::Null).await;
    assert_eq!(status, 200, "{made}");
    let (id, name) = (made["walletId"].as_str(), made["name"].as_str());
    let (id, name) = (id.expect("an id"), name.expect("a name"));
    let domain = app.url.trim_start_matches("http://");
    assert_eq!(made["address"], format!("{name}@{domain}"));
    assert_eq!(name.len(), 7);

    let (status, list) = account.primary.get("/wallets").await;
    assert_eq!((status, &list[0]["walletId"]), (200, &json!(id)));
    assert!(
        list[0]["createdAt"]
            .as_str()
            .expect("a time")
            .ends_with('Z')
    );

    let path = format!("/wallets/{id}");
    let empty = json!({"walletId": id, "name": name, "balance": 0, "onHold": 0, "available": 0});
    assert_eq!(account.primary.get(&path).await, (200, empty));

    let key_path = format!("{path}/key");
    assert_eq!(account.primary.get(&key_path).await.0, 404);
    let (status, made) = account.primary.post(&key_path, Value::Null).await;
    assert_eq!(status, 201, "{made}");
    let wallet = account
        .primary
        .with_key(made["key"].as_str().expect("a key"));
    assert!(wallet.key.starts_with("wk_"));
    assert_eq!(account.primary.post(&key_path, Value::Null).await.0, 409);
    let (status, before) = account.primary.get(&key_path).await;
    assert_eq!((status, &before["lastUsedAt"]), (200, &Value::Null));

    let (status, me) = wallet.get("/me").await;
    let expected = json!({"userId": account.user_id, "walletId": id, "keyName": null});
    assert_eq!((status, me), (200, expected));
    let (_, info) = account.primary.get(&key_path).await;
    assert_eq!(info["hint"], made["hint"]);
    assert!(info["lastUsedAt"].is_string(), "{info}");

    let (status, renamed) = wallet
        .patch("/wallets/current", json!({"name": "my-agent"}))
        .await;
    assert_eq!((status, &renamed["name"]), (200, &json!("my-agent")));
    assert_eq!(account.primary.get("/wallets/current").await.0, 400);

    let (status, rotated) = account
        .primary
        .post(&format!("{key_path}/rotate"), Value::Null)
        .await;
    assert_eq!(status, 200, "{rotated}");
    assert_eq!(wallet.get("/me").await.0, 401);
    let wallet = wallet.with_key(rotated["key"].as_str().expect("a key"));
    assert_eq!(wallet.get("/wallets/current").await.0, 200);
    assert_eq!(account.primary.delete(&key_path).await.0, 204);
    assert_eq!(wallet.get("/me").await.0, 401);
    assert_eq!(account.primary.delete(&key_path).await.0, 404);
}

#[tokio::test]
async fn what_a_wallet_key_must_not_do_is_forbidden_and_others_wallets_are_unknown() {
    let app = TestApp::lnbot().await;
    let (wallet, _) = app.bot_wallet().await;
    let (other_id, _) = app.account().await.new_wallet().await;
    for (path, status) in [
        ("/wallets".to_owned(), 403),
        ("/keys/0/rotate".to_owned(), 403),
        ("/backup/recovery".to_owned(), 403),
        ("/wallets/current/key/rotate".to_owned(), 403),
    ] {
        let (answered, body) = wallet.post(&path, Value::Null).await;
        assert_eq!(answered, status, "{path}: {body}");
        assert!(body["error"].is_string(), "{path}: {body}");
    }
    let foreign = format!("/wallets/{other_id}");
    let unknown = json!({"error": "Wallet not found."});
    assert_eq!(wallet.get(&foreign).await, (404, unknown));
    assert_eq!(app.bot().get("/me").await.0, 401);
    assert_eq!(app.bot().with_key("uk_nonsense").get("/me").await.0, 401);
}

#[tokio::test]
async fn lost_keys_come_back_and_old_ones_end() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let (_, wallet) = account.new_wallet().await;

    let (status, rotated) = account.primary.post("/keys/1/rotate", Value::Null).await;
    assert_eq!((status, &rotated["name"]), (200, &json!("secondary")));
    assert_eq!(account.secondary.get("/me").await.0, 401);
    assert_eq!(
        account.primary.post("/keys/2/rotate", Value::Null).await.0,
        400
    );

    let (status, words) = account.primary.post("/backup/recovery", Value::Null).await;
    assert_eq!(status, 200, "{words}");
    let restore = async |words: &str| {
        let body = json!({"passphrase": words});
        app.bot().post("/restore/recovery", body).await
    };
    assert_eq!(restore(&account.passphrase).await.0, 400, "it was replaced");
    assert_eq!(restore("no such words").await.0, 400);
    let words = words["passphrase"].as_str().expect("words").to_uppercase();
    let (status, restored) = restore(&format!("  {words} ")).await;
    assert_eq!(
        (status, &restored["userId"]),
        (200, &json!(account.user_id))
    );
    assert_eq!(account.primary.get("/me").await.0, 401);
    let primary = account
        .primary
        .with_key(restored["primaryKey"].as_str().expect("a key"));
    assert_eq!(
        primary.get("/wallets").await.1.as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(wallet.get("/me").await.0, 200, "wallets' keys stay good");
}

#[tokio::test]
async fn who_may_register_is_the_owners_to_say() {
    let app = TestApp::lnbot_with(|settings| settings.open_registration = false).await;
    let (status, answer) = app.bot().post("/register", Value::Null).await;
    assert_eq!(status, 403, "{answer}");
    let app = TestApp::lnbot_with(|settings| {
        settings.public_calls = std::num::NonZeroU32::MIN.saturating_add(1);
    })
    .await;
    assert_eq!(app.bot().post("/register", Value::Null).await.0, 200);
    assert_eq!(app.bot().post("/register", Value::Null).await.0, 200);
    assert_eq!(app.bot().post("/register", Value::Null).await.0, 429);
}
