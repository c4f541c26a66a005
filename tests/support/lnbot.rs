//! A client of the ln.bot surface: an account with its keys.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use till::invoice::{Description, Invoice};
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::Msat;
use till::payment::Payment;
use till_actors::service::{NewInvoice, NewPayment};

use crate::app::{TestApp, until};
use crate::lnbits::Answer;

/// Somebody who calls, with a key or without.
#[derive(Clone, Debug)]
pub struct Bot {
    /// The key that is sent; an empty one is none.
    pub key: String,
    url: String,
    http: reqwest::Client,
}

/// Somebody who has registered.
#[derive(Clone, Debug)]
pub struct Account {
    /// `usr_...`
    pub user_id: String,
    /// By the primary key.
    pub primary: Bot,
    /// By the secondary key.
    pub secondary: Bot,
    /// What gives the account back.
    pub passphrase: String,
}

impl TestApp {
    /// Somebody without a key.
    pub fn bot(&self) -> Bot {
        let http = reqwest::Client::builder().no_proxy().build();
        Bot {
            key: String::new(),
            url: format!("{}/v1", self.url),
            http: http.expect("a client"),
        }
    }

    /// Registers.
    pub async fn account(&self) -> Account {
        let bot = self.bot();
        let (status, made) = bot.post("/register", Value::Null).await;
        assert_eq!(status, 200, "{made}");
        let text = |field: &str| made[field].as_str().expect(field).to_owned();
        Account {
            user_id: text("userId"),
            primary: bot.with_key(&text("primaryKey")),
            secondary: bot.with_key(&text("secondaryKey")),
            passphrase: text("recoveryPassphrase"),
        }
    }

    /// A new account's first wallet, called by its own key; and the account.
    pub async fn bot_wallet(&self) -> (Bot, Account) {
        let account = self.account().await;
        let (_, wallet) = account.new_wallet().await;
        (wallet, account)
    }
}

impl Account {
    /// A new wallet: its id, and whoever calls by its own key.
    pub async fn new_wallet(&self) -> (String, Bot) {
        let (status, made) = self.primary.post("/wallets", Value::Null).await;
        assert_eq!(status, 200, "{made}");
        let id = made["walletId"].as_str().expect("an id").to_owned();
        let path = format!("/wallets/{id}/key");
        let (status, made) = self.primary.post(&path, Value::Null).await;
        assert_eq!(status, 201, "{made}");
        let key = made["key"].as_str().expect("a key");
        (id, self.primary.with_key(key))
    }
}

impl Bot {
    /// The same with another key; an empty one is none.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        let key = key.to_owned();
        Self {
            key,
            ..self.clone()
        }
    }

    /// Where the surface is.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A call of a route (below `/v1`), to be sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match self.key.as_str() {
            "" => request,
            key => request.bearer_auth(key),
        }
    }

    /// Calls a route (below `/v1`); a body of `null` is none.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    /// `POST`
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, &body).await
    }

    /// `PATCH`
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, &body).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &Value::Null).await
    }
}

/// The wallet that an id of this surface names.
pub fn wallet_ref(id: &str) -> WalletRef {
    let hex = id.strip_prefix("wal_").expect("an id of a wallet");
    WalletRef::Wallet(hex.parse().expect("32 digits"))
}

impl TestApp {
    /// An invoice in a wallet of this surface, good for `expiry_secs`.
    pub async fn bill(&self, wallet: &str, amount_sat: u64, expiry_secs: u32) -> Invoice {
        let wanted = NewInvoice {
            wallet: wallet_ref(wallet),
            origin: Origin::Lnbot,
            amount: Msat::new(amount_sat * 1_000),
            description: Description::Text("tea".into()),
            external_id: Some("order-7".into()),
            webhook_url: None,
            expiry_secs: Some(expiry_secs),
            hold: None,
            idempotency: None,
            meta: Meta::default(),
        };
        let made = self.service.create_invoice(wanted).await;
        made.expect("an invoice")
    }

    /// A customer pays an invoice, and the money is there.
    pub async fn settle(&self, invoice: &Invoice) {
        let amount = invoice.amount.expect("an amount").get();
        let bolt11 = invoice.bolt11.as_ref().expect("a text");
        self.node.customer_pays(bolt11, amount);
        let paid = async || {
            let row = self.service.invoice(invoice.hash).await.expect("a row");
            row.filter(|row| row.receipt.is_some())
        };
        until(paid).await;
    }

    /// Pays from a wallet of this surface, and waits for what becomes of it.
    pub async fn spend(&self, wallet: &str, bolt11: String, wait: Duration) -> Payment {
        let wanted = NewPayment {
            wallet: wallet_ref(wallet),
            origin: Origin::Lnbot,
            bolt11,
            amount: None,
            fee_cap: None,
            idempotency: None,
            meta: Meta::default(),
        };
        self.service.pay(wanted, wait).await.expect("a payment")
    }
}
