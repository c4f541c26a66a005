//! LNbits accounts, wallets and shares: who has what, what a key shows, and what is left of a wallet
//! that is deleted.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{PASSWORD, TestApp, until};
use support::lnbits::{Answer, Login, Wallet};
use tilld::lnbits::Dialect;

const BOTH: [Dialect; 2] = [Dialect::Documented, Dialect::V1];

async fn with(wallet: &Wallet, method: Method, path: &str, body: Value) -> Answer {
    let key = Some(wallet.adminkey.as_str());
    wallet.call(method, path, key, Some(&body)).await
}

/// Somebody pays the wallet over Lightning.
async fn earn(app: &TestApp, wallet: &Wallet, amount_sat: u64) {
    let before = balance(wallet).await;
    let asked = json!({"out": false, "amount": amount_sat, "memo": "tea"});
    let (status, made) = wallet.post("/payments", asked).await;
    assert_eq!(status, 201, "{made}");
    let bolt11 = made["payment_request"].as_str().unwrap();
    app.node.customer_pays(bolt11, amount_sat * 1_000);
    let after = before + amount_sat * 1_000;
    until(async || (balance(wallet).await == after).then_some(())).await;
}

async fn balance(wallet: &Wallet) -> u64 {
    wallet.get("/wallet").await.1["balance"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_logs_in_here_too() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let admin = app.caller("admin");
    let typed = json!({"username": "admin", "password": PASSWORD});
    let (status, login) = admin.call(Method::POST, "/auth", &typed).await;
    assert_eq!((status, &login["token_type"]), (200, &json!("bearer")));
    let token = login["access_token"].as_str().unwrap().to_owned();
    let admin = admin.with_token(&token);
    let (_, me) = admin.get("/auth").await;
    assert_eq!(
        (&me["username"], &me["admin"]),
        (&json!("admin"), &json!(true))
    );
    assert_eq!(me["wallets"][0]["name"], "LNbits wallet");
    for typed in [
        json!({"username": "admin", "password": "wrong-password"}),
        json!({"username": "nobody", "password": PASSWORD}),
    ] {
        let refused = app.caller("x").call(Method::POST, "/auth", &typed).await;
        assert_eq!(refused, (401, json!({"detail": "Invalid credentials."})));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_stopped() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let wrong = json!({"username": "admin", "password": "wrong-password"});
    let caller = app.caller("guesser");
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(caller.call(Method::POST, "/auth", &wrong).await.0);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    let right = json!({"username": "admin", "password": PASSWORD});
    assert_eq!(caller.call(Method::POST, "/auth", &right).await.0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_a_login_and_usr_is_none() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let ana = app.holder("ana").await;
    let url = format!("{}/api/v1/wallets", app.url);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let cookie = format!("cookie_access_token={}", ana.token);
    let answer = http
        .get(&url)
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let usr = format!("{url}?usr={}", ana.id);
    assert_eq!(http.get(usr).send().await.unwrap().status(), 401);
    let login = json!({"username": "ana", "password": PASSWORD});
    let answer = http.post(format!("{}/api/v1/auth", app.url)).json(&login);
    let answer = answer.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("cookie_access_token=ey"), "{cookie}");
    assert!(cookie.contains("HttpOnly"), "{cookie}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_the_login() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let ana = app.holder("ana").await;
    assert_eq!(ana.get("/wallets").await.0, 200);
    assert_eq!(
        ana.call(Method::POST, "/auth/logout", &Value::Null).await.0,
        200
    );
    let refused = (401, json!({"detail": "Invalid access token."}));
    assert_eq!(ana.get("/wallets").await, refused);
    assert_eq!(
        ana.call(Method::POST, "/auth/logout", &Value::Null).await.0,
        200
    );
    assert_eq!(app.holder("ana").await.get("/wallets").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_needs_an_open_door_and_a_good_name() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let caller = app.caller("x");
    let table = [
        (json!({"username": "a", "password": PASSWORD}), 422),
        (json!({"username": "a b", "password": PASSWORD}), 422),
        (json!({"username": "ben", "password": "short"}), 422),
        (json!({"username": "ben", "password": 12345678}), 422),
        (json!({"username": "ben"}), 422),
        (
            json!({"username": "ben", "password": PASSWORD, "password_repeat": "other-one"}),
            400,
        ),
        (json!({"username": "admin", "password": PASSWORD}), 400),
        (
            json!({"username": "ben", "password": PASSWORD, "password_repeat": PASSWORD}),
            200,
        ),
        (json!({"username": "ben", "password": PASSWORD}), 400),
    ];
    for (body, expected) in table {
        let (status, answer) = caller.call(Method::POST, "/auth/register", &body).await;
        assert_eq!(status, expected, "{body} {answer}");
    }
    let closed = TestApp::initialized().await;
    for path in ["/auth/register", "/account"] {
        let body = json!({"username": "ben", "password": PASSWORD, "name": "x"});
        let refused = closed.caller("x").call(Method::POST, path, &body).await;
        let detail = json!({"detail": "Account creation is disabled."});
        assert_eq!(refused, (403, detail), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_a_wallet_with_keys() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let body = json!({"name": "acc"});
    let caller = app.caller("x");
    let (status, made) = caller.call(Method::POST, "/account", &body).await;
    assert_eq!((status, &made["name"]), (200, &json!("acc")), "{made}");
    for field in ["id", "user", "adminkey", "inkey"] {
        assert_eq!(made[field].as_str().unwrap().len(), 32, "{field}");
    }
    let other = app.wallet("other").await;
    let key = made["inkey"].as_str();
    let (_, seen) = other.call(Method::GET, "/wallet", key, None).await;
    assert_eq!(seen["id"], made["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_key_never_shows_the_admin_key() {
    for dialect in BOTH {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("till").await;
        let (_, seen) = wallet.get("/wallet").await;
        let expected = json!({
            "id": wallet.id, "name": "till", "balance": 0, "inkey": wallet.inkey, "currency": null,
        });
        assert_eq!(seen, expected);
        let (_, seen) = with(&wallet, Method::GET, "/wallet", Value::Null).await;
        assert_eq!(seen["adminkey"], json!(wallet.adminkey));
        let path = format!("/wallet?api-key={}", wallet.inkey);
        let (status, seen) = wallet.call(Method::GET, &path, None, None).await;
        assert_eq!((status, seen.get("adminkey")), (200, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_are_made_listed_and_searched() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let ana = app.holder("ana").await;
    for n in 0..24 {
        let body = json!({"name": format!("Shop {n}")});
        assert_eq!(ana.call(Method::POST, "/wallet", &body).await.0, 200);
    }
    let (_, all) = ana.get("/wallets").await;
    assert_eq!(all.as_array().unwrap().len(), 25);
    assert_eq!(all[1]["balance"], 0);
    let (_, page) = ana.get("/wallet/paginated").await;
    assert_eq!(
        (page["data"].as_array().unwrap().len(), &page["total"]),
        (20, &json!(25))
    );
    let (_, page) = ana.get("/wallet/paginated?limit=2&offset=24").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(page["data"][0]["name"], "Shop 23");
    let (_, page) = ana.get("/wallet/paginated?search=sHOP%201&limit=500").await;
    assert_eq!(page["total"], 11);
    assert_eq!(ana.get("/wallet/paginated?limit=x").await.0, 422);
    let ben = app.holder("ben").await;
    assert_eq!(ben.get("/wallets").await.1.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_gets_another_name_and_currency() {
    for (dialect, invalid) in [(Dialect::Documented, 422), (Dialect::V1, 400)] {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("old").await;
        for method in [Method::PUT, Method::PATCH] {
            let body = json!({"name": "New Name", "currency": "usd"});
            let (status, changed) = with(&wallet, method.clone(), "/wallet", body).await;
            assert_eq!(status, 200, "{changed}");
            assert_eq!(changed["id"], json!(wallet.id));
            assert_eq!(
                (&changed["name"], &changed["currency"]),
                (&json!("New Name"), &json!("USD"))
            );
            assert_eq!(
                (&changed["balance"], &changed["adminkey"]),
                (&json!(0), &json!(wallet.adminkey))
            );
            for body in [
                json!({"currency": "ZZZ"}),
                json!({"name": ""}),
                json!({"name": 7}),
            ] {
                let (status, answer) = with(&wallet, method.clone(), "/wallet", body).await;
                assert_eq!(status, invalid, "{answer}");
            }
        }
        let (status, same) = wallet
            .call(Method::PATCH, "/wallet", Some(&wallet.adminkey), None)
            .await;
        assert_eq!((status, &same["name"]), (200, &json!("New Name")));
        let (_, cleared) = with(&wallet, Method::PUT, "/wallet", json!({"currency": ""})).await;
        assert_eq!(cleared["currency"], Value::Null);
        let (status, renamed) = with(&wallet, Method::PUT, "/wallet/my%20till", Value::Null).await;
        assert_eq!((status, &renamed["name"]), (200, &json!("my till")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_end_the_old_ones() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let ana = app.holder("ana").await;
    let before = ana.wallet_named("LNbits wallet").await;
    let path = format!("/wallet/reset/{}", before.id);
    assert_eq!(ana.call(Method::PUT, &path, &Value::Null).await.0, 200);
    let after = ana.wallet_named("LNbits wallet").await;
    assert_eq!(before.id, after.id);
    for key in [&before.adminkey, &before.inkey] {
        assert_eq!(
            after.call(Method::GET, "/wallet", Some(key), None).await.0,
            401
        );
    }
    for key in [&after.adminkey, &after.inkey] {
        assert_eq!(
            after.call(Method::GET, "/wallet", Some(key), None).await.0,
            200
        );
    }
    let ben = app.holder("ben").await;
    assert_eq!(ben.call(Method::PUT, &path, &Value::Null).await.0, 404);
    assert_eq!(
        ana.call(Method::PUT, "/wallet/reset/nope", &Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_wallet_is_a_tombstone_and_its_money_is_the_house_s() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let wallet = app.wallet("short-lived").await;
    earn(&app, &wallet, 700).await;
    let house = app.service.house_balance().await.unwrap().ledger_msat;
    let asked = json!({"out": false, "amount": 50});
    let (_, open) = wallet.post("/payments", asked).await;
    let deleted = with(&wallet, Method::DELETE, "/wallet", Value::Null).await;
    assert_eq!(deleted, (200, json!({"detail": "Wallet deleted"})));
    assert_eq!(
        with(&wallet, Method::GET, "/wallet", Value::Null).await.0,
        401
    );
    assert_eq!(
        with(&wallet, Method::DELETE, "/wallet", Value::Null)
            .await
            .0,
        401
    );
    let now = app.service.house_balance().await.unwrap().ledger_msat;
    assert_eq!(now - house, 700_000);
    let payer = app.wallet("payer").await;
    earn(&app, &payer, 100).await;
    let bolt11 = open["payment_request"].clone();
    let (status, refused) = payer
        .post("/payments", json!({"out": true, "bolt11": bolt11}))
        .await;
    assert!((400..600).contains(&status), "{status} {refused}");
    assert_eq!(balance(&payer).await, 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_of_one_s_own_is_deleted_by_its_id() {
    for (dialect, answer) in [
        (Dialect::Documented, json!({"detail": "Wallet deleted"})),
        (Dialect::V1, Value::Null),
    ] {
        let app = TestApp::lnbits(dialect).await;
        let (ana, ben) = (app.holder("ana").await, app.holder("ben").await);
        let wallet = ana.wallet_named("LNbits wallet").await;
        let path = format!("/wallet/{}", wallet.id);
        let unknown = (404, json!({"detail": "Wallet not found"}));
        assert_eq!(ben.call(Method::DELETE, &path, &Value::Null).await, unknown);
        assert_eq!(
            ana.call(Method::DELETE, &path, &Value::Null).await,
            (200, answer)
        );
        assert_eq!(ana.call(Method::DELETE, &path, &Value::Null).await, unknown);
        assert_eq!(
            ana.call(Method::DELETE, "/wallet/nope", &Value::Null).await,
            unknown
        );
        assert_eq!(ana.get("/wallets").await.1, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_secret_is_the_wallet_s_and_for_the_admin_key() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (one, two) = (app.wallet("one").await, app.wallet("two").await);
    let path = "/wallet/webhook-secret";
    let (status, first) = with(&one, Method::GET, path, Value::Null).await;
    assert_eq!(status, 200);
    let signed_with = app.service.webhook_secret(one.account());
    assert_eq!(first, json!({"secret": signed_with}));
    assert_ne!(with(&two, Method::GET, path, Value::Null).await.1, first);
    assert_eq!(one.get(path).await.0, 403);
}

/// Ana invites Ben to her wallet, and he takes it.
async fn shared(app: &TestApp, permissions: Value) -> (Wallet, Login, Wallet, String) {
    let (ana, ben) = (app.holder("ana").await, app.holder("ben").await);
    let body = json!({"name": "kiosk"});
    assert_eq!(ana.call(Method::POST, "/wallet", &body).await.0, 200);
    let wallet = ana.wallet_named("kiosk").await;
    let body = json!({"user_id": ben.id, "permissions": permissions});
    let (status, invited) = with(&wallet, Method::PUT, "/wallet/share/invite", body).await;
    assert_eq!(status, 200, "{invited}");
    let id = invited["id"].as_str().unwrap().to_owned();
    let accept = json!({"share_request_id": id});
    let (status, answer) = ben.call(Method::PUT, "/wallet/share", &accept).await;
    assert_eq!(
        (status, answer),
        (200, json!({"detail": "Wallet shared successfully"}))
    );
    let mirror = ben.wallet_named("kiosk").await;
    (wallet, ben, mirror, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_made_shown_and_answered() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (ana, ben) = (app.holder("ana").await, app.holder("ben").await);
    let wallet = ana.wallet_named("LNbits wallet").await;
    let path = "/wallet/share/invite";
    let table = [
        (json!({"permissions": ["VIEW_PAYMENTS"]}), 422),
        (
            json!({"user_id": "x", "permissions": ["VIEW_PAYMENTS"]}),
            400,
        ),
        (json!({"username": "nobody", "permissions": []}), 400),
        (json!({"user_id": ben.id, "permissions": []}), 422),
        (
            json!({"user_id": ben.id, "permissions": ["EVERYTHING"]}),
            422,
        ),
        (
            json!({"user_id": ana.id, "permissions": ["VIEW_PAYMENTS"]}),
            400,
        ),
    ];
    for (body, expected) in table {
        let (status, answer) = with(&wallet, Method::PUT, path, body.clone()).await;
        assert_eq!(status, expected, "{body} {answer}");
    }
    let body = json!({"username": "ben", "permissions": ["view-payments", "RECEIVE_PAYMENTS"]});
    let (status, invited) = with(&wallet, Method::PUT, path, body.clone()).await;
    assert_eq!(status, 200, "{invited}");
    assert_eq!(invited["wallet_id"], json!(wallet.id));
    assert_eq!(invited["user_id"], json!(ben.id));
    assert_eq!(
        invited["permissions"],
        json!(["VIEW_PAYMENTS", "RECEIVE_PAYMENTS"])
    );
    assert_eq!(invited["status"], "invite_sent");
    let again = with(&wallet, Method::PUT, path, body.clone()).await;
    assert_eq!(again.0, 400, "invited already");
    let (_, me) = ben.get("/auth").await;
    assert_eq!(
        me["extra"]["wallet_invite_requests"][0]["request_id"],
        invited["id"]
    );
    let reject = format!("{path}/{}", invited["id"].as_str().unwrap());
    let carl = app.holder("carl").await;
    assert_eq!(
        carl.call(Method::DELETE, &reject, &Value::Null).await.0,
        400
    );
    let (status, rejected) = ben.call(Method::DELETE, &reject, &Value::Null).await;
    assert_eq!(
        (status, &rejected["detail"]),
        (200, &json!("Share invitation rejected"))
    );
    let unknown = (400, json!({"detail": "Invitation not found."}));
    assert_eq!(
        ben.call(Method::DELETE, &reject, &Value::Null).await,
        unknown
    );
    let accept = json!({"share_request_id": invited["id"]});
    assert_eq!(
        ben.call(Method::PUT, "/wallet/share", &accept).await,
        unknown
    );
    assert_eq!(
        with(&wallet, Method::PUT, path, body).await.0,
        200,
        "a rejected one may be invited again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_allows_what_it_says_and_no_more() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (wallet, _, mirror, _) = shared(&app, json!(["RECEIVE_PAYMENTS"])).await;
    assert_eq!(mirror.id, wallet.id);
    assert_ne!(
        (&mirror.adminkey, &mirror.inkey),
        (&wallet.adminkey, &wallet.inkey)
    );
    earn(&app, &mirror, 300).await;
    assert_eq!(balance(&wallet).await, 300_000);
    let asked = json!({"out": false, "amount": 10});
    let (_, made) = mirror.post("/payments", asked).await;
    let seen = format!("/payments/{}", made["checking_id"].as_str().unwrap());
    assert_eq!(mirror.get(&seen).await.0, 403, "not VIEW_PAYMENTS");
    let other = app.wallet("other").await;
    let (_, bill) = other
        .post("/payments", json!({"out": false, "amount": 10}))
        .await;
    let pay = json!({"out": true, "bolt11": bill["payment_request"]});
    assert_eq!(
        mirror.post("/payments", pay.clone()).await.0,
        403,
        "not SEND_PAYMENTS"
    );
    for (method, path) in [
        (Method::PUT, "/wallet"),
        (Method::DELETE, "/wallet"),
        (Method::GET, "/wallet/webhook-secret"),
        (Method::PUT, "/wallet/other-name"),
    ] {
        let (status, _) = with(&mirror, method.clone(), path, json!({})).await;
        assert_eq!(status, 403, "{method} {path}");
    }
    assert_eq!(balance(&wallet).await, 300_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_send_pays_from_the_shared_wallet_and_who_may_manage_shares_no_more_than_that() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let (wallet, _, mirror, _) = shared(&app, json!(["SEND_PAYMENTS", "MANAGE"])).await;
    earn(&app, &wallet, 300).await;
    let other = app.wallet("other").await;
    let (_, bill) = other
        .post("/payments", json!({"out": false, "amount": 10}))
        .await;
    let pay = json!({"out": true, "bolt11": bill["payment_request"]});
    let (status, _) = mirror
        .call(Method::POST, "/payments", Some(&mirror.inkey), Some(&pay))
        .await;
    assert_eq!(status, 403, "an invoice key never pays");
    assert_eq!(mirror.post("/payments", pay).await.0, 201);
    assert_eq!(balance(&wallet).await, 290_000);
    assert_eq!(
        with(&mirror, Method::PUT, "/wallet", json!({"name": "bar"}))
            .await
            .0,
        200
    );
    let carl = app.holder("carl").await;
    let invite = |names: Value| json!({"user_id": carl.id, "permissions": names});
    let path = "/wallet/share/invite";
    let more = invite(json!(["SEND_PAYMENTS", "VIEW_PAYMENTS"]));
    assert_eq!(with(&mirror, Method::PUT, path, more).await.0, 403);
    assert_eq!(
        with(&mirror, Method::PUT, path, invite(json!(["SEND_PAYMENTS"])))
            .await
            .0,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_ends_with_its_keys_and_a_new_one_has_others() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let (wallet, ben, mirror, id) = shared(&app, json!(["VIEW_PAYMENTS"])).await;
    assert_eq!(mirror.get("/wallet").await.0, 200);
    let path = format!("/wallet/share/{id}");
    assert_eq!(
        with(&mirror, Method::DELETE, &path, Value::Null).await.0,
        403
    );
    let (status, gone) = with(&wallet, Method::DELETE, &path, Value::Null).await;
    assert_eq!(
        (status, &gone["message"]),
        (200, &json!("Permission removed."))
    );
    assert_eq!(
        mirror.get("/wallet").await.0,
        404,
        "the key is good no more"
    );
    assert_eq!(ben.get("/wallets").await.1.as_array().unwrap().len(), 1);
    let (_, _, again, same) = shared_again(&wallet, &ben).await;
    assert_eq!(same, id, "one wallet and one holder have one share");
    assert_ne!(again.inkey, mirror.inkey);
    assert_eq!(mirror.get("/wallet").await.0, 404, "an old key stays old");
    assert_eq!(again.get("/wallet").await.0, 200);
    let leave = format!("/wallet/{}", wallet.id);
    assert_eq!(ben.call(Method::DELETE, &leave, &Value::Null).await.0, 200);
    assert_eq!(again.get("/wallet").await.0, 404);
    assert_eq!(
        wallet.get("/wallet").await.0,
        200,
        "it was not Ben's to delete"
    );
}

async fn shared_again(wallet: &Wallet, ben: &Login) -> (Answer, Answer, Wallet, String) {
    let body = json!({"user_id": ben.id, "permissions": ["VIEW_PAYMENTS"]});
    let invited = with(wallet, Method::PUT, "/wallet/share/invite", body).await;
    let id = invited.1["id"].as_str().unwrap().to_owned();
    let accept = json!({"share_request_id": id});
    let accepted = ben.call(Method::PUT, "/wallet/share", &accept).await;
    (invited, accepted, ben.wallet_named("kiosk").await, id)
}
