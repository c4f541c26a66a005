//! An invoice that one wallet failed to pay is payable from others, and each finds its own of it.

use serde_json::{Value, json};
use support::app::TestApp;
use support::fake_node::{Fate, payment_hash};
use support::invoices::Foreign;
use support::lnbot::Bot;
use till::payment::FailureReason;

const PAYMENTS: &str = "/wallets/current/payments";

async fn status(bot: &Bot, name: &str) -> Value {
    let (status, shown) = bot.get(&format!("{PAYMENTS}/{name}")).await;
    assert_eq!(status, 200, "{shown}");
    shown["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_failure_keeps_nobody_from_paying() {
    let app = TestApp::lnbot().await;
    let (stranger, customer) = (app.rich_bot(5_000).await, app.rich_bot(5_000).await);
    let target = app.node.foreign(Foreign {
        fate: Fate::Fails(FailureReason::RecipientRejected),
        ..Foreign::default()
    });
    let hash = payment_hash(&target);
    let order = json!({"target": target});
    let (_, failed) = stranger.post(PAYMENTS, order.clone()).await;
    assert_eq!(failed["status"], "failed", "{failed}");

    app.node.will(hash, Fate::Succeeds(0));
    let (_, paid) = customer.post(PAYMENTS, order.clone()).await;
    assert_eq!(paid["status"], "settled", "{paid}");
    assert_eq!(app.node.times_sent(hash), 2);

    let name = hash.to_string();
    assert_eq!(status(&stranger, &name).await, "failed");
    assert_eq!(status(&stranger, "1").await, "failed");
    assert_eq!(status(&customer, &name).await, "settled");
    for (bot, balance) in [(&stranger, 5_000), (&customer, 4_000)] {
        assert_eq!(bot.get("/wallets/current").await.1["balance"], balance);
        let (_, list) = bot.get(PAYMENTS).await;
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    }
    let (refused, answer) = stranger.post(PAYMENTS, order).await;
    assert_eq!(refused, 409, "{answer}");
}
