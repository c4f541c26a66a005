//! Software that others wrote for LNbits, against the `v1` dialect: the crate `lnbits-rs`, and the
//! scripts in `tests/clients` where `.ci/run` has installed what they need. Each makes an invoice, pays
//! it from another wallet, and looks at what became of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use lnbits_rs::LNBitsClient;
use lnbits_rs::api::invoice::CreateInvoiceRequest;
use serde_json::json;
use support::app::{TestApp, until};
use support::lnbits::Wallet;
use tilld::lnbits::Dialect;
use tokio::process::Command;

/// The folder in which `.ci/run` has installed the clients.
const INSTALLED: &str = "CLIENTS_DIR";
const FIRST_MONEY_SAT: u64 = 1_000;
/// What every client asks for.
const PRICE_SAT: u64 = 210;
/// No client takes longer.
const LIMIT: Duration = Duration::from_secs(60);

/// A till with a payer, who has money, and a shop.
async fn market() -> (TestApp, Wallet, Wallet) {
    let app = TestApp::lnbits(Dialect::V1).await;
    let (payer, shop) = (app.wallet("payer").await, app.wallet("shop").await);
    let wanted = json!({"out": false, "amount": FIRST_MONEY_SAT, "memo": "wages"});
    let (_, made) = payer.post("/payments", wanted).await;
    let bolt11 = made["bolt11"].as_str().unwrap();
    app.node.customer_pays(bolt11, FIRST_MONEY_SAT * 1_000);
    has(&payer, FIRST_MONEY_SAT).await;
    (app, payer, shop)
}

async fn has(wallet: &Wallet, balance_sat: u64) {
    let balance = async || wallet.get("/wallet").await.1["balance"].as_u64();
    until(async || (balance().await == Some(balance_sat * 1_000)).then_some(())).await;
}

async fn has_changed_hands(payer: &Wallet, shop: &Wallet) {
    has(shop, PRICE_SAT).await;
    has(payer, FIRST_MONEY_SAT - PRICE_SAT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rust_client_sells_and_pays() {
    let (app, payer, shop) = market().await;
    let client = |wallet: &Wallet| {
        let Wallet {
            id,
            adminkey,
            inkey,
            ..
        } = wallet;
        LNBitsClient::new(id, adminkey, inkey, &app.url, None).unwrap()
    };
    let (buys, sells) = (client(&payer), client(&shop));
    assert_eq!(sells.get_wallet_details().await.unwrap().name, "shop");
    sells.subscribe_to_websocket().await.unwrap();
    let wanted = CreateInvoiceRequest {
        amount: PRICE_SAT,
        unit: "sat".into(),
        memo: Some("tea".into()),
        expiry: Some(600),
        internal: None,
        out: false,
    };
    let made = sells.create_invoice(&wanted).await.unwrap();
    assert!(!sells.is_invoice_paid(made.payment_hash()).await.unwrap());
    let paid = buys.pay_invoice(made.bolt11(), None).await.unwrap();
    assert_eq!(paid.payment_hash, made.payment_hash());
    let heard = sells.receiver().lock().await.recv().await;
    assert_eq!(heard.as_deref(), Some(made.payment_hash()));
    assert!(sells.is_invoice_paid(made.payment_hash()).await.unwrap());
    has_changed_hands(&payer, &shop).await;
}

/// Where `.ci/run` has installed something, if it has.
fn installed(file: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(INSTALLED) else {
        println!("not run: {INSTALLED} names no folder with clients, see .ci/run");
        return None;
    };
    Some(Path::new(&folder).join(file))
}

async fn sells_and_pays(program: &Path, script: &str, modules: &Path) {
    let (app, payer, shop) = market().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let ran = Command::new(program)
        .arg(script)
        .env("LNBITS_URL", &app.url)
        .env("PAYER_ADMIN_KEY", &payer.adminkey)
        .env("PAYER_INVOICE_KEY", &payer.inkey)
        .env("SHOP_ADMIN_KEY", &shop.adminkey)
        .env("SHOP_INVOICE_KEY", &shop.inkey)
        .env("PRICE_SAT", PRICE_SAT.to_string())
        .env("NODE_PATH", modules)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = tokio::time::timeout(LIMIT, ran).await;
    let output = ran.expect("the client comes to its end").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    has_changed_hands(&payer, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_sells_and_pays() {
    if let Some(python) = installed("python/bin/python") {
        sells_and_pays(&python, "clients/python/sale.py", Path::new("")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_client_sells_and_pays() {
    if let Some(modules) = installed("node/node_modules") {
        sells_and_pays(Path::new("node"), "clients/node/sale.js", &modules).await;
    }
}
