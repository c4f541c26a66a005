//! Money for wallets of the ln.bot surface, and somebody else's LNURL service to pay it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::get;
use bitcoin::hashes::{Hash, sha256};
use serde_json::{Value, json};
use till::id::WalletId;
use till::invoice::Description;
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::Sat;
use till_actors::service::NewInvoice;

use crate::app::{TestApp, until};
use crate::fake_node::{FakeNode, Fate};
use crate::invoices::Foreign;
use crate::lnbot::Bot;

const METADATA: &str = r#"[["text/plain","tea for two"]]"#;

impl TestApp {
    /// The wallet whose key somebody calls with.
    pub async fn account_of(&self, bot: &Bot) -> WalletRef {
        let (_, me) = bot.get("/me").await;
        let id = me["walletId"].as_str().expect("a wallet's key");
        let id: WalletId = id.trim_start_matches("wal_").parse().expect("an id");
        WalletRef::Wallet(id)
    }

    /// An invoice of a wallet's.
    pub async fn invoice_of(&self, wallet: WalletRef, amount_sat: u64) -> String {
        let wanted = NewInvoice {
            wallet,
            origin: Origin::Lnbot,
            amount: Sat::new(amount_sat).map(Sat::to_msat),
            description: Description::Text("pay day".into()),
            external_id: Some("salary-7".into()),
            webhook_url: None,
            expiry_secs: None,
            hold: None,
            idempotency: None,
            meta: Meta::default(),
        };
        let made = self.service.create_invoice(wanted).await;
        made.expect("an invoice").bolt11.expect("its text")
    }

    /// A wallet with money in it, called by its own key.
    pub async fn rich_bot(&self, amount_sat: u64) -> Bot {
        let (bot, _) = self.bot_wallet().await;
        let wallet = self.account_of(&bot).await;
        let bolt11 = self.invoice_of(wallet, amount_sat).await;
        self.node.customer_pays(&bolt11, amount_sat * 1_000);
        until(async || {
            let (_, shown) = bot.get("/wallets/current").await;
            (shown["balance"] == amount_sat).then_some(())
        })
        .await;
        bot
    }
}

/// Somebody else's LNURL service: 1 to 100,000 sat for `bob`.
#[derive(Clone)]
pub struct LnurlServer {
    node: Arc<FakeNode>,
    /// Where it is.
    pub url: String,
    /// What becomes of payments to its invoices.
    pub fate: Arc<Mutex<Fate>>,
    /// How many invoices it was asked for.
    pub asked: Arc<Mutex<usize>>,
}

impl LnurlServer {
    /// Opens it.
    pub async fn open(app: &TestApp) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Self {
            node: Arc::clone(&app.node),
            url: format!("http://{address}"),
            fate: Arc::new(Mutex::new(Fate::Succeeds(2_000))),
            asked: Arc::default(),
        };
        let pay = get(|State(it): State<Self>| async move {
            Json(json!({
                "tag": "payRequest", "callback": format!("{}/cb", it.url),
                "minSendable": 1_000, "maxSendable": 100_000_000, "metadata": METADATA,
            }))
        });
        let callback = get(
            |State(it): State<Self>, Query(query): Query<HashMap<String, String>>| async move {
                Json(it.invoice(&query))
            },
        );
        let withdraw = get(|| async {
            Json(json!({
                "tag": "withdrawRequest", "callback": "http://127.0.0.1:1/", "k1": "card",
                "minWithdrawable": 1_000, "maxWithdrawable": 50_000, "defaultDescription": "card",
            }))
        });
        let closed = get(|| async { Json(json!({"status": "ERROR", "reason": "we are closed"})) });
        let router = axum::Router::new()
            .route("/.well-known/lnurlp/bob", pay)
            .route("/.well-known/lnurlp/shut", closed)
            .route("/w", withdraw)
            .route("/cb", callback)
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn invoice(&self, query: &HashMap<String, String>) -> Value {
        let amount_msat = query.get("amount").and_then(|text| text.parse().ok());
        let fate = *self.fate.lock().expect("unharmed");
        *self.asked.lock().expect("unharmed") += 1;
        let hash = sha256::Hash::hash(METADATA.as_bytes()).to_byte_array();
        let pr = self.node.foreign(Foreign {
            amount_msat,
            fate,
            description: Description::Hash(hash),
            ..Foreign::default()
        });
        json!({"pr": pr, "routes": []})
    }

    /// `name@127.0.0.1:port`
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        format!("{name}@{}", self.url.trim_start_matches("http://"))
    }
}
