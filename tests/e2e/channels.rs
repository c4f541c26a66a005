//! `tilld channels`: the operator lists, opens and reopens channels of a running till.

use serde_json::{Value, json};

use crate::audit::Books;
use crate::reconcile::at_rest;
use crate::shop::{Shop, text, until};

/// Looks follow each other quickly, so that no story waits for minutes.
const QUICK: [(&str, &str); 1] = [("TILL_PAYMENTS_RECHECK_SECS", "1")];
/// The channel that the world's till has opened to the customer.
const CAPACITY_SAT: u64 = 6_000_000;

pub async fn list(books: &Books) -> Vec<Value> {
    let listed = books.command(&["channels", "list", "--json"]).await;
    assert_eq!(listed.code(), 0, "{}", listed.said());
    listed.json()["channels"].as_array().unwrap().clone()
}

/// Waits until so many channels stand like this.
async fn become_so(shop: &Shop, books: &Books, count: usize, state: &str) -> Vec<Value> {
    until(&format!("{count} channels to be {state}"), async || {
        shop.world.mine(1).await.unwrap();
        let mut channels = list(books).await;
        channels.retain(|channel| channel["state"] == state);
        (channels.len() == count).then_some(channels)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_opened_from_the_command_line() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    assert_eq!(list(&books).await.len(), 2);
    let lsp = shop.world.lsp();
    let peer = format!("{}@{}", lsp.node_id(), lsp.address());
    let wanted = ["channels", "open", &peer, "--amount", "1000000"];

    let too_much = books
        .command(&[&wanted[..], &["--push", "1000000"]].concat())
        .await;
    assert_eq!(too_much.code(), 1);
    assert!(
        too_much.said().contains("the push below it"),
        "{}",
        too_much.said()
    );
    let nowhere = books
        .command(&["channels", "open", "nobody", "--amount", "1"])
        .await;
    assert_eq!(nowhere.code(), 2, "{}", nowhere.said());

    let opened = books
        .command(&[&wanted[..], &["--push", "250000"]].concat())
        .await;
    assert_eq!(opened.code(), 0, "{}", opened.said());
    assert!(
        opened.said().contains("is being opened"),
        "{}",
        opened.said()
    );
    let channels = become_so(&shop, &books, 3, "normal").await;
    let new = channels.iter().find(|one| one["capacity_sat"] == 1_000_000);
    let sendable = new.unwrap()["outbound_sat"].as_u64().unwrap();
    assert!((700_000..750_000).contains(&sendable), "{new:?}");
    at_rest(&shop, &books).await;
    let people = books.command(&["channels", "list"]).await.said();
    assert!(people.contains("normal, 1000000 sat, "), "{people}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_was_force_closed_is_opened_again() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    let customer = shop.world.customer();
    let before = list(&books).await;
    let peer = customer.node_id().to_string();
    let lost = before.iter().find(|one| one["counterparty"] == peer);
    let lost = text(lost.unwrap(), "channel_id");
    let reopen = ["channels", "reopen", &lost, "--json"];
    let early = books.command(&reopen).await;
    assert!(early.said().contains("is not closed"), "{}", early.said());
    let unknown = books.command(&["channels", "reopen", "c0ffee"]).await;
    assert!(
        unknown.said().contains("no such channel"),
        "{}",
        unknown.said()
    );

    let till = shop.world.till_node().node_id;
    customer.close_channels(till, true).await.unwrap();
    let closed = become_so(&shop, &books, 1, "closed").await;
    assert_eq!(text(&closed[0], "channel_id"), lost);

    let reopened = books.command(&reopen).await;
    assert_eq!(reopened.code(), 0, "{}", reopened.said());
    assert!(reopened.json()["funding_tx_id"].is_string());
    // Whoever asks again because the answer was lost does not pay for a second one.
    let again = books.command(&reopen).await;
    assert_eq!(again.code(), 1);
    assert!(
        again.said().contains("being opened already"),
        "{}",
        again.said()
    );
    let channels = become_so(&shop, &books, 2, "normal").await;
    let new = channels.iter().find(|one| one["counterparty"] == peer);
    assert_eq!(new.unwrap()["capacity_sat"], CAPACITY_SAT);

    let asked = shop.customer_asks(Some(20_000), false).await;
    until("the new channel to carry a payment", async || {
        let (status, _) = shop.pays(&asked.bolt11).await;
        (status == 200).then_some(())
    })
    .await;
    // More than the reserve of the provider's channel: of less the node does not tell exactly what
    // is ours, and a small cost is not seen.
    let (bolt11, hash) = shop.invoice(json!({"amountSat": 200_000})).await;
    shop.customer_pays(&bolt11).await.unwrap();
    shop.incoming_becomes(&hash, "RECEIVED").await;
    until("the closing to be booked, with what it cost", async || {
        let node = at_rest(&shop, &books).await;
        let in_channels = node["ledger_lightning_msat"].as_u64().unwrap();
        let back = node["closing_msat"] == 0 && node["ledger_closing_msat"] == 0;
        let back = back && in_channels < 2 * CAPACITY_SAT * 1_000;
        back.then_some(())
    })
    .await;
    shop.close().await;
}
