//! Every route against everybody: who may call what, and that no route is left out.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use support::app::{PASSWORD, PIN, TestApp};
use support::caller::{Caller, read};

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tier {
    Anybody,
    Refresh,
    Staff,
    StaffOrWallet,
    Admin,
    Wallet,
}

use Tier::{Admin, Anybody, Refresh, Staff, StaffOrWallet, Wallet};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Where the table of contents is that this one has to match.
const ROUTER: &str = include_str!("../../api/src/pos/mod.rs");

/// Every route of the surface; those that end what others need come last.
fn routes() -> Vec<(Method, &'static str, Tier)> {
    vec![
        (GET, "/healthz", Anybody),
        (GET, "/readyz", Anybody),
        (GET, "/api/health", Anybody),
        (GET, "/initial-setup", Anybody),
        (POST, "/initial-setup", Anybody),
        (POST, "/auth/login", Anybody),
        (GET, "/users/me", Staff),
        (POST, "/wallet/invoice", Staff),
        (GET, "/ws/payments", Staff),
        (POST, "/wallet/createinvoice", StaffOrWallet),
        (GET, "/users", Admin),
        (POST, "/users", Admin),
        (PATCH, "/users/{id}", Admin),
        (DELETE, "/users/{id}", Admin),
        (DELETE, "/users/{id}/sessions", Admin),
        (POST, "/wallet/auth", Admin),
        (POST, "/wallet/password", Wallet),
        (GET, "/wallet/seed", Wallet),
        (GET, "/wallet/webhooksecret", Wallet),
        (GET, "/wallet/auditlog", Wallet),
        (GET, "/wallet/getinfo", Wallet),
        (GET, "/wallet/getbalance", Wallet),
        (GET, "/wallet/newaddress", Wallet),
        (POST, "/wallet/newaddress", Wallet),
        (GET, "/wallet/channels", Wallet),
        (POST, "/wallet/channels", Wallet),
        (DELETE, "/wallet/channels/{channel_id}", Wallet),
        (POST, "/wallet/channels/{channel_id}/splicein", Wallet),
        (POST, "/wallet/channels/{channel_id}/spliceout", Wallet),
        (POST, "/wallet/closechannel", Wallet),
        (POST, "/wallet/payonchain", Wallet),
        (POST, "/wallet/bumpfee", Wallet),
        (POST, "/wallet/decodeinvoice", Wallet),
        (GET, "/wallet/payments/incoming", Wallet),
        (GET, "/wallet/payments/incoming/{payment_hash}", Wallet),
        (POST, "/wallet/export", Wallet),
        (POST, "/wallet/payinvoice", Wallet),
        (POST, "/wallet/payoffer", Wallet),
        (POST, "/wallet/createoffer", Wallet),
        (GET, "/wallet/getoffer", Wallet),
        (POST, "/wallet/decodeoffer", Wallet),
        (GET, "/wallet/payments/outgoing", Wallet),
        (GET, "/wallet/payments/outgoing/{payment_id}", Wallet),
        (
            GET,
            "/wallet/payments/outgoingbyhash/{payment_hash}",
            Wallet,
        ),
        (POST, "/wallet/logout", Admin),
        (POST, "/auth/refresh", Refresh),
        (POST, "/auth/logout", Anybody),
    ]
}

/// The patterns of the router, as its source has them.
fn patterns() -> BTreeSet<&'static str> {
    let (_, table) = ROUTER
        .split_once("\nfn routes()")
        .expect("the table of contents");
    let (table, _) = table.split_once("\n}").expect("its end");
    for other in [".nest", ".merge", ".route_service", ".fallback"] {
        assert!(!table.contains(other), "routes may hide behind {other}");
    }
    let routes = table.split(".route(").skip(1);
    let patterns: Vec<&str> = routes
        .map(|route| route.split('"').nth(1).expect("a pattern as text"))
        .collect();
    assert!(
        patterns.len() > 20,
        "the routes were not found: {patterns:?}"
    );
    patterns.into_iter().collect()
}

