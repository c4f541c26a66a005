//! A till that was restored from a backup, before and after its operator lets payments go: each surface
//! says so in its own envelope, sales go on, and payments whose outcome is lost stay as they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bitcoin::Network;
use reqwest::Method;
use serde_json::json;
use support::app::{TestApp, until};
use support::caller::read;
use support::fake_node::{Fate, Foreign, Opening};
use till::flow::Waiting;
use till::ledger::WalletRef;
use till::payment::State as PaymentState;
use till_actors::backup::{copy_journal, make_ready};
use till_actors::till::TillConfig;

/// What every surface says.
const WORDS: &str = "Payments are held back: the till was restored from a backup, and its operator has \
                     not let them go yet.";

/// A backup of nothing, put in place.
fn restore_nothing(till: &mut TillConfig) {
    make_ready(&journal(&till.data_dir), Network::Regtest).unwrap();
}

fn journal(dir: &Path) -> PathBuf {
    dir.join("journal.sqlite")
}

/// An address of regtest that is nobody's here.
fn address() -> String {
    let script = bitcoin::ScriptBuf::new().to_p2wsh();
    bitcoin::Address::from_script(&script, Network::Regtest)
        .unwrap()
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_surface_holds_payments_back_and_sells() {
    let app = TestApp::lnbot_over(restore_nothing).await;
    app.node.will_open(Opening::Funded);
    let admin = app.wallet_admin().await;
    app.earn(&admin, 100_000).await;
    let bot = app.rich_bot(5_000).await;
    let wallet = app.wallet("shop").await;
    let foreign = || app.node.foreign(Foreign::default());
    let (_, own) = wallet
        .post("/payments", json!({"out": false, "amount": 1_000}))
        .await;
    let of_ours = own["bolt11"].as_str().unwrap().to_owned();

    let node_id = "02".to_owned() + &"ab".repeat(32);
    let channel = json!({"nodeId": node_id, "address": "127.0.0.1:9735", "amountSat": 50_000});
    for (path, body) in [
        ("/wallet/payinvoice", json!({"invoice": foreign()})),
        ("/wallet/payinvoice", json!({"invoice": of_ours})),
        (
            "/wallet/payonchain",
            json!({"address": address(), "amountSat": 1_000, "feerateSatByte": 2}),
        ),
        ("/wallet/bumpfee", json!({"feerateSatByte": 9})),
        ("/wallet/channels", channel),
    ] {
        let response = admin
            .send(admin.request(Method::POST, path).json(&body))
            .await;
        let later = response.headers().get("retry-after").cloned();
        let (status, answer) = read(response).await;
        assert_eq!(status, 503, "{path}: {answer}");
        assert_eq!(
            answer,
            json!({"message": WORDS, "code": "payments_held"}),
            "{path}"
        );
        assert_eq!(later.unwrap(), "60", "{path}");
    }
    assert_eq!(app.node.times_asked_to_open(), 0);

    let pays = json!({"out": true, "bolt11": foreign()});
    let held = (503, json!({"detail": WORDS}));
    assert_eq!(wallet.post("/payments", pays).await, held);
    for target in [foreign(), of_ours.clone()] {
        let path = "/wallets/current/payments";
        let answer = bot.post(path, json!({"target": target})).await;
        assert_eq!(answer, (503, json!({"error": WORDS})));
    }

    let (status, ready) = app.nobody().get("/readyz").await;
    assert_eq!(
        (status, &ready),
        (200, &json!({"status": "ready", "notice": WORDS}))
    );
    let (_, health) = app.nobody().get("/api/health").await;
    assert_eq!(
        (&health["status"], &health["reason"]),
        (&json!("degraded"), &json!(WORDS))
    );

    app.service.acknowledge_restoration().await.unwrap();
    let (status, paid) = bot
        .post("/wallets/current/payments", json!({"target": of_ours}))
        .await;
    assert_eq!(
        (status, &paid["status"]),
        (200, &json!("settled")),
        "{paid}"
    );
    let (status, paid) = admin
        .post("/wallet/payinvoice", json!({"invoice": foreign()}))
        .await;
    assert_eq!(status, 200, "{paid}");
    let (_, ready) = app.nobody().get("/readyz").await;
    assert_eq!(ready, json!({"status": "ready"}));
}

/// A wallet as its surface names it.
fn named(wallet: WalletRef) -> String {
    match wallet {
        WalletRef::Wallet(id) => format!("wal_{id}"),
        WalletRef::House => panic!("the house is on another surface"),
    }
}

/// What is set aside in the wallet.
async fn on_hold(app: &TestApp, wallet: WalletRef) -> u64 {
    let WalletRef::Wallet(id) = wallet else {
        panic!("the house has no such balance");
    };
    let balance = app.service.wallet_balance(id).await.unwrap();
    balance.balance.get() - balance.available.get()
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_that_were_under_way_are_left_to_the_operator() {
    let mut folder = PathBuf::new();
    let app = TestApp::lnbot_over(|till| folder.clone_from(&till.data_dir)).await;
    let bot = app.rich_bot(50_000).await;
    let wallet = app.account_of(&bot).await;
    let mut silent = Vec::new();
    for _ in 0..2 {
        let target = app.node.foreign(Foreign {
            fate: Fate::Silence,
            ..Foreign::default()
        });
        let payment = app.spend(&named(wallet), target, Duration::ZERO).await;
        assert_eq!(payment.state, PaymentState::Pending);
        silent.push(payment.id);
    }

    // Another node, which knows nothing, and a check that looks all the time.
    let restored = TestApp::over(|till| {
        copy_journal(&folder, Network::Regtest, &journal(&till.data_dir)).unwrap();
        make_ready(&journal(&till.data_dir), Network::Regtest).unwrap();
        till.recheck = Duration::from_millis(20);
    })
    .await;
    let service = &restored.service;
    for id in &silent {
        until(async || (service.waits_for(*id) == Some(Waiting::Restored)).then_some(())).await;
    }
    let known = service.restored().await.unwrap().unwrap();
    assert_eq!(known.undecided.len(), 2);
    assert_eq!((known.wallets.len(), known.wallets[0].2), (1, 50_000_000));
    assert_eq!(on_hold(&restored, wallet).await, 2 * 1_020_000);

    // The operator lets payments go: these two are not decided by that.
    service.acknowledge_restoration().await.unwrap();
    assert_eq!(on_hold(&restored, wallet).await, 2 * 1_020_000);
    service.resolve_payment(silent[0], true).await.unwrap();
    service.resolve_payment(silent[1], false).await.unwrap();
    let mut ends = Vec::new();
    for id in silent {
        ends.push(service.payment(id).await.unwrap().unwrap().state);
    }
    assert_eq!(ends, [PaymentState::Succeeded, PaymentState::Failed]);
    assert_eq!(on_hold(&restored, wallet).await, 0);
    assert_eq!(service.restored().await.unwrap().unwrap().undecided, []);
}
