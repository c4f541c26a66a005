//! Every route against everybody: who may call what.

use reqwest::Method;
use serde_json::json;
use support::app::TestApp;
use support::caller::Caller;

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tier {
    Anybody,
    Staff,
    StaffOrWallet,
    Admin,
    Wallet,
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;

/// Every route of the surface, in the order of its router.
fn routes() -> Vec<(Method, &'static str, Tier)> {
    vec![
        (GET, "/healthz", Tier::Anybody),
        (GET, "/readyz", Tier::Anybody),
        (GET, "/api/health", Tier::Anybody),
        (GET, "/initial-setup", Tier::Anybody),
        (GET, "/users/me", Tier::Staff),
        (POST, "/wallet/invoice", Tier::Staff),
        (POST, "/wallet/createinvoice", Tier::StaffOrWallet),
        (GET, "/users", Tier::Admin),
        (POST, "/users", Tier::Admin),
        (POST, "/wallet/auth", Tier::Admin),
        (GET, "/wallet/getinfo", Tier::Wallet),
        (GET, "/wallet/getbalance", Tier::Wallet),
        (GET, "/wallet/newaddress", Tier::Wallet),
        (POST, "/wallet/newaddress", Tier::Wallet),
        (GET, "/wallet/channels", Tier::Wallet),
        (POST, "/wallet/channels", Tier::Wallet),
        (POST, "/wallet/channels/00/splicein", Tier::Wallet),
        (POST, "/wallet/channels/00/spliceout", Tier::Wallet),
        (POST, "/wallet/decodeinvoice", Tier::Wallet),
        (GET, "/wallet/payments/incoming", Tier::Wallet),
        (GET, "/wallet/payments/incoming/00", Tier::Wallet),
        (POST, "/wallet/payinvoice", Tier::Wallet),
        (GET, "/wallet/payments/outgoing", Tier::Wallet),
        (GET, "/wallet/payments/outgoing/00", Tier::Wallet),
        (GET, "/wallet/payments/outgoingbyhash/00", Tier::Wallet),
        // Last: it takes the wallet token away.
        (POST, "/wallet/logout", Tier::Admin),
    ]
}

async fn status(caller: &Caller, method: &Method, path: &str) -> u16 {
    let request = caller.request(method.clone(), path);
    let request = if *method == POST {
        request.json(&json!({}))
    } else {
        request
    };
    caller.send(request).await.status().as_u16()
}

/// Through the gate: whatever the handler then says of an empty body.
fn is_let_in(status: u16) -> bool {
    ![401, 403].contains(&status)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_its_tier_and_nobody_else() {
    let app = TestApp::initialized().await;
    let with = |access: Option<&str>, wallet: Option<&str>| {
        let caller = app.nobody();
        caller.set_cookie("accessToken", access);
        caller.set_cookie("walletAccessToken", wallet);
        caller
    };
    let good = app.wallet_admin().await;
    let access = good.cookie("accessToken").unwrap();
    let wallet = good.cookie("walletAccessToken").unwrap();
    let (head, _) = access.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(43));
    let revoked = app.admin().await;
    let revoked_access = revoked.cookie("accessToken").unwrap();
    revoked.post("/auth/logout", json!({})).await;

    use Tier::{Admin, Anybody, Staff, StaffOrWallet, Wallet};
    let everybody: Vec<(&str, Caller, &[Tier])> = vec![
        ("nobody", with(None, None), &[Anybody]),
        (
            "garbage",
            with(Some("garbage"), Some("garbage")),
            &[Anybody],
        ),
        ("other signature", with(Some(&forged), None), &[Anybody]),
        ("revoked", with(Some(&revoked_access), None), &[Anybody]),
        (
            "wallet token alone",
            with(None, Some(&wallet)),
            &[Anybody, StaffOrWallet],
        ),
        (
            "cashier",
            app.cashier().await,
            &[Anybody, Staff, StaffOrWallet],
        ),
        (
            "admin",
            with(Some(&access), None),
            &[Anybody, Staff, StaffOrWallet, Admin],
        ),
        (
            "admin, foreign wallet token",
            with(
                Some(&app.admin().await.cookie("accessToken").unwrap()),
                Some(&wallet),
            ),
            &[Anybody, Staff, StaffOrWallet, Admin],
        ),
        (
            "wallet admin",
            good,
            &[Anybody, Staff, StaffOrWallet, Admin, Wallet],
        ),
    ];
    for (who, caller, tiers) in everybody {
        for (method, path, tier) in routes() {
            // Whoever presents a token may give it back; it is needed once more below.
            if path == "/wallet/logout" && who.contains("foreign") {
                continue;
            }
            if path == "/wallet/auth" && !tiers.contains(&Admin) && tiers.contains(&tier) {
                continue;
            }
            let got = status(&caller, &method, path).await;
            assert_eq!(
                is_let_in(got),
                tiers.contains(&tier),
                "{who}: {method} {path}: {got}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_runs_out() {
    let app = TestApp::initialized_with(|settings| settings.access_token_secs = 0).await;
    let admin = app.admin().await;
    let (status, answer) = admin.get("/users/me").await;
    assert_eq!((status, &answer["code"]), (401, &json!("unauthorized")));
}
