//! The ln.bot surface pays over real channels: an invoice, an offer, and somebody who is away and comes back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, text, until};

/// Anybody gets a wallet.
const OPEN: [(&str, &str); 1] = [("TILL_LNBOT_OPEN_REGISTRATION", "true")];
/// What the wallet has to begin with, in sat.
const BEGIN_WITH: u64 = 50_000;

/// A wallet with money in it, by its own key.
struct Bot<'a> {
    shop: &'a Shop,
    key: String,
}

impl<'a> Bot<'a> {
    async fn open(shop: &'a Shop) -> Self {
        let account = shop.world.lnbot_account().await.unwrap();
        let key = account.wallet_key.clone();
        let bot = Self { shop, key };
        let wanted = json!({ "amount": BEGIN_WITH });
        let (status, made) = bot.call(Method::POST, "/invoices", Some(wanted)).await;
        assert!(status < 300, "{made}");
        shop.customer_pays(&text(&made, "bolt11")).await.unwrap();
        until("the money to be there", async || {
            (bot.money().await == (BEGIN_WITH, 0)).then_some(())
        })
        .await;
        bot
    }

    async fn call(&self, method: Method, what: &str, body: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let path = format!("/v1/wallets/current{what}");
        let headers = [("authorization", bearer.as_str())];
        let called = self.shop.try_call(method, &path, body, &headers);
        called.await.unwrap()
    }

    async fn pays(&self, target: &str) -> Value {
        let body = json!({ "target": target });
        let (status, paid) = self.call(Method::POST, "/payments", Some(body)).await;
        assert_eq!(status, 200, "{paid}");
        paid
    }

    /// What the wallet has, and what of it is on hold.
    async fn money(&self) -> (u64, u64) {
        let (_, wallet) = self.call(Method::GET, "", None).await;
        let field = |name: &str| wallet[name].as_u64().unwrap();
        (field("balance"), field("onHold"))
    }

    async fn becomes(&self, number: &Value, status: &str) -> Value {
        until(&format!("payment {number} to be {status}"), async || {
            let path = format!("/payments/{number}");
            let (_, shown) = self.call(Method::GET, &path, None).await;
            (shown["status"] == status).then_some(shown)
        })
        .await
    }
}

fn cost(paid: &Value) -> u64 {
    paid["amount"].as_u64().unwrap() + paid["actualFee"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_and_offers_are_paid_and_who_was_away_is_paid_when_they_are_back() {
    let shop = Shop::open_with(&OPEN).await;
    let bot = Bot::open(&shop).await;
    let asked = shop.customer_asks(Some(5_000), false).await;
    let paid = bot.pays(&asked.bolt11).await;
    assert_eq!(paid["status"], "settled", "{paid}");
    let left = BEGIN_WITH - cost(&paid);
    assert_eq!(bot.money().await, (left, 0));

    let offer = shop.world.customer().offer(Some(7_000_000)).await.unwrap();
    let paid = bot.pays(&offer).await;
    let paid = bot.becomes(&paid["number"], "settled").await;
    assert_eq!(paid["amount"], 7_000);
    let left = left - cost(&paid);
    assert_eq!(bot.money().await, (left, 0));

    let asked = shop.customer_asks(Some(9_000), false).await;
    shop.world.stop_customer().await.unwrap();
    let paid = bot.pays(&asked.bolt11).await;
    let waits = until("it to wait for another attempt", async || {
        let path = format!("/payments/{}", paid["number"]);
        let (_, shown) = bot.call(Method::GET, &path, None).await;
        assert_ne!(shown["status"], "failed", "{shown}");
        (shown["stage"] == "retrying").then_some(shown)
    })
    .await;
    assert!(waits["retryUntil"].is_string(), "{waits}");
    let on_hold = 9_000 + waits["maxFee"].as_u64().unwrap();
    assert_eq!(bot.money().await, (left, on_hold));

    shop.world.start_customer().await.unwrap();
    let paid = bot.becomes(&paid["number"], "settled").await;
    assert_eq!(paid["retryUntil"], Value::Null);
    assert_eq!(bot.money().await, (left - cost(&paid), 0));
    shop.close().await;
}