/// A path of this pattern. Nothing has that id, so nothing can happen to it.
fn path(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| match part.starts_with('{') {
        true => "00",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_has_every_route_and_method_of_the_router() {
    let app = TestApp::start().await;
    let mut missing: BTreeSet<&str> = patterns();
    for (_, pattern, _) in routes() {
        missing.remove(pattern);
    }
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    // Which methods there are the router itself says, to whoever comes with another.
    let odd = Method::from_bytes(b"PURGE").expect("a method");
    for pattern in patterns() {
        let caller = app.nobody();
        let answer = caller
            .send(caller.request(odd.clone(), &path(pattern)))
            .await;
        assert_eq!(answer.status(), 405, "{pattern}");
        let allow = answer.headers()["allow"].to_str().unwrap().to_owned();
        // HEAD comes with GET.
        let allowed: BTreeSet<&str> = allow.split(',').filter(|m| *m != "HEAD").collect();
        let table = routes();
        let known = table.iter().filter(|(_, known, _)| *known == pattern);
        let known: BTreeSet<&str> = known.map(|(method, _, _)| method.as_str()).collect();
        assert_eq!(allowed, known, "{pattern}");
    }
}

async fn answer(caller: &Caller, method: &Method, pattern: &str) -> (u16, serde_json::Value) {
    let request = caller.request(method.clone(), &path(pattern));
    let request = if [POST, PATCH].contains(method) {
        request.json(&json!({}))
    } else {
        request
    };
    read(caller.send(request).await).await
}

/// What whoever reaches `tiers` is told at a route of another tier.
fn refusal(tiers: &[Tier], tier: Tier) -> (u16, &'static str) {
    match tier {
        Wallet if tiers.contains(&Admin) => (403, "wallet_access_required"),
        Admin | Wallet if tiers.contains(&Staff) => (403, "forbidden"),
        Anybody | Refresh | Staff | StaffOrWallet | Admin | Wallet => (401, "unauthorized"),
    }
}

/// Tries every route: whoever is let in is told something else, whatever the handler then says of
/// an empty body.
async fn tries_all(who: &str, caller: Caller, tiers: &[Tier]) {
    for (method, pattern, tier) in routes() {
        let (status, body) = answer(&caller, &method, pattern).await;
        let what = format!("{who}: {method} {pattern}: {status} {body}");
        if tiers.contains(&tier) {
            assert!(![401, 403].contains(&status), "{what}");
        } else {
            let told = (status, body["code"].as_str().unwrap_or_default());
            assert_eq!(told, refusal(tiers, tier), "{what}");
        }
    }
}

/// The tokens that a caller has.
fn tokens(caller: &Caller) -> [Option<String>; 3] {
    ["accessToken", "refreshToken", "walletAccessToken"].map(|name| caller.cookie(name))
}

/// Somebody with an access token and a wallet token.
fn with(app: &TestApp, access: Option<&str>, wallet: Option<&str>) -> Caller {
    let caller = app.nobody();
    caller.set_cookie("accessToken", access);
    caller.set_cookie("walletAccessToken", wallet);
    caller
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_good_open_their_tier_and_no_other() {
    let app = TestApp::initialized().await;
    tries_all("nobody", app.nobody(), &[Anybody]).await;
    let cashier = &[Anybody, Refresh, Staff, StaffOrWallet];
    tries_all("cashier", app.cashier().await, cashier).await;
    let admin = &[Anybody, Refresh, Staff, StaffOrWallet, Admin];
    tries_all("admin", app.admin().await, admin).await;
    let wallet = &[Anybody, Refresh, Staff, StaffOrWallet, Admin, Wallet];
    tries_all("wallet admin", app.wallet_admin().await, wallet).await;

    let [_, _, token] = tokens(&app.wallet_admin().await);
    let alone = with(&app, None, token.as_deref());
    tries_all("wallet token alone", alone, &[Anybody, StaffOrWallet]).await;
    let [_, refresh, _] = tokens(&app.admin().await);
    let alone = app.nobody();
    alone.set_cookie("refreshToken", refresh.as_deref());
    tries_all("refresh token alone", alone, &[Anybody, Refresh]).await;
    // A cashier who found a wallet token gets no further with it.
    let [_, _, token] = tokens(&app.wallet_admin().await);
    let finder = app.cashier().await;
    finder.set_cookie("walletAccessToken", token.as_deref());
    tries_all("cashier, found wallet token", finder, cashier).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_good_open_nothing() {
    let app = TestApp::initialized().await;
    let garbage = with(&app, Some("garbage"), Some("garbage"));
    tries_all("garbage", garbage, &[Anybody]).await;

    let [access, _, _] = tokens(&app.admin().await);
    let access = access.unwrap();
    let (head, _) = access.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(43));
    tries_all(
        "other signature",
        with(&app, Some(&forged), None),
        &[Anybody],
    )
    .await;

    let revoked = app.wallet_admin().await;
    let [access, refresh, wallet] = tokens(&revoked);
    revoked.post("/auth/logout", json!({})).await;
    let late = with(&app, access.as_deref(), wallet.as_deref());
    late.set_cookie("refreshToken", refresh.as_deref());
    tries_all("revoked", late, &[Anybody]).await;

    let [access, _, _] = tokens(&app.admin().await);
    let [_, _, wallet] = tokens(&app.wallet_admin().await);
    let foreign = with(&app, access.as_deref(), wallet.as_deref());
    let admin = &[Anybody, Staff, StaffOrWallet, Admin];
    tries_all("wallet token of another session", foreign, admin).await;

    let back = app.wallet_admin().await;
    let [_, _, wallet] = tokens(&back);
    back.post("/wallet/logout", json!({})).await;
    back.set_cookie("walletAccessToken", wallet.as_deref());
    let admin = &[Anybody, Refresh, Staff, StaffOrWallet, Admin];
    tries_all("wallet token given back", back, admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_deleted_is_nobody() {
    let app = TestApp::initialized().await;
    let admin = app.admin().await;
    let dora = json!({"name": "dora", "password": PASSWORD, "pin": PIN, "role": "admin"});
    let (status, dora) = admin.post("/users", dora).await;
    assert_eq!(status, 201);
    let deleted = app.login("dora").await;
    let (status, _) = deleted
        .post("/wallet/auth", json!({"password": PASSWORD}))
        .await;
    assert_eq!(status, 200);
    let path = format!("/users/{}", dora["userId"].as_str().unwrap());
    let answer = admin.send(admin.request(DELETE, &path)).await;
    assert_eq!(answer.status(), 200);
    tries_all("deleted", deleted, &[Anybody]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_run_out() {
    let app = TestApp::initialized_with(|settings| settings.access_token_secs = 0).await;
    let expired = app.admin().await;
    tries_all("expired", expired, &[Anybody, Refresh]).await;
    let app = TestApp::initialized_with(|settings| settings.wallet_token_secs = 0).await;
    let expired = app.wallet_admin().await;
    let admin = &[Anybody, Refresh, Staff, StaffOrWallet, Admin];
    tries_all("expired wallet token", expired, admin).await;
}
