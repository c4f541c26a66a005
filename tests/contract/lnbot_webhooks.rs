//! Webhooks of a wallet: added, told in order, signed, retried, ended, deleted; and what was told.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::lnbot::Bot;
use till::invoice::{Description, Invoice};
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::Msat;
use till_actors::service::{NewInvoice, NewPayment};

const HOOKS: &str = "/wallets/current/webhooks";
const PRICE_SAT: u64 = 21;

/// A program that is told, and what it answers next; 200 once that is used up.
#[derive(Clone, Default)]
struct Listener {
    told: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Listener {
    async fn open(answers: &[u16]) -> (Self, String) {
        let listener = Self::default();
        listener
            .answers
            .lock()
            .unwrap()
            .extend(answers.iter().rev());
        let hook = async |State(heard): State<Listener>, headers: HeaderMap, body: String| {
            heard.told.lock().unwrap().push((headers, body));
            let next = heard.answers.lock().unwrap().pop().unwrap_or(200);
            StatusCode::from_u16(next).unwrap()
        };
        let router = axum::Router::new().route("/hook", axum::routing::post(hook));
        let router = router.with_state(listener.clone());
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, router).await });
        (listener, url)
    }

    async fn hears(&self, times: usize) -> Vec<(HeaderMap, Value)> {
        let told = until(async || {
            let told = self.told.lock().unwrap();
            (told.len() >= times).then(|| told.clone())
        });
        let parsed = told.await.into_iter();
        parsed
            .map(|(headers, body)| (headers, serde_json::from_str(&body).unwrap()))
            .collect()
    }

    fn bodies(&self) -> Vec<(HeaderMap, String)> {
        self.told.lock().unwrap().clone()
    }
}

async fn account_of(bot: &Bot) -> WalletRef {
    let (_, me) = bot.get("/me").await;
    let id = me["walletId"].as_str().unwrap().strip_prefix("wal_");
    WalletRef::Wallet(id.unwrap().parse().unwrap())
}

async fn ask(app: &TestApp, bot: &Bot) -> Invoice {
    let wanted = NewInvoice {
        wallet: account_of(bot).await,
        origin: Origin::Lnbot,
        amount: Msat::new(PRICE_SAT * 1_000),
        description: Description::Text("tea".into()),
        external_id: Some("order-7".into()),
        webhook_url: None,
        expiry_secs: None,
        hold: None,
        idempotency: None,
        meta: Meta::default(),
    };
    app.service.create_invoice(wanted).await.unwrap()
}

async fn sell(app: &TestApp, bot: &Bot) -> Invoice {
    let invoice = ask(app, bot).await;
    let bolt11 = invoice.bolt11.as_ref().unwrap();
    app.node.customer_pays(bolt11, PRICE_SAT * 1_000);
    invoice
}

async fn add(bot: &Bot, url: &str) -> Value {
    let (status, made) = bot.post(HOOKS, json!({"url": url})).await;
    assert_eq!(status, 200, "{made}");
    made
}

async fn only(bot: &Bot) -> Value {
    let (status, mut list) = bot.get(HOOKS).await;
    assert_eq!(status, 200, "{list}");
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    list[0].take()
}

async fn deliveries(bot: &Bot, id: &Value, query: &str) -> Vec<Value> {
    let path = format!("{HOOKS}/{}/deliveries{query}", id.as_str().unwrap());
    let (status, list) = bot.get(&path).await;
    assert_eq!(status, 200, "{list}");
    list.as_array().unwrap().clone()
}

