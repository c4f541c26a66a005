//! Webhooks over real HTTP: signed, in the surface's words, retried until they are taken.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use serde_json::{Value, json};
use support::app::{TestApp, until};
use till::invoice::{Description, Invoice};
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::Msat;
use till_actors::service::NewInvoice;
use tilld::lnbits::Dialect;

/// What a shop's server was told, and what it answers next; 200 once that is used up.
#[derive(Clone, Default)]
struct Shop {
    told: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Shop {
    async fn open(answers: &[u16]) -> (Self, String) {
        let shop = Self::default();
        shop.answers.lock().unwrap().extend(answers.iter().rev());
        let hook = async |State(shop): State<Shop>, headers: HeaderMap, body: String| {
            shop.told.lock().unwrap().push((headers, body));
            let next = shop.answers.lock().unwrap().pop().unwrap_or(200);
            StatusCode::from_u16(next).unwrap()
        };
        let router = axum::Router::new().route("/paid", axum::routing::post(hook));
        let router = router.with_state(shop.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (shop, format!("http://{address}/paid"))
    }

    async fn hears(&self, times: usize) -> Vec<(HeaderMap, String)> {
        until(async || {
            let told = self.told.lock().unwrap();
            (told.len() >= times).then(|| told.clone())
        })
        .await
    }
}

async fn sell(app: &TestApp, wallet: WalletRef, origin: Origin, url: &str) -> Invoice {
    let wanted = NewInvoice {
        wallet,
        origin,
        amount: Msat::new(21_000),
        description: Description::Text("tea".into()),
        external_id: Some("order-7".into()),
        webhook_url: Some(url.to_owned()),
        expiry_secs: None,
        hold: None,
        meta: Meta::default(),
        idempotency: None,
    };
    let invoice = app.service.create_invoice(wanted).await.unwrap();
    app.node
        .customer_pays(invoice.bolt11.as_ref().unwrap(), 21_000);
    invoice
}

/// What a receiver does with these headers, by the specification and not by our code.
fn signature(secret: &str, headers: &HeaderMap, body: &str) -> String {
    let key = BASE64
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let of = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut engine = HmacEngine::<sha256::Hash>::new(&key);
    engine.input(format!("{}.{}.{body}", of("webhook-id"), of("webhook-timestamp")).as_bytes());
    let mac = Hmac::<sha256::Hash>::from_engine(engine);
    format!("v1,{}", BASE64.encode(mac.to_byte_array()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_told_signed_and_again_until_it_is_taken() {
    for dialect in [Dialect::Documented, Dialect::V1] {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        let (shop, url) = Shop::open(&[500]).await;
        let invoice = sell(&app, wallet.account(), Origin::Lnbits, &url).await;
        let told = shop.hears(2).await;
        let secret = app.service.webhook_secret(wallet.account());
        for (headers, body) in &told {
            assert_eq!(
                headers["webhook-signature"],
                signature(&secret, headers, body).as_str()
            );
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_secs();
            let at: u64 = headers["webhook-timestamp"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert!(now.abs_diff(at) < 60);
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["payment_hash"], json!(invoice.hash.to_string()));
            assert_eq!(body["status"], "success");
            let amount = if dialect == Dialect::V1 { 21_000 } else { 21 };
            assert_eq!(body["amount"], amount);
        }
        assert_eq!(told[0].0["webhook-id"], told[1].0["webhook-id"]);
        let status = until(async || {
            let row = app.service.invoice(invoice.hash).await.unwrap().unwrap();
            row.meta.webhook_status.filter(|status| status == "200")
        });
        status.await;
        let other = app.wallet("other").await;
        assert_ne!(app.service.webhook_secret(other.account()), secret);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pos_tells_what_its_websocket_tells() {
    let app = TestApp::initialized().await;
    let (shop, url) = Shop::open(&[]).await;
    let invoice = sell(&app, WalletRef::House, Origin::Pos, &url).await;
    let (headers, body) = shop.hears(1).await.remove(0);
    let admin = app.wallet_admin().await;
    let (_, told) = admin.get("/wallet/webhooksecret").await;
    let secret = told["secret"].as_str().unwrap();
    assert_eq!(
        headers["webhook-signature"],
        signature(secret, &headers, &body).as_str()
    );
    assert_eq!(headers["content-type"], "application/json");
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let at = body["timestamp"].take();
    assert!(at.as_u64().unwrap() > 1_700_000_000_000, "{at}");
    let id = body["eventId"].take();
    let expected = json!({
        "type": "payment_received",
        "amountSat": 21,
        "paymentHash": invoice.hash.to_string(),
        "externalId": "order-7",
        "eventId": null,
        "timestamp": null,
    });
    let mut known = body.clone();
    known.as_object_mut().unwrap().remove("payerNote");
    assert_eq!(known, expected, "event {id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_tills_own_network_is_never_called() {
    let app = TestApp::initialized().await;
    let url = "http://169.254.169.254/latest/meta-data";
    let invoice = sell(&app, WalletRef::House, Origin::Pos, url).await;
    let status = until(async || {
        let row = app.service.invoice(invoice.hash).await.unwrap().unwrap();
        row.meta.webhook_status
    });
    assert_eq!(status.await, "not_allowed");
}
