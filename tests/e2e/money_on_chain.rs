//! On-chain money: deposits, channels, and a chain source that goes away.

use reqwest::Method;
use serde_json::json;
use till_regtest::world::Opener;

use crate::shop::{Shop, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn deposits_and_channels_are_booked() {
    let shop = Shop::open().await;
    let mut display = shop.display().await;
    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    shop.world
        .fund(&text(&address, "address"), 3_000_000, true)
        .await
        .unwrap();
    let before = shop.balance_sat().await;

    // From the chain into a channel, and a part of it to the peer.
    shop.world
        .open_channel(Opener::Till, 2_000_000, 100_000)
        .await
        .unwrap();
    display.next_of("channel_opened").await;
    until("the new channel to count", async || {
        (shop.balance_sat().await > before + 1_500_000).then_some(())
    })
    .await;
    // A customer who opens one and leaves us something in it.
    shop.world
        .open_channel(Opener::Customer, 1_000_000, 50_000)
        .await
        .unwrap();
    display.next_of("channel_opened").await;
    let channels = shop.get("/wallet/channels").await;
    assert_eq!(channels.as_array().unwrap().len(), 4);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_cannot_be_says_why() {
    let shop = Shop::open().await;
    let peer = shop.world.customer();
    let (node_id, address) = (peer.node_id().to_string(), peer.address().to_string());
    let wanted = |node_id: &str, amount: u64| json!({"nodeId": node_id, "address": address, "amountSat": amount});
    let unknown =
        "02".to_owned() + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let cases = [
        (wanted(&node_id, 900_000_000), 402),
        (wanted("02zz", 100_000), 400),
        (wanted(&node_id, 0), 400),
        (wanted(&unknown, 100_000), 422),
    ];
    for (body, status) in cases {
        let (got, answer) = shop.post("/wallet/channels", body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_till_outlives_its_chain_source() {
    let shop = Shop::open().await;
    shop.world.stop_esplora().await;
    // Lightning goes on: channels need no chain for a payment.
    let (bolt11, hash) = shop.invoice(json!({"amountSat": 2_000})).await;
    shop.customer_pays(&bolt11).await.unwrap();
    shop.incoming_becomes(&hash, "RECEIVED").await;

    // A till that starts without it serves what it can, and says what is wrong.
    shop.world.till().stop().await.unwrap();
    let starting = shop.world.clone();
    let started = tokio::spawn(async move { starting.start_till().await });
    let (status, answer) = until("the till to say that it is not ready", async || {
        shop.try_call(Method::GET, "/readyz", None, &[]).await.ok()
    })
    .await;
    assert_eq!(status, 503, "{answer}");
    assert!(
        text(&answer, "message").contains("chain source"),
        "{answer}"
    );
    assert_eq!(shop.incoming(&hash).await["status"], "RECEIVED");
    let refused = shop
        .post("/wallet/createinvoice", json!({"amountSat": 1}))
        .await;
    assert_eq!(
        (refused.0, &refused.1["code"]),
        (503, &json!("node_unavailable"))
    );

    shop.world.start_esplora().await.unwrap();
    started.await.unwrap().unwrap();
    let (bolt11, hash) = shop.invoice(json!({"amountSat": 2_500})).await;
    until("the customer to find the way", async || {
        shop.customer_pays(&bolt11).await.ok()
    })
    .await;
    shop.incoming_becomes(&hash, "RECEIVED").await;
    shop.close().await;
}
