//! The ln.bot surface over real channels: what a challenge asks for is paid by somebody's own node, and what a
//! webhook was about to be told when the till was killed is told when it is back.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, text, until};

/// Anybody gets a wallet, and programs on this machine are told.
const OPEN: [(&str, &str); 2] = [
    ("TILL_LNBOT_OPEN_REGISTRATION", "true"),
    ("TILL_OUTBOUND_ALLOW_LOOPBACK", "true"),
];

/// A wallet, by its own key.
struct Bot<'a> {
    shop: &'a Shop,
    key: String,
}

impl<'a> Bot<'a> {
    async fn open(shop: &'a Shop) -> Self {
        let nobody = Self {
            shop,
            key: String::new(),
        };
        let user = Self {
            shop,
            key: text(&nobody.post("/register", json!({})).await.1, "primaryKey"),
        };
        let (_, wallet) = user.post("/wallets", json!({})).await;
        let path = format!("/wallets/{}/key", text(&wallet, "walletId"));
        let (status, made) = user.post(&path, json!({})).await;
        assert_eq!(status, 201, "{made}");
        let key = text(&made, "key");
        Self { shop, key }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let path = format!("/v1{path}");
        let headers = [("authorization", bearer.as_str())];
        let called = self.shop.try_call(method, &path, body, &headers);
        called.await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// In the wallet that the key is of.
    async fn does(&self, what: &str, body: Value) -> Value {
        let path = format!("/wallets/current/{what}");
        let (status, answer) = self.post(&path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_paid_by_another_node_and_its_token_is_good() {
    let shop = Shop::open_with(&OPEN).await;
    let bot = Bot::open(&shop).await;
    let wanted = json!({"amount": 2_100, "caveats": ["path=/tea"]});
    let made = bot.does("l402/challenges", wanted).await;
    let paid = shop.customer_pays(&text(&made, "invoice")).await.unwrap();
    assert_eq!(made["paymentHash"], paid.payment_hash);
    let token = format!("L402 {}:{}", text(&made, "macaroon"), paid.preimage);
    let verdict = bot
        .does("l402/verify", json!({"authorization": token}))
        .await;
    assert_eq!(
        (&verdict["valid"], &verdict["error"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(verdict["caveats"][1], "path=/tea");
    until("the money to be there", async || {
        let (_, wallet) = bot.call(Method::GET, "/wallets/current", None).await;
        (wallet["balance"] == 2_100).then_some(())
    })
    .await;

    // What the customer sells is paid from there.
    let asked = shop.customer_asks(Some(1_000), false).await;
    let header = format!("L402 macaroon=\"theirs\", invoice=\"{}\"", asked.bolt11);
    let bought = bot
        .does("l402/pay", json!({"wwwAuthenticate": header}))
        .await;
    assert_eq!(bought["status"], "settled", "{bought}");
    let shown = format!("L402 theirs:{}", text(&bought, "preimage"));
    assert_eq!(bought["authorization"], shown);
    shop.close().await;
}

/// What a program was told; the first time it does not answer.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<(String, Value)>>>);

impl Listener {
    async fn open() -> (Self, String) {
        let listener = Self::default();
        let hook =
            async |State(heard): State<Listener>, headers: axum::http::HeaderMap, body: String| {
                let is_first = {
                    let mut told = heard.0.lock().unwrap();
                    let id = headers["webhook-id"].to_str().unwrap().to_owned();
                    told.push((id, serde_json::from_str(&body).unwrap()));
                    told.len() == 1
                };
                if is_first {
                    std::future::pending::<()>().await;
                }
            };
        let router = axum::Router::new().route("/hook", axum::routing::post(hook));
        let router = router.with_state(listener.clone());
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, router).await });
        (listener, url)
    }

    async fn hears(&self, times: usize) -> Vec<(String, Value)> {
        until("a webhook to be told", async || {
            let told = self.0.lock().unwrap();
            (told.len() >= times).then(|| told.clone())
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_was_being_told_at_a_kill_is_told_again() {
    let shop = Shop::open_with(&OPEN).await;
    let bot = Bot::open(&shop).await;
    let (listener, url) = Listener::open().await;
    bot.does("webhooks", json!({"url": url})).await;
    let made = bot.does("l402/challenges", json!({"amount": 3_000})).await;
    listener.hears(1).await;

    shop.world.till().kill().await.unwrap();
    shop.world.start_till().await.unwrap();

    let told = listener.hears(2).await;
    assert_eq!(told[0].0, told[1].0, "repeats are told by their id");
    assert_eq!(told[1].1["event"], "invoice.created");
    assert_eq!(told[1].1["data"]["bolt11"], made["invoice"]);
    until("the customer to find the way", async || {
        shop.customer_pays(&text(&made, "invoice")).await.ok()
    })
    .await;
    let told = listener.hears(3).await;
    assert_eq!(told[2].1["event"], "invoice.settled");
    assert_eq!(told[2].1["data"]["status"], "settled");
    shop.close().await;
}
