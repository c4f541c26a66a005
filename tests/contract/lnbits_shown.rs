//! What the LNbits surface shows of money and memos: balances without what is set aside, satoshis cut off
//! downwards, and filters that find what is shown.

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::caller::Socket;
use support::fake_node::{Fate, Foreign, payment_hash};
use support::lnbits::{Login, Wallet};
use till::invoice::Description;
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];

async fn earn(app: &TestApp, wallet: &Wallet, amount_sat: u64) {
    let asked = json!({"out": false, "amount": amount_sat, "memo": "earned"});
    let (status, made) = wallet.post("/payments", asked).await;
    assert_eq!(status, 201, "{made}");
    app.node
        .customer_pays(made["bolt11"].as_str().unwrap(), amount_sat * 1_000);
    let path = format!("/payments/{}", made["payment_hash"].as_str().unwrap());
    until(async || (wallet.get(&path).await.1["paid"] == true).then_some(())).await;
}

/// The balance everywhere it is shown.
async fn balances(dialect: Dialect, ann: &Login, wallet: &Wallet) -> Vec<u64> {
    let (_, by_key) = wallet.get("/wallet").await;
    let (_, list) = ann.get("/wallets").await;
    let (_, stats) = ann.get("/payments/stats/wallets").await;
    let unit = if dialect == Dialect::V1 { 1 } else { 1_000 };
    [
        by_key["balance"].as_u64(),
        list[0]["balance"].as_u64(),
        list[0]["balance_msat"].as_u64(),
        stats[0]["balance"].as_u64().map(|shown| shown * unit),
    ]
    .map(Option::unwrap)
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_what_can_be_spent() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits_as(
            dialect,
            |_| (),
            |lnbits| lnbits.payment_wait = std::time::Duration::ZERO,
        )
        .await;
        let ann = app.holder("ann").await;
        let (_, list) = ann.get("/wallets").await;
        let wallet = ann.wallet_named(list[0]["name"].as_str().unwrap()).await;
        earn(&app, &wallet, 5_000).await;
        assert_eq!(balances(dialect, &ann, &wallet).await, [5_000_000; 4]);
        let silent = app.node.foreign(Foreign {
            fate: Fate::Silence,
            ..Foreign::default()
        });
        let (status, paid) = wallet.post("/payments", json!({"bolt11": silent})).await;
        assert_eq!(
            (status, &paid["status"]),
            (201, &json!("pending")),
            "{paid}"
        );
        // The amount, and the 20 sat that routing may cost.
        assert_eq!(balances(dialect, &ann, &wallet).await, [3_980_000; 4]);
        // What somebody else pays meanwhile is told with what can be spent then.
        let path = format!("/api/v1/ws/{}", wallet.inkey);
        let mut socket = Socket::open(&app.url, &path).await.expect("a socket");
        earn(&app, &wallet, 10).await;
        let news = socket.next().await.unwrap();
        assert_eq!(news["wallet_balance"], 3_990);
        app.node
            .decide(payment_hash(&silent), Fate::Succeeds(3_000));
        until(async || (balances(dialect, &ann, &wallet).await[0] == 4_007_000).then_some(()))
            .await;
        assert_eq!(balances(dialect, &ann, &wallet).await, [4_007_000; 4]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn satoshis_are_cut_off_downwards() {
    for (dialect, went) in [(Dialect::Documented, -2), (Dialect::V1, -1_500)] {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        earn(&app, &wallet, 100).await;
        let foreign = app.node.foreign(Foreign {
            amount_msat: Some(1_500),
            ..Foreign::default()
        });
        let (status, paid) = wallet.post("/payments", json!({"bolt11": foreign})).await;
        assert_eq!(
            (status, &paid["status"]),
            (201, &json!("success")),
            "{paid}"
        );
        assert_eq!(
            (&paid["amount"], &paid["amount_msat"]),
            (&json!(went), &json!(-1_500))
        );
        for (filter, count) in [
            (format!("amount={went}"), 1),
            (format!("amount[ge]={went}"), 2),
            (format!("amount[gt]={went}"), 1),
            ("amount[lt]=0".to_owned(), 1),
            ("amount=-1".to_owned(), 0),
            (format!("search={went}"), 1),
        ] {
            let (_, rows) = wallet.get(&format!("/payments?{filter}")).await;
            assert_eq!(rows.as_array().unwrap().len(), count, "{filter}: {rows}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_searched_is_the_memo_that_is_shown() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        earn(&app, &wallet, 5_000).await;
        for (said, noted) in [("tea", "xylophone"), ("", "yodel")] {
            let foreign = app.node.foreign(Foreign {
                amount_msat: Some(1_000_000),
                description: Description::Text(said.into()),
                ..Foreign::default()
            });
            let pay = json!({"bolt11": foreign, "memo": noted});
            let (status, paid) = wallet.post("/payments", pay).await;
            assert_eq!(status, 201, "{paid}");
            let shown = if said.is_empty() { noted } else { said };
            assert_eq!(paid["memo"], shown);
        }
        let memos = async |query: &str| -> Vec<Value> {
            let (status, rows) = wallet.get(&format!("/payments?{query}")).await;
            assert_eq!(status, 200, "{rows}");
            let rows = rows.as_array().unwrap().iter();
            rows.map(|row| row["memo"].clone()).collect()
        };
        for (query, found) in [
            ("search=tea", vec!["tea"]),
            ("memo=tea", vec!["tea"]),
            ("search=xylophone", vec![]),
            ("memo[like]=xylo", vec![]),
            ("search=yodel", vec!["yodel"]),
            ("sortby=memo", vec!["earned", "tea", "yodel"]),
            ("sortby=memo&direction=desc", vec!["yodel", "tea", "earned"]),
        ] {
            assert_eq!(memos(query).await, found, "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_can_be_paid_for_a_year_at_most() {
    const YEAR_SECS: u64 = 365 * 86_400;
    for (dialect, invalid) in [(Dialect::Documented, 422), (Dialect::V1, 400)] {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        for (expiry, wanted) in [(YEAR_SECS, 201), (YEAR_SECS + 1, invalid)] {
            let asked = json!({"out": false, "amount": 1, "expiry": expiry});
            let (status, said) = wallet.post("/payments", asked).await;
            assert_eq!(status, wanted, "{expiry}: {said}");
        }
    }
}
