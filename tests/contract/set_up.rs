//! The first hour: health, set-up, staff.

use serde_json::json;
use support::app::{PASSWORD, PIN, TestApp, setup};
use till::holder::KeyScope;
use till::ledger::Origin;
use till_actors::till::StoppedTill;
use tilld::pos::{Secret, SetupWish};

#[tokio::test(flavor = "multi_thread")]
async fn a_till_is_set_up_once() {
    let app = TestApp::start().await;
    let caller = app.nobody();
    assert_eq!(
        caller.get("/initial-setup").await,
        (200, json!({"initialized": false}))
    );
    let refused = [
        json!({}),
        json!({"userName": "", "userPassword": PASSWORD, "userPin": "1234"}),
        json!({"userName": "a", "userPassword": "short", "userPin": "1234"}),
        json!({"userName": "a", "userPassword": PASSWORD, "userPin": "12"}),
        json!({"userName": "a", "userPassword": PASSWORD, "userPin": "12a4"}),
        json!({"userName": 7, "userPassword": PASSWORD, "userPin": "1234"}),
        json!({"userName": "a".repeat(65), "userPassword": PASSWORD, "userPin": "1234"}),
    ];
    for body in refused {
        let (status, answer) = caller.post("/initial-setup", body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer["message"].is_string(), "{answer}");
    }
    // Two at the same moment: one wins.
    let other = app.nobody();
    let (a, b) = tokio::join!(
        caller.post("/initial-setup", setup()),
        other.post("/initial-setup", setup())
    );
    let mut statuses = [a.0, b.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let done = if a.0 == 201 { a.1 } else { b.1 };
    assert!(done["message"].is_string() && done["userId"].is_string());
    assert_eq!(done["roleId"], 1);
    assert_eq!(
        caller.get("/initial-setup").await,
        (200, json!({"initialized": true}))
    );
    assert_eq!(caller.post("/initial-setup", setup()).await.0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_no_login() {
    let app = TestApp::start().await;
    let caller = app.nobody();
    assert_eq!(caller.get("/healthz").await.0, 200);
    assert_eq!(
        caller.get("/readyz").await,
        (200, json!({"status": "ready"}))
    );
    let (status, health) = caller.get("/api/health").await;
    assert_eq!(status, 200);
    assert!(
        health["status"].is_string() && !health["timestamp"].is_null(),
        "{health}"
    );
    app.node.vanish();
    let (status, answer) = caller.get("/readyz").await;
    assert_eq!((status, &answer["code"]), (503, &json!("node_unavailable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_hires_staff() {
    let app = TestApp::initialized().await;
    let admin = app.admin().await;
    let cashier = app.cashier().await;
    let (status, me) = cashier.get("/users/me").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&me["name"], &me["role"], &me["isAdmin"]),
        (&json!("carol"), &json!("cashier"), &json!(false))
    );
    let (status, staff) = admin.get("/users").await;
    assert_eq!((status, staff.as_array().unwrap().len()), (200, 2));
    let text = staff.to_string();
    assert!(
        !text.contains("argon2") && !text.contains(PASSWORD),
        "{text}"
    );
    let again = json!({"name": "carol", "password": PASSWORD, "pin": "1234", "role": "cashier"});
    assert_eq!(admin.post("/users", again).await.0, 409);
    let odd = json!({"name": "dave", "password": PASSWORD, "pin": "1234", "role": "owner"});
    assert_eq!(admin.post("/users", odd).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_whose_administrator_was_named_before_its_first_start_is_closed_to_others() {
    let wish = SetupWish {
        name: "admin".into(),
        password: Secret::new(PASSWORD.into()),
        pin: Secret::new(PIN.into()),
        wallet_password: Some(Secret::new("An0ther0ne!".into())),
        business_name: None,
        business_currency: None,
    };
    let made = wish.prepare().unwrap();
    // The seed that the tills here start with: keys of wallets follow from it.
    let seed = [7; 64].into();
    let app = TestApp::over(|config| {
        let till = StoppedTill::open_or_make(&config.data_dir, config.network);
        till.unwrap().initialize(&seed, made).unwrap();
    })
    .await;
    let (_, state) = app.nobody().get("/initial-setup").await;
    assert_eq!(state, json!({"initialized": true}));
    assert_eq!(app.nobody().post("/initial-setup", setup()).await.0, 409);

    let admin = app.admin().await;
    for (password, status) in [(PASSWORD, 401), ("An0ther0ne!", 200)] {
        let body = json!({"password": password});
        assert_eq!(admin.post("/wallet/auth", body).await.0, status);
    }
    let holder = app.service.holder_by_name("admin").await.unwrap().unwrap();
    let wallets = app.service.wallets_of(holder.id).await.unwrap();
    let (origin, scope) = (Origin::Lnbits, KeyScope::Admin);
    let key = app.service.key_text(origin, scope, &wallets[0]);
    let opened = app.service.opened_by(origin, &key).await.unwrap();
    assert_eq!(opened.unwrap().wallet.id, wallets[0].id);
}
