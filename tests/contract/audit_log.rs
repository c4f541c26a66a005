//! The access log, and the wallet password, whose changes it tells.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{PASSWORD, PIN, TestApp, stop_after};
use support::caller::Caller;

const NEW: &str = "an0ther P4ssword";

async fn lines(caller: &Caller, query: &str) -> Vec<Value> {
    let (status, lines) = caller.get(&format!("/wallet/auditlog{query}")).await;
    assert_eq!(status, 200, "{query}: {lines}");
    lines.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_newest_first_who_did_what_to_whom() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    assert!(lines(&admin, "").await.is_empty());
    let (_, me) = admin.get("/users/me").await;
    let carol = json!({"name": "carol", "password": PASSWORD, "pin": PIN, "role": "cashier"});
    let (_, carol) = admin.post("/users", carol).await;
    let carol = carol["userId"].as_str().unwrap();
    let path = format!("/users/{carol}");
    let change = json!({"name": "cara", "pin": "4321", "role": "admin"});
    let requests = [
        admin.request(Method::PATCH, &path).json(&change),
        admin
            .request(Method::PATCH, &path)
            .json(&json!({"role": "admin"})),
        admin.request(Method::DELETE, &format!("{path}/sessions")),
        admin.request(Method::DELETE, &path),
        admin.request(Method::GET, "/wallet/seed"),
    ];
    for request in requests {
        assert_eq!(admin.send(request).await.status(), 200);
    }
    let all = lines(&admin, "").await;
    let told: Vec<(&str, &str)> = all
        .iter()
        .map(|line| {
            (
                line["action"].as_str().unwrap(),
                line["detail"].as_str().unwrap(),
            )
        })
        .collect();
    let cara = format!("admin cara ({carol})");
    assert_eq!(
        told,
        [
            ("seed_read", ""),
            ("user_deleted", cara.as_str()),
            ("sessions_ended", cara.as_str()),
            ("user_changed", format!("{cara}: name, role, pin").as_str()),
            ("user_added", format!("cashier carol ({carol})").as_str()),
        ],
        "what changed nothing is not told"
    );
    for line in &all {
        assert_eq!(
            (&line["userId"], &line["userName"]),
            (&me["userId"], &me["name"])
        );
        assert!(line["at"].as_u64().unwrap() > 1_700_000_000_000);
    }
    let text = json!(all).to_string();
    assert!(
        !text.contains(PASSWORD) && !text.contains("argon2"),
        "{text}"
    );

    assert_eq!(lines(&admin, "?limit=2").await, all[..2]);
    assert_eq!(lines(&admin, "?limit=2&offset=2").await, all[2..4]);
    assert_eq!(lines(&admin, "?limit=1000&offset=4").await, all[4..]);
    assert!(lines(&admin, "?offset=5").await.is_empty());
    assert!(
        lines(&admin, &format!("?offset={}", u64::MAX))
            .await
            .is_empty()
    );
    for odd in ["?limit=0", "?limit=1001", "?limit=x", "?offset=-1"] {
        let (status, answer) = admin.get(&format!("/wallet/auditlog{odd}")).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("invalid_request")),
            "{odd}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_wallet_password_ends_every_wallet_token_but_a_new_one() {
    let app = TestApp::initialized().await;
    let (admin, other) = (app.wallet_admin().await, app.wallet_admin().await);
    let before = admin.cookie("walletAccessToken").unwrap();
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    let (status, answer) = admin.post("/wallet/password", body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["message"], "Wallet password changed");
    assert!(answer["walletTokenExpiresAt"].is_u64(), "{answer}");
    assert_ne!(admin.cookie("walletAccessToken").unwrap(), before);
    assert_eq!(
        admin.get("/wallet/getbalance").await.0,
        200,
        "with the new token"
    );

    let (status, answer) = other.get("/wallet/getbalance").await;
    assert_eq!(
        (status, &answer["code"]),
        (403, &json!("wallet_access_required"))
    );
    assert_eq!(other.get("/users/me").await.0, 200, "the login stands");
    let late = app.nobody();
    late.set_cookie("accessToken", admin.cookie("accessToken").as_deref());
    late.set_cookie("walletAccessToken", Some(&before));
    assert_eq!(late.get("/wallet/getbalance").await.0, 403);
    assert_eq!(
        other
            .post("/wallet/auth", json!({"password": PASSWORD}))
            .await
            .0,
        401
    );
    assert_eq!(
        other.post("/wallet/auth", json!({"password": NEW})).await.0,
        200
    );
    assert_eq!(other.get("/wallet/getbalance").await.0, 200);
    // Staff log in with what they did.
    let body = json!({"name": "admin", "password": PASSWORD});
    assert_eq!(app.nobody().post("/auth/login", body).await.0, 200);
    let log = lines(&admin, "").await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["action"], "wallet_password_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_present_wallet_password_cannot_be_guessed() {
    let app = TestApp::initialized_with(|settings| {
        settings.gate = stop_after(2);
    })
    .await;
    let admin = app.wallet_admin().await;
    for body in [
        json!({}),
        json!({"newPassword": NEW}),
        json!({"currentPassword": PASSWORD}),
        json!({"currentPassword": PASSWORD, "newPassword": "short"}),
        json!({"currentPassword": "", "newPassword": NEW}),
        json!({"currentPassword": 1, "newPassword": NEW}),
    ] {
        let (status, answer) = admin.post("/wallet/password", body.clone()).await;
        let told = (status, &answer["code"]);
        assert_eq!(told, (400, &json!("invalid_request")), "{body}: {answer}");
    }
    let guess = json!({"currentPassword": "a guess", "newPassword": NEW});
    for _ in 0..2 {
        let (status, answer) = admin.post("/wallet/password", guess.clone()).await;
        assert_eq!((status, &answer["code"]), (401, &json!("invalid_password")));
    }
    let right = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    let (status, answer) = admin.post("/wallet/password", right).await;
    assert_eq!(
        (status, &answer["code"]),
        (429, &json!("too_many_attempts"))
    );
    let log = lines(&admin, "").await;
    let actions: Vec<&Value> = log.iter().map(|line| &line["action"]).collect();
    assert_eq!(
        actions,
        ["wallet_password_refused", "wallet_password_refused"]
    );
}
