//! What an accountant is given, after real business: it adds up to the ledger, to the millisatoshi.

use serde_json::json;
use till::ledger::Account;
use till_actors::journal::Journal;
use till_actors::views::{Views, catch_up};

use crate::audit::Books;
use crate::reconcile::{QUICK, at_rest, business};
use crate::shop::{Shop, text, until};

/// Type, amount in msat and mining fee in sat of every line.
async fn exported(shop: &Shop) -> Vec<(String, i128, u64)> {
    let client = shop.world.client();
    let request = reqwest::Client::new()
        .post(format!("{}/wallet/export", client.url()))
        .header("cookie", client.cookie_header().unwrap_or_default())
        .json(&json!({}));
    let file = request.send().await.unwrap().text().await.unwrap();
    let line = |line: &str| {
        let columns: Vec<&str> = line.split(',').collect();
        let (amount, mined) = (columns[3].parse().unwrap(), columns[5].parse().unwrap());
        (columns[2].to_owned(), amount, mined)
    };
    file.lines().skip(1).map(line).collect()
}

/// What the house owns by a replay of the journal, in msat.
fn house_msat(shop: &Shop) -> i128 {
    let path = shop.world.dir().join("till").join("journal.sqlite");
    let scratch = tempfile::tempdir().unwrap();
    let journal = Journal::open_to_read(&path, "regtest").unwrap();
    let views = Views::open(scratch.path()).unwrap();
    let state = catch_up(&journal, &views).unwrap();
    state.balance(Account::HOUSE).unwrap().credit_msat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_adds_up_to_the_ledger() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    business(&shop).await;
    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    shop.world
        .fund(&text(&address, "address"), 300_000, true)
        .await
        .unwrap();
    until("the deposit to be exported", async || {
        let found = exported(&shop).await;
        let deposit = ("swap_in".to_owned(), 300_000_000, 0);
        found.contains(&deposit).then_some(())
    })
    .await;
    let till = shop.world.till_node().node_id;
    shop.world.lsp().close_channels(till, true).await.unwrap();
    until("the closing to be booked", async || {
        at_rest(&shop, &books).await;
        let found = exported(&shop).await;
        let closed = found.iter().any(|(kind, _, _)| kind == "channel_close");
        closed.then_some(())
    })
    .await;
    at_rest(&shop, &books).await;

    let lines = exported(&shop).await;
    let sum: i128 = lines.iter().map(|(_, amount, _)| amount).sum();
    assert_eq!(sum, house_msat(&shop), "{lines:?}");
    let of = |kind: &str| {
        lines
            .iter()
            .filter(|line| line.0 == kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("lightning_received").len(), 3);
    assert_eq!(of("lightning_sent").len(), 3);
    for (_, amount, mined) in of("channel_close") {
        let sat = u64::try_from(-amount).unwrap().div_ceil(1_000);
        assert_eq!(*mined, sat, "all that a closing costs goes to the chain");
    }
    shop.close().await;
}
