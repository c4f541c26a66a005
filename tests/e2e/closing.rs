//! Channels that are closed and their money sent on: with and without the peer, to an address, and
//! killed between any two steps.

use bitcoin::Address;
use reqwest::Method;
use serde_json::{Value, json};
use till_regtest::world::Opener;

use crate::audit::Books;
use crate::onchain::{audit_agrees, dies, fund, got, stranger};
use crate::shop::{Shop, text, until};

const QUICK: [(&str, &str); 2] = [
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];

/// What the till puts into a channel that is to be closed, in satoshis.
const IN_CHANNEL_SAT: u64 = 400_000;

/// A new channel of the till's with the customer: its id.
pub async fn channel(shop: &Shop) -> String {
    let before = ids(&shop.get("/wallet/channels").await);
    shop.world
        .open_channel(Opener::Till, IN_CHANNEL_SAT, 0)
        .await
        .unwrap();
    let after = ids(&shop.get("/wallet/channels").await);
    let new = after.into_iter().find(|id| !before.contains(id));
    new.expect("a new channel")
}

fn ids(channels: &Value) -> Vec<String> {
    let channels = channels.as_array().unwrap();
    channels.iter().map(|one| text(one, "channelId")).collect()
}

/// How a channel is shown, as long as it is.
async fn shown(shop: &Shop, channel_id: &str) -> Option<Value> {
    let channels = shop.get("/wallet/getinfo").await["channels"].clone();
    let mut channels = channels.as_array().unwrap().clone().into_iter();
    channels.find(|one| one["channelId"] == channel_id)
}

pub fn wish(channel_id: &str, to: &Address) -> Value {
    json!({"channelId": channel_id, "address": to.to_string(), "feerateSatByte": 4})
}

