//! Logins: tokens, cookies, rotation, and what guessing costs.

use reqwest::Method;
use serde_json::json;
use support::app::{PASSWORD, PIN, TestApp, stop_after};
use support::caller::read;

#[tokio::test(flavor = "multi_thread")]
async fn a_login_gives_two_cookies_for_this_site_and_no_script() {
    let app = TestApp::initialized_with(|settings| settings.secure_cookies = true).await;
    let caller = app.nobody();
    let login = caller
        .request(Method::POST, "/auth/login")
        .json(&json!({"name": "admin", "pin": PIN}));
    let answer = caller.send(login).await;
    let lines: Vec<String> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|line| line.to_str().unwrap().to_owned())
        .collect();
    for name in ["accessToken=", "refreshToken="] {
        let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
        for part in [
            "HttpOnly",
            "Path=/",
            "SameSite=Strict",
            "Secure",
            "Max-Age=",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    let (status, body) = read(answer).await;
    assert_eq!(status, 200);
    assert_eq!(body["message"], "Login successful");
    assert_eq!(body["user"]["isAdmin"], true);
    for field in ["userId", "name", "role", "roleId"] {
        assert!(!body["user"][field].is_null(), "{field}");
    }
    let by_password = json!({"name": "admin", "password": PASSWORD});
    assert_eq!(app.nobody().post("/auth/login", by_password).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_all_get_the_same_answer() {
    let app = TestApp::initialized().await;
    let caller = app.nobody();
    for body in [
        json!({"name": "admin", "pin": "9999"}),
        json!({"name": "admin", "password": "not the password"}),
        json!({"name": "nobody", "pin": "1234"}),
    ] {
        let (status, answer) = caller.post("/auth/login", body).await;
        assert_eq!(
            (status, &answer["message"]),
            (401, &json!("Invalid credentials"))
        );
    }
    for body in [
        json!({}),
        json!({"name": "admin"}),
        json!({"name": "admin", "pin": 1234}),
    ] {
        assert_eq!(
            caller.post("/auth/login", body.clone()).await.0,
            400,
            "{body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_locked_out() {
    let app = TestApp::initialized_with(|settings| {
        settings.gate = stop_after(3);
    })
    .await;
    let caller = app.nobody();
    for _ in 0..3 {
        assert_eq!(
            caller
                .post("/auth/login", json!({"name": "admin", "pin": "0000"}))
                .await
                .0,
            401
        );
    }
    let login = json!({"name": "admin", "pin": PIN});
    let answer = caller
        .send(caller.request(Method::POST, "/auth/login").json(&login))
        .await;
    let header: u64 = answer.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let (status, body) = read(answer).await;
    assert_eq!(status, 429, "even the right PIN waits: {body}");
    assert_eq!(body["retryAfter"].as_u64(), Some(header));
    assert!((1..=60).contains(&header));
}

/// Whoever has been stopped at one surface has not the guesses of another one left.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_counted_at_all_surfaces_together() {
    for lnbits_first in [true, false] {
        let app = TestApp::initialized_with(|settings| settings.gate = stop_after(4)).await;
        let (staff, holder) = (app.nobody(), app.caller("nobody"));
        let pos = async |name: &str, pin: &str| {
            let guess = json!({"name": name, "pin": pin});
            staff.post("/auth/login", guess).await.0
        };
        let lnbits = async |name: &str, password: &str| {
            let guess = json!({"username": name, "password": password});
            holder.call(Method::POST, "/auth", &guess).await.0
        };
        for n in 0..4 {
            // Another name each time, so that it is the address that is counted.
            let (name, at_lnbits) = (format!("nobody{n}"), (n < 2) == lnbits_first);
            let status = match at_lnbits {
                true => lnbits(&name, "wrong").await,
                false => pos(&name, "0000").await,
            };
            assert_eq!(status, 401);
        }
        assert_eq!(pos("admin", PIN).await, 429, "even the right PIN waits");
        assert_eq!(lnbits("admin", PASSWORD).await, 429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_rotate_and_an_old_one_ends_the_session() {
    let app = TestApp::initialized().await;
    let admin = app.admin().await;
    let stolen = admin.cookie("refreshToken").unwrap();
    let (status, answer) = admin.post("/auth/refresh", json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["accessToken"].as_str().unwrap(),
        admin.cookie("accessToken").unwrap()
    );
    assert_ne!(admin.cookie("refreshToken").unwrap(), stolen);
    assert_eq!(admin.get("/users/me").await.0, 200);

    let thief = app.nobody();
    thief.set_cookie("refreshToken", Some(&stolen));
    assert_eq!(thief.post("/auth/refresh", json!({})).await.0, 401);
    // The family is revoked: the honest party has to log in again, too.
    assert_eq!(admin.get("/users/me").await.0, 401);
    assert_eq!(admin.post("/auth/refresh", json!({})).await.0, 401);
    assert_eq!(app.nobody().post("/auth/refresh", json!({})).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_ends_the_session_and_its_wallet_token() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let keep =
        ["accessToken", "refreshToken", "walletAccessToken"].map(|n| admin.cookie(n).unwrap());
    let (status, answer) = admin.post("/auth/logout", json!({})).await;
    assert_eq!(
        (status, &answer["message"]),
        (200, &json!("Logout successful"))
    );
    assert_eq!(admin.cookie("accessToken"), None, "the cookie is deleted");
    let late = app.nobody();
    late.set_cookie("accessToken", Some(&keep[0]));
    late.set_cookie("refreshToken", Some(&keep[1]));
    late.set_cookie("walletAccessToken", Some(&keep[2]));
    assert_eq!(late.get("/users/me").await.0, 401);
    assert_eq!(late.post("/auth/refresh", json!({})).await.0, 401);
    late.set_cookie("accessToken", None);
    let wanted = json!({"amountSat": 1});
    assert_eq!(late.post("/wallet/createinvoice", wanted).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wallet_has_a_password_of_its_own() {
    let app = TestApp::initialized().await;
    let admin = app.admin().await;
    let (status, answer) = admin.get("/wallet/getbalance").await;
    assert_eq!(
        (status, &answer["code"]),
        (403, &json!("wallet_access_required"))
    );
    let (status, answer) = admin.post("/wallet/auth", json!({"password": PIN})).await;
    assert_eq!((status, &answer["code"]), (401, &json!("invalid_password")));
    let (status, answer) = admin
        .post("/wallet/auth", json!({"password": PASSWORD}))
        .await;
    assert_eq!(
        (status, &answer["message"]),
        (200, &json!("Login successful"))
    );
    assert!(answer["walletTokenExpiresAt"].is_u64(), "{answer}");
    assert_eq!(admin.get("/wallet/getbalance").await.0, 200);

    // A second administrator's session cannot use it.
    let other = app.admin().await;
    other.set_cookie(
        "walletAccessToken",
        admin.cookie("walletAccessToken").as_deref(),
    );
    assert_eq!(other.get("/wallet/getbalance").await.0, 403);

    let token = admin.cookie("walletAccessToken").unwrap();
    assert_eq!(
        admin.post("/wallet/logout", json!({})).await,
        (200, json!({"status": "ok"}))
    );
    assert_eq!(admin.cookie("walletAccessToken"), None);
    admin.set_cookie("walletAccessToken", Some(&token));
    assert_eq!(admin.get("/wallet/getbalance").await.0, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn bearer_headers_stand_in_for_cookies() {
    let app = TestApp::initialized().await;
    let token = app.admin().await.cookie("accessToken").unwrap();
    let caller = app.nobody();
    let request = caller.request(Method::GET, "/users/me").bearer_auth(token);
    assert_eq!(caller.send(request).await.status(), 200);
}
