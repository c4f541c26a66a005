//! ln.bot: a wallet's invoices, and those that strangers ask for.

use std::num::NonZeroU32;

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::invoices::payment_hash;
use support::lnbot::Bot;
use till::invoice::Description;
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till_actors::service::NewInvoice;

const INVOICES: &str = "/wallets/current/invoices";

/// A customer pays an invoice, and its wallet has it.
async fn paid(app: &TestApp, wallet: &Bot, bolt11: &str, amount_sat: u64) -> Value {
    app.node.customer_pays(bolt11, amount_sat * 1_000);
    let path = format!("{INVOICES}/{}", payment_hash(bolt11));
    until(async || {
        let (_, row) = wallet.get(&path).await;
        (row["status"] == "settled").then_some(row)
    })
    .await
}

async fn asked(wallet: &Bot, body: Value) -> Value {
    let (status, made) = wallet.post(INVOICES, body).await;
    assert_eq!(status, 200, "{made}");
    made
}

async fn numbers(wallet: &Bot, query: &str) -> Vec<u64> {
    let (status, list) = wallet.get(&format!("{INVOICES}{query}")).await;
    assert_eq!(status, 200, "{list}");
    let rows = list.as_array().expect("a list").iter();
    rows.map(|row| row["number"].as_u64().expect("a number"))
        .collect()
}

#[tokio::test]
async fn an_invoice_is_made_paid_and_found() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    let body = json!({"amount": 1_000, "memo": "AI task payment", "reference": "order-7"});
    let made = asked(&wallet, body).await;
    let bolt11 = made["bolt11"].as_str().expect("an invoice").to_owned();
    let hash = payment_hash(&bolt11);
    let expected = json!({
        "number": 1, "status": "pending", "amount": 1_000, "bolt11": bolt11,
        "reference": "order-7", "memo": "AI task payment", "preimage": null, "txNumber": null,
        "createdAt": made["createdAt"], "settledAt": null, "expiresAt": made["expiresAt"],
    });
    assert_eq!(made, expected);
    let (_, id) = account.primary.get("/wallets").await;
    let id = id[0]["walletId"].as_str().expect("an id").to_owned();
    for path in [
        format!("{INVOICES}/1"),
        format!("{INVOICES}/{hash}"),
        format!("/wallets/{id}/invoices/1"),
    ] {
        assert_eq!(wallet.get(&path).await, (200, made.clone()), "{path}");
    }
    let path = format!("/wallets/{id}/invoices/{hash}");
    assert_eq!(account.secondary.get(&path).await, (200, made));

    let row = paid(&app, &wallet, &bolt11, 1_000).await;
    assert_eq!((&row["number"], &row["amount"]), (&json!(1), &json!(1_000)));
    assert!(row["settledAt"].is_string(), "{row}");
    let preimage = hex::decode(row["preimage"].as_str().expect("proof")).expect("hex");
    use bitcoin::hashes::{Hash, sha256};
    assert_eq!(sha256::Hash::hash(&preimage).to_string(), hash.to_string());
    let (_, money) = wallet.get("/wallets/current").await;
    assert_eq!(money["balance"], 1_000);

    for unknown in ["2", "0", "x", "99999999999", &"0".repeat(64)] {
        let (status, answer) = wallet.get(&format!("{INVOICES}/{unknown}")).await;
        assert_eq!(
            (status, answer),
            (404, json!({"error": "Invoice not found."}))
        );
    }
}