/// Mines until the money is at its address, all of it but fees, and nothing is left to do.
pub async fn arrives(shop: &Shop, channel_id: &str, to: &Address) -> u64 {
    let amount = until("a channel's money to be at its address", async || {
        shop.world.mine(1).await.unwrap();
        got(shop, to).first().copied()
    })
    .await;
    assert!(
        (IN_CHANNEL_SAT - 5_000..IN_CHANNEL_SAT).contains(&amount),
        "{amount} sat arrived"
    );
    until("the channel to be gone", async || {
        shop.world.mine(1).await.unwrap();
        shown(shop, channel_id).await.is_none().then_some(())
    })
    .await;
    assert_eq!(got(shop, to), [amount], "once");
    amount
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_closed_and_its_money_sent_on() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let id = channel(&shop).await;
    let vault = stranger(40);
    let (status, closing) = shop.post("/wallet/closechannel", wish(&id, &vault)).await;
    assert_eq!(status, 200, "{closing}");
    assert_eq!(closing["channelId"], id);
    assert!(closing["txId"].is_string(), "{closing}");
    assert_eq!(closing["sweep"]["status"], "WAITING", "{closing}");
    let (_, again) = shop.post("/wallet/closechannel", wish(&id, &vault)).await;
    assert_eq!(
        again["txId"], closing["txId"],
        "the same wish is the same closing"
    );
    let (other, _) = shop
        .post("/wallet/closechannel", wish(&id, &stranger(41)))
        .await;
    assert_eq!(other, 409);

    let amount = arrives(&shop, &id, &vault).await;
    let rows = shop.get("/wallet/payments/outgoing?limit=1").await;
    let sweep = &rows[0];
    assert_eq!(sweep["subType"], "channel_close", "{sweep}");
    assert_eq!(sweep["amountSat"], amount, "{sweep}");
    assert_eq!(sweep["status"], "SUCCEEDED", "{sweep}");
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_closed_without_its_peer() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let id = channel(&shop).await;
    let vault = stranger(42);
    shop.world.stop_customer().await.unwrap();
    until("the peer to be missed", async || {
        let channel = shown(&shop, &id).await?;
        (channel["state"] == "OFFLINE").then_some(())
    })
    .await;
    let (status, refused) = shop.post("/wallet/closechannel", wish(&id, &vault)).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(shown(&shop, &id).await.unwrap()["state"], "OFFLINE");

    let mut forced = wish(&id, &vault);
    forced["force"] = json!(true);
    let (status, closing) = shop.post("/wallet/closechannel", forced).await;
    assert_eq!(status, 200, "{closing}");
    shop.world.mine(1).await.unwrap();
    let locked = until("the time lock to be shown", async || {
        let channel = shown(&shop, &id).await?;
        channel["closing"]["spendableAtHeight"].as_u64()?;
        Some(channel)
    })
    .await;
    assert_eq!(locked["state"], "CLOSING", "{locked}");
    assert_eq!(locked["closing"]["force"], true, "{locked}");
    let height = shop.get("/wallet/getinfo").await["blockHeight"]
        .as_u64()
        .unwrap();
    let until_height = locked["closing"]["spendableAtHeight"].as_u64().unwrap();
    assert!(until_height > height + 10, "{locked}");
    shop.world.start_customer().await.unwrap();
    let blocks = u32::try_from(until_height - height).unwrap();
    shop.world.mine(blocks).await.unwrap();
    assert!(got(&shop, &vault).is_empty(), "not before its time");
    arrives(&shop, &id, &vault).await;
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_survives_death_between_any_two_steps() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 4_000_000).await;
    for (who, point) in (50..).zip(["close.asked", "close.told", "close.shown"]) {
        let id = channel(&shop).await;
        let vault = stranger(who);
        dies(&shop, point, "/wallet/closechannel", wish(&id, &vault)).await;
        arrives(&shop, &id, &vault).await;
    }
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_survives_death_between_any_two_steps() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 3_000_000).await;
    for (who, point) in (60..).zip(["spend.built", "spend.journaled", "spend.broadcast"]) {
        let id = channel(&shop).await;
        let vault = stranger(who);
        let (status, closing) = shop.post("/wallet/closechannel", wish(&id, &vault)).await;
        assert_eq!(status, 200, "{closing}");
        shop.world.till().stop().await.unwrap();
        let at = [("CRASH_AT", point)];
        shop.world.till().start_with(&at).await.unwrap();
        until(&format!("the till to die at {point}"), async || {
            // Seen before the next one: LDK begins a sync anew whenever the tip moves. The till may die meanwhile.
            let _ = shop.world.mine(1).await;
            shop.world.till().pid().await.is_none().then_some(())
        })
        .await;
        shop.world.till().start().await.unwrap();
        arrives(&shop, &id, &vault).await;
    }
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_needs_a_channel_and_a_good_address() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    let id = ids(&shop.get("/wallet/channels").await).remove(0);
    let cases = [
        (json!({"channelId": "00".repeat(32)}), 404, "not_found"),
        (json!({"channelId": "zz"}), 400, "invalid_request"),
        (
            json!({"channelId": id, "feerateSatByte": 3}),
            400,
            "invalid_request",
        ),
        (
            json!({"channelId": id, "address": "nobody"}),
            400,
            "invalid_address",
        ),
    ];
    for (body, status, code) in cases {
        let (got, answer) = shop.post("/wallet/closechannel", body.clone()).await;
        assert_eq!(
            (got, &answer["code"]),
            (status, &json!(code)),
            "{body}: {answer}"
        );
    }
    assert_eq!(shown(&shop, &id).await.unwrap()["state"], "NORMAL");
    // By its own path the money stays in the node's wallet.
    let path = format!("/wallet/channels/{id}");
    let (status, closing) = shop
        .try_call(Method::DELETE, &path, None, &[])
        .await
        .unwrap();
    assert_eq!(
        (status, &closing["sweep"]),
        (200, &Value::Null),
        "{closing}"
    );
    until("the channel to be gone", async || {
        shop.world.mine(1).await.unwrap();
        shown(&shop, &id).await.is_none().then_some(())
    })
    .await;
    audit_agrees(&shop, &books).await;
    shop.close().await;
}
