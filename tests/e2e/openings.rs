//! One key, one channel: with a real peer, over a kill of the till.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, text, until};

async fn open(shop: &Shop, amount_sat: u64) -> Answer {
    let peer = shop.world.customer();
    let body = json!({
        "nodeId": peer.node_id().to_string(),
        "address": peer.address().to_string(),
        "amountSat": amount_sat,
        "pushSat": 20_000,
    });
    let key = [("idempotency-key", "channel-for-the-customer")];
    shop.try_call(Method::POST, "/wallet/channels", Some(body), &key)
        .await
        .unwrap()
}

async fn channels(shop: &Shop) -> usize {
    let channels: Value = shop.get("/wallet/channels").await;
    channels.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_one_channel_over_a_kill() {
    let shop = Shop::open().await;
    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    shop.world
        .fund(&text(&address, "address"), 3_000_000, true)
        .await
        .unwrap();
    let before = channels(&shop).await;
    let (status, opened) = until("the deposit to be spendable", async || {
        let answer = open(&shop, 500_000).await;
        (answer.0 != 402).then_some(answer)
    })
    .await;
    assert_eq!(status, 201, "{opened}");
    shop.world.till().kill().await.unwrap();
    shop.world.start_till().await.unwrap();
    let again = until("the till to answer", async || {
        let (status, answer) = open(&shop, 500_000).await;
        (status == 201).then_some(answer)
    })
    .await;
    assert_eq!(again["userChannelId"], opened["userChannelId"]);
    assert_eq!(again["fundingTxId"], opened["fundingTxId"]);
    assert_eq!(open(&shop, 500_001).await.0, 409);
    assert_eq!(channels(&shop).await, before + 1);
    shop.close().await;
}