#[tokio::test]
async fn lists_are_paged_and_have_what_other_surfaces_made() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    for n in 1..=25 {
        asked(&wallet, json!({"amount": n})).await;
    }
    let expect = |from: u64, to: u64| (to..=from).rev().collect::<Vec<_>>();
    assert_eq!(numbers(&wallet, "").await, expect(25, 6));
    assert_eq!(numbers(&wallet, "?limit=500").await, expect(25, 1));
    assert_eq!(numbers(&wallet, "?limit=3").await, [25, 24, 23]);
    assert_eq!(numbers(&wallet, "?limit=3&after=23").await, [22, 21, 20]);
    assert_eq!(numbers(&wallet, "?after=3&limit=").await, [2, 1]);
    assert_eq!(numbers(&wallet, "?after=1").await, [0; 0]);
    assert_eq!(numbers(&wallet, "?after=0").await, [0; 0]);
    assert_eq!(numbers(&wallet, "?after=900").await.len(), 20);
    for junk in [
        "limit=0",
        "limit=-1",
        "limit=many",
        "after=first",
        "after=-3",
    ] {
        let (status, answer) = wallet.get(&format!("{INVOICES}?{junk}")).await;
        assert_eq!(status, 400, "{junk}: {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }

    let (other_id, other) = account.new_wallet().await;
    assert_eq!(numbers(&other, "").await, [0; 0]);
    let row = asked(&other, json!({"amount": 5, "memo": "", "reference": ""})).await;
    assert_eq!(row["number"], 1, "each wallet counts for itself");
    assert_eq!(
        (&row["memo"], &row["reference"]),
        (&Value::Null, &Value::Null)
    );
    let id = other_id.trim_start_matches("wal_").parse().expect("an id");
    let elsewhere = NewInvoice {
        wallet: WalletRef::Wallet(id),
        origin: Origin::Lnbits,
        amount: None,
        description: Description::Text("a jar".to_owned()),
        external_id: None,
        webhook_url: None,
        expiry_secs: None,
        hold: None,
        idempotency: None,
        meta: Meta::default(),
    };
    let made = app.service.create_invoice(elsewhere).await;
    made.expect("an invoice of another surface's");
    let (_, row) = other.get(&format!("{INVOICES}/2")).await;
    assert_eq!((&row["memo"], &row["amount"]), (&json!("a jar"), &json!(0)));
    assert_eq!(numbers(&other, "").await, [2, 1]);
}

#[tokio::test]
async fn invoices_have_bounds() {
    let app = TestApp::lnbot().await;
    let (wallet, _) = app.bot_wallet().await;
    let most = "é".repeat(256);
    let body = json!({"amount": 1_000_000_000, "memo": most, "reference": most});
    let made = asked(&wallet, body).await;
    assert_eq!(
        (&made["memo"], &made["reference"]),
        (&json!(most), &json!(most))
    );
    let wide = "語".repeat(256);
    let made = asked(&wallet, json!({"amount": 1, "memo": wide})).await;
    assert_eq!(
        made["memo"], wide,
        "too long for BOLT 11, and kept all the same"
    );

    let long = "x".repeat(257);
    for bad in [
        json!({}),
        json!({"amount": 0}),
        json!({"amount": -1}),
        json!({"amount": 1.5}),
        json!({"amount": "1000"}),
        json!({"amount": null}),
        json!({"amount": 1_000_000_001}),
        json!({"amount": u64::MAX}),
        json!({"amount": 1, "memo": long}),
        json!({"amount": 1, "reference": long}),
        json!({"amount": 1, "memo": 7}),
        json!([1]),
    ] {
        let (status, answer) = wallet.post(INVOICES, bad.clone()).await;
        assert_eq!(status, 400, "{bad}: {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    assert_eq!(numbers(&wallet, "").await, [2, 1]);
}

#[tokio::test]
async fn a_wallet_s_invoices_are_for_its_keys_alone() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    let (stranger, _) = app.bot_wallet().await;
    let made = asked(&wallet, json!({"amount": 5})).await;
    let hash = payment_hash(made["bolt11"].as_str().expect("an invoice"));
    let (_, wallets) = account.primary.get("/wallets").await;
    let id = wallets[0]["walletId"].as_str().expect("an id");
    let list = format!("/wallets/{id}/invoices");
    let one = format!("{list}/1");
    for path in [&list, &one] {
        assert_eq!(app.bot().get(path).await.0, 401);
        assert_eq!(wallet.with_key("wk_nonsense").get(path).await.0, 401);
        assert_eq!(stranger.get(path).await.0, 404);
        assert_eq!(account.primary.get(path).await.0, 200);
    }
    let body = json!({"amount": 5});
    assert_eq!(app.bot().post(&list, body.clone()).await.0, 401);
    assert_eq!(stranger.post(&list, body.clone()).await.0, 404);
    let own = format!("{INVOICES}/{hash}");
    assert_eq!(
        stranger.get(&own).await.0,
        404,
        "the hash is another wallet's"
    );
    assert_eq!(
        account.primary.get(INVOICES).await.0,
        400,
        "current is for wallet keys"
    );
    let revoked = account.primary.delete(&format!("/wallets/{id}/key")).await;
    assert_eq!(revoked.0, 204);
    assert_eq!(wallet.get(&list).await.0, 401);
    assert_eq!(wallet.post(&list, body).await.0, 401);
}

#[tokio::test]
async fn a_stranger_s_invoice_is_listed_once_it_is_paid() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    let (_, wallets) = account.primary.get("/wallets").await;
    let id = wallets[0]["walletId"].clone();
    asked(&wallet, json!({"amount": 5})).await;
    let stranger = app.bot();
    let body = json!({"walletId": id, "amount": 700, "reference": "r-1", "comment": "for you"});
    let (status, made) = stranger.post("/invoices/for-wallet", body).await;
    assert_eq!(status, 200, "{made}");
    let bolt11 = made["bolt11"].as_str().expect("an invoice").to_owned();
    let expected = json!({"bolt11": bolt11, "amount": 700, "expiresAt": made["expiresAt"]});
    assert_eq!(made, expected);
    assert!(
        made["expiresAt"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );

    let body = json!({"walletId": id, "amount": 800});
    assert_eq!(stranger.post("/invoices/for-wallet", body).await.0, 200);
    let path = format!("{INVOICES}/{}", payment_hash(&bolt11));
    assert_eq!(wallet.get(&path).await.0, 404);
    assert_eq!(numbers(&wallet, "").await, [1]);
    asked(&wallet, json!({"amount": 6})).await;

    let row = paid(&app, &wallet, &bolt11, 700).await;
    assert_eq!(row["number"], 3, "numbered when it was paid");
    assert_eq!(
        (&row["reference"], &row["memo"]),
        (&json!("r-1"), &json!("for you"))
    );
    assert_eq!(row["createdAt"], row["settledAt"]);
    assert_eq!(numbers(&wallet, "").await, [3, 2, 1]);
    assert_eq!(wallet.get(&format!("{INVOICES}/3")).await, (200, row));
    assert_eq!(asked(&wallet, json!({"amount": 7})).await["number"], 4);
    assert_eq!(wallet.get("/wallets/current").await.1["balance"], 700);
}

#[tokio::test]
async fn strangers_have_bounds() {
    let app = TestApp::lnbot().await;
    let (_, account) = app.bot_wallet().await;
    let (_, wallets) = account.primary.get("/wallets").await;
    let id = wallets[0]["walletId"].clone();
    let long = "x".repeat(257);
    let unknown = format!("wal_{}", "0".repeat(32));
    for bad in [
        json!({}),
        json!({"walletId": id}),
        json!({"walletId": "wid", "amount": 200}),
        json!({"walletId": unknown, "amount": 200}),
        json!({"walletId": 7, "amount": 200}),
        json!({"walletId": id, "amount": 0}),
        json!({"walletId": id, "amount": 1_000_000_001}),
        json!({"walletId": id, "amount": "5"}),
        json!({"walletId": id, "amount": 5, "reference": long}),
        json!({"walletId": id, "amount": 5, "comment": "x".repeat(256)}),
    ] {
        let (status, answer) = app.bot().post("/invoices/for-wallet", bad.clone()).await;
        assert_eq!(status, 400, "{bad}: {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    let body = json!({"walletId": id, "amount": 5, "comment": "x".repeat(255)});
    assert_eq!(app.bot().post("/invoices/for-wallet", body).await.0, 200);
}

#[tokio::test]
async fn strangers_are_counted_by_minute() {
    let two = |settings: &mut tilld::lnbot::Settings| {
        settings.public_calls = NonZeroU32::MIN.saturating_add(3);
    };
    let app = TestApp::lnbot_with(two).await;
    let (_, account) = app.bot_wallet().await; // Registering counts, too.
    let (_, wallets) = account.primary.get("/wallets").await;
    let body = json!({"walletId": wallets[0]["walletId"], "amount": 5});
    let ask = async || app.bot().post("/invoices/for-wallet", body.clone()).await;
    for _ in 0..3 {
        assert_eq!(ask().await.0, 200);
    }
    let (status, answer) = ask().await;
    assert_eq!(status, 429, "{answer}");
    assert!(answer["error"].is_string());
    let body = json!({"address": "bob", "amount": 5});
    assert_eq!(app.bot().post("/invoices/for-address", body).await.0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_have_only_so_many_unpaid() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    let (_, wallets) = account.primary.get("/wallets").await;
    let body = json!({"walletId": wallets[0]["walletId"], "amount": 5});
    let ask = async || app.bot().post("/invoices/for-wallet", body.clone()).await;
    let mut last = Value::Null;
    for n in 0..50 {
        let (status, made) = ask().await;
        assert_eq!(status, 200, "{n}: {made}");
        last = made;
    }
    assert_eq!(ask().await.0, 429, "one address has fifty");
    paid(&app, &wallet, last["bolt11"].as_str().expect("it"), 5).await;
    assert_eq!(ask().await.0, 200, "what is paid does not count");
    assert_eq!(ask().await.0, 429);
}