/// What a receiver does with these headers, by the specification and not by our code.
fn signature(secret: &Value, headers: &HeaderMap, body: &str) -> String {
    let key = secret.as_str().unwrap().strip_prefix("whsec_").unwrap();
    let key = BASE64.decode(key).unwrap();
    assert!((24..=64).contains(&key.len()));
    let of = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut engine = HmacEngine::<sha256::Hash>::new(&key);
    engine.input(format!("{}.{}.{body}", of("webhook-id"), of("webhook-timestamp")).as_bytes());
    let mac = Hmac::<sha256::Hash>::from_engine(engine);
    format!("v1,{}", BASE64.encode(mac.to_byte_array()))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_happens_is_told_in_order_and_signed() {
    let app = TestApp::lnbot().await;
    let (bot, account) = app.bot_wallet().await;
    let (listener, url) = Listener::open(&[]).await;
    let made = add(&bot, &url).await;
    assert_eq!(made["url"], url.as_str());
    let id = made["id"].as_str().unwrap();
    assert_eq!((id.len(), &id[..4]), (36, "whk_"));
    let expected = json!({"id": id, "url": url, "active": true, "createdAt": made["createdAt"]});
    assert_eq!(only(&bot).await, expected, "and no secret");

    let invoice = sell(&app, &bot).await;
    let heard = listener.hears(2).await;
    let number = |value: &Value| value["data"]["number"].as_u64();
    let names: Vec<_> = heard.iter().map(|(_, body)| &body["event"]).collect();
    assert_eq!(names, ["invoice.created", "invoice.settled"]);
    let settled = &heard[1].1;
    assert!(settled["created_at"].as_str().unwrap().ends_with('Z'));
    let data = &settled["data"];
    assert_eq!(
        (number(settled), &data["status"]),
        (Some(1), &json!("settled"))
    );
    assert_eq!(data["amount"], PRICE_SAT);
    assert_eq!(data["bolt11"], json!(invoice.bolt11));
    assert_eq!(data["reference"], "order-7");
    assert_eq!(data["memo"], "tea");
    assert!(data["preimage"].is_string() && data["settled_at"].is_string());
    assert!(data["created_at"].is_string() && data["expires_at"].is_string());
    assert!(data.as_object().unwrap().contains_key("tx_number"));
    for (headers, body) in listener.bodies() {
        let expected = signature(&made["secret"], &headers, &body);
        assert_eq!(headers["webhook-signature"], expected.as_str());
        assert_eq!(headers["content-type"], "application/json");
    }

    // Another wallet of the same user's is paid, which tells both sides their own.
    let (_, other) = account.new_wallet().await;
    let asked = ask(&app, &other).await;
    let order = NewPayment {
        wallet: account_of(&bot).await,
        origin: Origin::Lnbot,
        bolt11: asked.bolt11.unwrap(),
        amount: None,
        fee_cap: None,
        idempotency: None,
        meta: Meta::default(),
    };
    let wait = std::time::Duration::from_secs(10);
    app.service.pay(order, wait).await.unwrap();
    let heard = listener.hears(4).await;
    let names: Vec<_> = heard[2..].iter().map(|(_, body)| &body["event"]).collect();
    assert_eq!(names, ["payment.created", "payment.settled"]);
    assert_eq!(heard[3].1["data"]["status"], "settled");
    let told = deliveries(&bot, &made["id"], "").await;
    assert_eq!(told.len(), 4);
    let ids: Vec<_> = heard
        .iter()
        .map(|(headers, _)| &headers["webhook-id"])
        .collect();
    assert!(ids.windows(2).all(|two| two[0] != two[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_can_be_read() {
    let app = TestApp::lnbot().await;
    let (bot, _) = app.bot_wallet().await;
    // The first is not wanted, the second is taken.
    let (listener, url) = Listener::open(&[404]).await;
    let id = add(&bot, &url).await["id"].take();
    sell(&app, &bot).await;
    listener.hears(2).await;
    let all = until(async || {
        let all = deliveries(&bot, &id, "").await;
        let is_told = |row: &Value| row["tries"].as_u64() == Some(1);
        (all.len() == 2 && all.iter().all(is_told)).then_some(all)
    })
    .await;
    let (newest, oldest) = (&all[0], &all[1]);
    assert_eq!(
        newest,
        &json!({
            "id": newest["id"], "number": newest["number"], "event": "invoice.settled",
            "status": "delivered", "tries": 1, "lastStatus": "200",
            "createdAt": newest["createdAt"], "nextTryAt": null
        })
    );
    assert_eq!(oldest["event"], "invoice.created");
    assert_eq!(
        (&oldest["status"], &oldest["lastStatus"]),
        (&json!("pending"), &json!("404"))
    );
    assert!(oldest["nextTryAt"].is_string());
    let sent = listener.bodies();
    assert_eq!(oldest["id"], sent[0].0["webhook-id"].to_str().unwrap());
    assert_eq!(
        deliveries(&bot, &id, "?limit=1").await,
        std::slice::from_ref(newest)
    );
    let after = format!("?after={}&limit=100", newest["number"]);
    assert_eq!(
        deliveries(&bot, &id, &after).await,
        std::slice::from_ref(oldest)
    );
    let path = format!("{HOOKS}/{}/deliveries", id.as_str().unwrap());
    for bad in [
        "?limit=0",
        "?limit=101",
        "?limit=x",
        "?after=-1",
        "?after=x",
        "?limit=",
    ] {
        let (status, answer) = bot.get(&format!("{path}{bad}")).await;
        assert_eq!(status, 400, "{bad}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_or_deleted_is_told_nothing_more() {
    let app = TestApp::lnbot().await;
    let (bot, _) = app.bot_wallet().await;
    let (listener, url) = Listener::open(&[410]).await;
    let id = add(&bot, &url).await["id"].take();
    sell(&app, &bot).await;
    until(async || (only(&bot).await["active"] == false).then_some(())).await;
    let ended = async || {
        let all = deliveries(&bot, &id, "").await;
        all.iter()
            .all(|row| row["status"] == "failed")
            .then_some(all)
    };
    let all = until(ended).await;
    assert_eq!(all.last().unwrap()["lastStatus"], "410");
    assert_eq!(bot.post(HOOKS, json!({"url": url})).await.0, 409);

    let path = format!("{HOOKS}/{}", id.as_str().unwrap());
    assert_eq!(bot.delete(&path).await, (204, Value::Null));
    assert_eq!(bot.delete(&path).await.0, 404);
    assert_eq!(bot.get(&format!("{path}/deliveries")).await.0, 404);
    assert_eq!(bot.get(HOOKS).await, (200, json!([])));

    // What waits for a second try when its webhook is deleted is not tried again; the next one hears.
    let (failing, dead) = Listener::open(&[500]).await;
    let id = add(&bot, &dead).await["id"].take();
    ask(&app, &bot).await;
    failing.hears(1).await;
    let path = format!("{HOOKS}/{}", id.as_str().unwrap());
    assert_eq!(bot.delete(&path).await.0, 204);
    let (next, url) = Listener::open(&[]).await;
    add(&bot, &url).await;
    sell(&app, &bot).await;
    next.hears(2).await;
    assert_eq!(listener.bodies().len(), 1, "410 was all it had to say");
    assert_eq!(failing.bodies().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_called_or_is_one_too_many_is_refused() {
    let app = TestApp::lnbot().await;
    let (bot, account) = app.bot_wallet().await;
    let long = format!("https://a.example/{}", "x".repeat(2_031));
    for url in [
        "",
        "nonsense",
        "http://8.8.8.8/hook",
        "ftp://a.example/",
        "https://user:word@a.example/",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/",
        &long,
    ] {
        let (status, answer) = bot.post(HOOKS, json!({"url": url})).await;
        assert_eq!(status, 400, "{url}: {answer}");
        assert!(answer["error"].is_string());
    }
    for body in [
        json!({}),
        json!({"url": 7}),
        json!({"url": null}),
        json!([]),
    ] {
        assert_eq!(bot.post(HOOKS, body.clone()).await.0, 400, "{body}");
    }
    add(&bot, &long[..2_048]).await;
    for n in 2..=10 {
        add(&bot, &format!("https://{n}.example/hook")).await;
    }
    let again = json!({"url": "https://2.example/hook"});
    let (status, answer) = bot.post(HOOKS, again).await;
    assert_eq!(status, 409, "{answer}");
    let eleventh = json!({"url": "https://11.example/hook"});
    let (status, answer) = bot.post(HOOKS, eleventh).await;
    assert_eq!(status, 400, "{answer}");
    let (_, list) = bot.get(HOOKS).await;
    assert_eq!(list.as_array().map(Vec::len), Some(10));

    // Its user may look after it too; nobody else finds it.
    let (_, me) = bot.get("/me").await;
    let path = format!("/wallets/{}/webhooks", me["walletId"].as_str().unwrap());
    assert_eq!(account.primary.get(&path).await.1, list);
    let id = list[0]["id"].as_str().unwrap();
    let (_, stranger) = account.new_wallet().await;
    for (key, status) in [(&stranger, 404), (&app.bot(), 401)] {
        assert_eq!(key.get(&path).await.0, status);
        assert_eq!(
            key.post(&path, json!({"url": "https://x.example/"}))
                .await
                .0,
            status
        );
        assert_eq!(key.delete(&format!("{path}/{id}")).await.0, status);
        assert_eq!(key.get(&format!("{path}/{id}/deliveries")).await.0, status);
    }
    for unknown in [id, "whk_00", "nonsense"] {
        assert_eq!(stranger.delete(&format!("{HOOKS}/{unknown}")).await.0, 404);
        let path = format!("{HOOKS}/{unknown}/deliveries");
        assert_eq!(stranger.get(&path).await.0, 404);
    }
    assert_eq!(bot.delete(&format!("{path}/{id}")).await.0, 204);
}
