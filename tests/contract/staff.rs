//! Staff: changed, deleted, thrown out.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{PASSWORD, PIN, TestApp};
use support::caller::{Answer, Caller, read};

async fn patch(caller: &Caller, id: &str, body: Value) -> Answer {
    let request = caller.request(Method::PATCH, &format!("/users/{id}"));
    read(caller.send(request.json(&body)).await).await
}

async fn delete(caller: &Caller, path: &str) -> Answer {
    read(caller.send(caller.request(Method::DELETE, path)).await).await
}

async fn id(caller: &Caller) -> String {
    let (status, me) = caller.get("/users/me").await;
    assert_eq!(status, 200, "{me}");
    me["userId"].as_str().unwrap().to_owned()
}

async fn login(app: &TestApp, name: &str, pin: &str) -> u16 {
    let body = json!({"name": name, "pin": pin});
    app.nobody().post("/auth/login", body).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_is_only_another_name() {
    let app = TestApp::initialized().await;
    let (admin, carol) = (app.admin().await, app.cashier().await);
    let id = id(&carol).await;
    let (status, changed) = patch(&admin, &id, json!({"name": "caroline"})).await;
    assert_eq!(status, 200, "{changed}");
    let expected = json!({
        "userId": id, "name": "caroline", "role": "cashier", "roleId": 2, "isAdmin": false,
    });
    assert_eq!(changed, expected);
    assert_eq!(carol.get("/users/me").await, (200, expected));
    assert_eq!(login(&app, "carol", PIN).await, 401, "nobody has that name");
    assert_eq!(login(&app, "caroline", PIN).await, 200);
    // It is free for somebody else, and hers can be had by nobody.
    let body = json!({"name": "carol", "password": PASSWORD, "pin": "9999", "role": "cashier"});
    assert_eq!(admin.post("/users", body).await.0, 201);
    let (status, answer) = patch(&admin, &id, json!({"name": "carol"})).await;
    assert_eq!((status, &answer["code"]), (409, &json!("name_taken")));
    assert_eq!(login(&app, "carol", "9999").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_or_role_ends_every_session() {
    let app = TestApp::initialized().await;
    let admin = app.admin().await;
    let carol_id = id(&app.cashier().await).await;
    let changes = [
        json!({"pin": "4321"}),
        json!({"password": "another S3cret"}),
        json!({"role": "admin"}),
        json!({"pin": PIN, "password": PASSWORD, "role": "cashier"}),
    ];
    let mut pin = PIN;
    for change in changes {
        let (here, there) = (app.nobody(), app.nobody());
        for carol in [&here, &there] {
            let body = json!({"name": "carol", "pin": pin});
            assert_eq!(carol.post("/auth/login", body).await.0, 200);
        }
        let (status, answer) = patch(&admin, &carol_id, change.clone()).await;
        assert_eq!(status, 200, "{change}: {answer}");
        if change["pin"].is_string() {
            assert_eq!(login(&app, "carol", pin).await, 401, "{change}");
            pin = if pin == PIN { "4321" } else { PIN };
        }
        for carol in [&here, &there] {
            assert_eq!(carol.get("/users/me").await.0, 401, "{change}");
            assert_eq!(
                carol.post("/auth/refresh", json!({})).await.0,
                401,
                "{change}"
            );
        }
        assert_eq!(admin.get("/users/me").await.0, 200, "{change}");
    }
    let by_password = json!({"name": "carol", "password": PASSWORD});
    let carol = app.nobody();
    assert_eq!(carol.post("/auth/login", by_password).await.0, 200);
    // What changes nothing ends nothing.
    assert_eq!(
        patch(&admin, &carol_id, json!({"role": "cashier"})).await.0,
        200
    );
    assert_eq!(carol.get("/users/me").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_becomes_a_cashier_loses_the_wallet() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let dora = json!({"name": "dora", "password": PASSWORD, "pin": PIN, "role": "admin"});
    let (_, dora) = admin.post("/users", dora).await;
    let dora = dora["userId"].as_str().unwrap();
    let boss = app.login("dora").await;
    let me = id(&admin).await;
    let token = admin.cookie("walletAccessToken");
    assert_eq!(patch(&boss, &me, json!({"role": "cashier"})).await.0, 200);
    let wanted = json!({"amountSat": 1});
    let keeper = app.nobody();
    keeper.set_cookie("walletAccessToken", token.as_deref());
    assert_eq!(keeper.post("/wallet/createinvoice", wanted).await.0, 401);
    let (status, answer) = app.admin().await.get("/users").await;
    assert_eq!((status, &answer["code"]), (403, &json!("forbidden")));
    // Now the other one is the last.
    for (status, answer) in [
        patch(&boss, dora, json!({"role": "cashier"})).await,
        delete(&boss, &format!("/users/{dora}")).await,
    ] {
        assert_eq!((status, &answer["code"]), (409, &json!("last_admin")));
    }
    assert_eq!(boss.get("/users").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deleted_is_gone_and_the_name_is_free() {
    let app = TestApp::initialized().await;
    let (admin, carol) = (app.admin().await, app.cashier().await);
    let path = format!("/users/{}", id(&carol).await);
    let deleted = delete(&admin, &path).await;
    assert_eq!(deleted, (200, json!({"message": "User deleted"})));
    assert_eq!(carol.get("/users/me").await.0, 401);
    assert_eq!(login(&app, "carol", PIN).await, 401);
    let (_, staff) = admin.get("/users").await;
    assert_eq!(staff.as_array().unwrap().len(), 1, "{staff}");
    for late in [
        delete(&admin, &path).await,
        delete(&admin, &format!("{path}/sessions")).await,
        patch(&admin, &path["/users/".len()..], json!({"name": "x"})).await,
    ] {
        assert_eq!((late.0, &late.1["code"]), (404, &json!("not_found")));
    }
    let again = id(&app.cashier().await).await;
    assert_ne!(
        format!("/users/{again}"),
        path,
        "somebody else of that name"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_ended_sockets_included() {
    let often = |settings: &mut tilld::pos::Settings| {
        settings.ping_interval = Duration::from_millis(20);
    };
    let app = TestApp::initialized_with(often).await;
    let (admin, carol) = (app.admin().await, app.cashier().await);
    let mut socket = carol.socket("", &[]).await.unwrap();
    let path = format!("/users/{}/sessions", id(&carol).await);
    let ended = delete(&admin, &path).await;
    assert_eq!(ended, (200, json!({"message": "Sessions ended"})));
    assert_eq!(carol.get("/users/me").await.0, 401);
    assert_eq!(socket.next().await, None, "the till closes it");
    assert_eq!(
        app.cashier().await.get("/users/me").await.0,
        200,
        "a new login"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let app = TestApp::initialized().await;
    let (admin, carol) = (app.admin().await, app.cashier().await);
    let carol_id = id(&carol).await;
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "a".repeat(65)}),
        json!({"name": 7}),
        json!({"pin": "12"}),
        json!({"pin": 1234}),
        json!({"password": "short"}),
        json!({"role": "owner"}),
        json!({"role": "admin", "pin": "12"}),
    ] {
        let (status, answer) = patch(&admin, &carol_id, body.clone()).await;
        let told = (status, &answer["code"]);
        assert_eq!(told, (400, &json!("invalid_request")), "{body}: {answer}");
    }
    for odd in ["nobody", "00", &"g".repeat(32)] {
        assert_eq!(
            patch(&admin, odd, json!({"name": "x"})).await.0,
            400,
            "{odd}"
        );
        assert_eq!(
            delete(&admin, &format!("/users/{odd}")).await.0,
            400,
            "{odd}"
        );
    }
    let unknown = "0".repeat(32);
    let (status, answer) = patch(&admin, &unknown, json!({"name": "x"})).await;
    assert_eq!((status, &answer["code"]), (404, &json!("not_found")));
    assert_eq!(carol.get("/users/me").await.0, 200);
    let admin_id = id(&admin).await;
    let (status, answer) = patch(&admin, &admin_id, json!({"role": "cashier"})).await;
    assert_eq!((status, &answer["code"]), (409, &json!("last_admin")));
    let (status, answer) = delete(&admin, &format!("/users/{admin_id}")).await;
    assert_eq!((status, &answer["code"]), (409, &json!("last_admin")));
}
