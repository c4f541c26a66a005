//! `Idempotency-Key` on `POST /payments` of the LNbits surface: whoever did not hear the answer asks
//! again, and nothing happens twice.

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign, payment_hash};
use support::lnbits::{Answer, Wallet};
use till::payment::FailureReason;
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];

struct Client<'a> {
    app: &'a TestApp,
    wallet: Wallet,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    async fn open(app: &'a TestApp, name: &str) -> Self {
        Self {
            app,
            wallet: app.wallet(name).await,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn post(&self, key: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}/api/v1/payments", self.app.url));
        let request = request.header("x-api-key", &self.wallet.adminkey);
        let request = request.header("idempotency-key", key);
        let answer = request.json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn rows(&self) -> usize {
        let (_, rows) = self.wallet.get("/payments?limit=100").await;
        rows.as_array().unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_wish_for_an_invoice_is_the_same_invoice() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (
            Client::open(&app, "shop").await,
            Client::open(&app, "friend").await,
        );
        let wanted = json!({"out": false, "amount": 5, "memo": "tea", "extra": {"a": 1, "b": 2}});
        let made = shop.post("order-1", &wanted).await;
        assert_eq!(made.0, 201, "{}", made.1);
        assert_eq!(shop.post("order-1", &wanted).await, made);
        let reordered =
            json!({"extra": {"b": 2, "a": 1}, "memo": "tea", "amount": 5, "out": false});
        assert_eq!(shop.post("order-1", &reordered).await, made);
        for other in [
            json!({"out": false, "amount": 6, "memo": "tea", "extra": {"a": 1, "b": 2}}),
            json!({"out": false, "amount": 5, "memo": "coffee", "extra": {"a": 1, "b": 2}}),
            json!({"out": false, "amount": 5, "memo": "tea"}),
            json!({"out": false, "amount": 5, "memo": "tea", "extra": {"a": 1, "b": 2}, "hold": true}),
            json!({"out": true, "bolt11": made.1["bolt11"]}),
        ] {
            let (status, said) = shop.post("order-1", &other).await;
            assert_eq!(status, 409, "{other}: {said}");
            assert!(said["detail"].is_string(), "{said}");
        }
        let another = shop.post("order-2", &wanted).await.1;
        assert_ne!(another["payment_hash"], made.1["payment_hash"]);
        let theirs = friend.post("order-1", &wanted).await;
        assert_eq!(theirs.0, 201, "keys are the wallet's own");
        assert_ne!(theirs.1["payment_hash"], made.1["payment_hash"]);
        assert_eq!(shop.rows().await, 2);

        // Once it is paid, a repeat says so.
        let bolt11 = made.1["bolt11"].as_str().unwrap();
        app.node.customer_pays(bolt11, 5_000);
        until(async || {
            let (status, again) = shop.post("order-1", &wanted).await;
            assert_eq!(status, 201);
            (again["status"] == "success").then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_at_once_make_one_invoice() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = Client::open(&app, "shop").await;
    let ours = json!({"out": false, "amount": 5});
    let made = join_all((0..16).map(|_| shop.post("order", &ours))).await;
    for (status, said) in &made {
        assert_eq!(*status, 201, "{said}");
        assert_eq!(said["payment_hash"], made[0].1["payment_hash"]);
    }
    assert_eq!(shop.rows().await, 1);
    // With a hash of the caller's own, whoever comes while it is being made comes back.
    let theirs = json!({"out": false, "amount": 5, "payment_hash": "ab".repeat(32)});
    let made = join_all((0..16).map(|_| shop.post("held", &theirs))).await;
    for (status, said) in &made {
        assert!([201, 503].contains(status), "{status} {said}");
    }
    let (status, said) = shop.post("held", &theirs).await;
    assert_eq!(
        (status, &said["payment_hash"]),
        (201, &theirs["payment_hash"])
    );
    assert_eq!(shop.rows().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_payment_is_made_once_however_it_ended() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let shop = Client::open(&app, "shop").await;
        let (_, made) = shop
            .post("in", &json!({"out": false, "amount": 5_000}))
            .await;
        app.node
            .customer_pays(made["bolt11"].as_str().unwrap(), 5_000_000);
        let balance = async || shop.wallet.get("/wallet").await.1["balance"].clone();
        until(async || (balance().await == 5_000_000).then_some(())).await;

        let silent = app.node.foreign(Foreign {
            fate: Fate::Silence,
            ..Foreign::default()
        });
        let pay = json!({"out": true, "bolt11": silent, "extra": {"order": 7}});
        let asked = join_all((0..4).map(|_| shop.post("out", &pay))).await;
        for (status, said) in asked {
            assert_eq!(
                (status, &said["status"]),
                (201, &json!("pending")),
                "{said}"
            );
        }
        assert_eq!(app.node.times_sent(payment_hash(&silent)), 1);
        app.node.decide(payment_hash(&silent), Fate::Succeeds(0));
        until(async || {
            let (_, again) = shop.post("out", &pay).await;
            (again["status"] == "success").then_some(())
        })
        .await;
        assert_eq!(balance().await, 4_000_000);
        let pasted = format!("lightning:{}", silent.to_uppercase());
        let same = json!({"bolt11": pasted, "extra": {"order": 7}});
        assert_eq!(shop.post("out", &same).await.1["status"], "success");
        let other = json!({"bolt11": silent, "extra": {"order": 8}});
        assert_eq!(shop.post("out", &other).await.0, 409);
        assert_eq!(
            shop.post("out", &json!({"out": false, "amount": 1}))
                .await
                .0,
            409
        );

        let unpayable = app.node.foreign(Foreign {
            fate: Fate::Fails(FailureReason::NoRoute),
            ..Foreign::default()
        });
        let pay = json!({"bolt11": unpayable});
        let failed = shop.post("no", &pay).await;
        assert_eq!(failed.1["status"], "failed", "{}", failed.1);
        assert_eq!(
            shop.post("no", &pay).await,
            failed,
            "a repeat is no new attempt"
        );
        assert_eq!(app.node.times_sent(payment_hash(&unpayable)), 1);
        assert_eq!(balance().await, 4_000_000);
    }
}
