//! Hold invoices on the LNbits surface, in both dialects and by both sets of routes.

use std::sync::atomic::{AtomicU8, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign, payment_hash};
use support::lnbits::{Answer, Wallet};
use till::id::Preimage;
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];
/// One block before the fake node's deadline.
const HELD_UNTIL: u32 = 999;

/// A preimage that nobody has used, and its hash.
fn secret() -> (String, String) {
    static USED: AtomicU8 = AtomicU8::new(1);
    let preimage = [USED.fetch_add(1, Ordering::Relaxed); 32];
    let hash = Preimage::from_bytes(preimage).payment_hash().to_string();
    (hex::encode(preimage), hash)
}

fn text(value: &Value, field: &str) -> String {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

async fn asks(wallet: &Wallet, body: Value) -> Value {
    let (status, made) = wallet.post("/payments", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn look(wallet: &Wallet, made: &Value) -> Value {
    let path = format!("/payments/{}", text(made, "payment_hash"));
    wallet.get(&path).await.1
}

async fn balance(wallet: &Wallet) -> Value {
    wallet.get("/wallet").await.1["balance"].clone()
}

/// Puts (settles) or deletes (cancels) by the documentation's route.
async fn ends(wallet: &Wallet, method: Method, made: &Value, body: Option<Value>) -> Answer {
    let path = format!("/payments/{}", text(made, "payment_hash"));
    let key = Some(wallet.adminkey.as_str());
    wallet.call(method, &path, key, body.as_ref()).await
}

async fn is_held(app: &TestApp, wallet: &Wallet, made: &Value) {
    let bolt11 = text(made, "bolt11");
    let msat = made["amount_msat"].as_u64().unwrap();
    app.node.customer_pays(&bolt11, msat);
    let details = until(async || {
        let details = look(wallet, made).await["details"].clone();
        (details["held"] == true).then_some(details)
    })
    .await;
    assert_eq!(details["status"], "pending");
    assert_eq!(details["held_until_height"], HELD_UNTIL);
    assert_eq!(details["preimage"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_settled_once() {
    for dialect in DIALECTS {
        let is_v1 = dialect == Dialect::V1;
        let too_early = if is_v1 { 520 } else { 409 };
        let app = TestApp::lnbits(dialect).await;
        let shop = app.wallet("shop").await;
        let ours = asks(&shop, json!({"out": false, "amount": 100, "hold": true})).await;
        assert_eq!(ours["extra"]["hold_invoice"] == true, is_v1, "{ours}");
        assert_eq!(ends(&shop, Method::PUT, &ours, None).await.0, too_early);
        is_held(&app, &shop, &ours).await;
        assert_eq!(balance(&shop).await, 0);
        let (status, done) = ends(&shop, Method::PUT, &ours, None).await;
        assert_eq!(status, 200, "{done}");
        let proof = text(&look(&shop, &ours).await, "preimage");
        let told = match dialect {
            Dialect::Documented => json!({"detail": "Payment settled"}),
            Dialect::V1 => json!([true, null, null, null, proof, null]),
        };
        assert_eq!(done, told);
        assert_eq!(ends(&shop, Method::PUT, &ours, None).await, (200, told));
        assert_eq!(ends(&shop, Method::DELETE, &ours, None).await.0, too_early);
        assert_eq!(balance(&shop).await, 100_000);

        let (preimage, hash) = secret();
        let wanted = json!({"out": false, "amount": 50, "payment_hash": hash});
        let theirs = asks(&shop, wanted.clone()).await;
        assert_eq!(payment_hash(&text(&theirs, "bolt11")).to_string(), hash);
        let (status, twice) = shop.post("/payments", wanted).await;
        assert_eq!(status, too_early, "{twice}");
        is_held(&app, &shop, &theirs).await;
        assert_eq!(ends(&shop, Method::PUT, &theirs, None).await.0, 400);
        let wrong = json!({"preimage": secret().0});
        assert_eq!(ends(&shop, Method::PUT, &theirs, Some(wrong)).await.0, 400);
        let told = json!({"preimage": preimage});
        let (status, done) = shop.post("/payments/settle", told.clone()).await;
        assert_eq!(status, 200, "{done}");
        assert_eq!(shop.post("/payments/settle", told).await, (200, done));
        assert_eq!(look(&shop, &theirs).await["preimage"], json!(preimage));
        assert_eq!(balance(&shop).await, 150_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_back_when_it_is_cancelled() {
    for dialect in DIALECTS {
        let is_v1 = dialect == Dialect::V1;
        let too_late = if is_v1 { 520 } else { 409 };
        let app = TestApp::lnbits(dialect).await;
        let shop = app.wallet("shop").await;
        let held = asks(&shop, json!({"out": false, "amount": 100, "hold": true})).await;
        is_held(&app, &shop, &held).await;
        let (status, done) = ends(&shop, Method::DELETE, &held, None).await;
        let hash = text(&held, "payment_hash");
        let told = match dialect {
            Dialect::Documented => json!({"detail": "Payment cancelled"}),
            Dialect::V1 => json!([true, hash, null, null, null, null]),
        };
        assert_eq!((status, &done), (200, &told));
        let refused = payment_hash(&text(&held, "bolt11"));
        until(async || app.node.has_refused(refused).then_some(())).await;
        let row = look(&shop, &held).await;
        assert_eq!(
            (&row["paid"], &row["status"]),
            (&json!(false), &json!("failed"))
        );
        let by_hash = json!({"payment_hash": hash});
        assert_eq!(shop.post("/payments/cancel", by_hash).await, (200, told));
        let (status, late) = ends(&shop, Method::PUT, &held, None).await;
        assert_eq!(status, too_late, "{late}");
        assert_eq!(late["status"] == "failed", is_v1, "{late}");
        assert_eq!(balance(&shop).await, 0);

        // Open ones too; then nobody can pay them.
        let open = asks(&shop, json!({"out": false, "amount": 100, "hold": true})).await;
        assert_eq!(ends(&shop, Method::DELETE, &open, None).await.0, 200);
        app.node.customer_pays(&text(&open, "bolt11"), 100_000);
        let refused = payment_hash(&text(&open, "bolt11"));
        until(async || app.node.has_refused(refused).then_some(())).await;
        assert_eq!(look(&shop, &open).await["details"]["held"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_their_maker_ends_holds() {
    for (dialect, invalid) in [(Dialect::Documented, 422), (Dialect::V1, 400)] {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        let (preimage, hash) = secret();
        let held = asks(
            &shop,
            json!({"out": false, "amount": 9, "payment_hash": hash}),
        )
        .await;
        is_held(&app, &shop, &held).await;
        assert_eq!(ends(&friend, Method::PUT, &held, None).await.0, 404);
        assert_eq!(ends(&friend, Method::DELETE, &held, None).await.0, 404);
        let cases = [
            ("/payments/settle", json!({"preimage": preimage}), 404),
            ("/payments/settle", json!({"preimage": "ab"}), invalid),
            ("/payments/settle", json!({}), invalid),
            ("/payments/cancel", json!({"payment_hash": hash}), 404),
            ("/payments/cancel", json!({"payment_hash": "zz"}), invalid),
        ];
        for (path, body, status) in cases {
            let (told, answer) = friend.post(path, body.clone()).await;
            assert_eq!(told, status, "{path} {body}: {answer}");
            let inkey = Some(shop.inkey.as_str());
            let (told, _) = shop.call(Method::POST, path, inkey, Some(&body)).await;
            assert_eq!(told, 403, "{path}");
        }
        let plain = asks(&shop, json!({"out": false, "amount": 9})).await;
        let settled = ends(&shop, Method::PUT, &plain, None).await;
        let refused = if dialect == Dialect::V1 { 520 } else { 409 };
        assert_eq!(settled.0, refused, "{}", settled.1);
        assert_eq!(look(&shop, &held).await["details"]["held"], true);
    }
}

/// A real LNbits server says success to the payer at once, and "true" to a cancellation after it; the
/// money is then gone.
#[tokio::test(flavor = "multi_thread")]
async fn money_held_between_wallets_never_vanishes() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        let earned = asks(&friend, json!({"out": false, "amount": 1_000})).await;
        app.node.customer_pays(&text(&earned, "bolt11"), 1_000_000);
        until(async || (look(&friend, &earned).await["paid"] == true).then_some(())).await;

        let hold = async || {
            let (preimage, hash) = secret();
            let wanted = json!({"out": false, "amount": 70, "payment_hash": hash});
            let made = asks(&shop, wanted).await;
            let pay = json!({"out": true, "bolt11": made["bolt11"]});
            let (status, paid) = friend.post("/payments", pay).await;
            assert_eq!(
                (status, &paid["status"]),
                (201, &json!("pending")),
                "{paid}"
            );
            assert_eq!(paid["preimage"], Value::Null);
            let details = look(&shop, &made).await["details"].clone();
            assert_eq!(
                (&details["held"], &details["held_until_height"]),
                (&json!(true), &Value::Null)
            );
            (preimage, made)
        };
        let (_, cancelled) = hold().await;
        assert_eq!(ends(&shop, Method::DELETE, &cancelled, None).await.0, 200);
        let row = look(&friend, &cancelled).await;
        assert_eq!(
            (&row["paid"], &row["status"]),
            (&json!(false), &json!("failed"))
        );
        assert_eq!(
            (balance(&friend).await, balance(&shop).await),
            (json!(1_000_000), json!(0))
        );

        let (preimage, settled) = hold().await;
        let told = json!({"preimage": preimage});
        assert_eq!(ends(&shop, Method::PUT, &settled, Some(told)).await.0, 200);
        for wallet in [&shop, &friend] {
            let row = look(wallet, &settled).await;
            assert_eq!(
                (&row["paid"], &row["preimage"]),
                (&json!(true), &json!(preimage))
            );
        }
        let both = (balance(&friend).await, balance(&shop).await);
        assert_eq!(both, (json!(930_000), json!(70_000)));
    }
}

/// The fault that was recorded on a real server, step by step: there the payer is debited and the maker
/// credited at once, and a cancellation takes the maker's and gives nobody anything back.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_wallets_have_is_whole_in_every_step() {
    for dialect in DIALECTS {
        let is_v1 = dialect == Dialect::V1;
        let too_late = if is_v1 { 520 } else { 409 };
        let app = TestApp::lnbits(dialect).await;
        let (shop, payer) = (app.wallet("shop").await, app.wallet("payer").await);
        let other = app.wallet("other").await;
        for wallet in [&payer, &other] {
            let earned = asks(wallet, json!({"out": false, "amount": 1_000})).await;
            app.node.customer_pays(&text(&earned, "bolt11"), 1_000_000);
            until(async || (look(wallet, &earned).await["paid"] == true).then_some(())).await;
        }
        let have = async || {
            let (payer, shop) = (balance(&payer).await, balance(&shop).await);
            (payer.as_u64().unwrap(), shop.as_u64().unwrap())
        };
        for (by_hash, settles) in [(true, false), (false, false), (true, true), (false, true)] {
            let before = have().await;
            let (preimage, hash) = secret();
            let wanted = json!({"out": false, "amount": 70, "payment_hash": hash});
            let made = asks(&shop, wanted).await;
            assert_eq!(have().await, before, "made");
            let pay = json!({"out": true, "bolt11": made["bolt11"]});
            let (status, paid) = payer.post("/payments", pay.clone()).await;
            let told = (status, &paid["status"]);
            assert_eq!(told, (201, &json!("pending")), "{paid}");
            let held = (before.0 - 70_000, before.1);
            assert_eq!(have().await, held, "set aside");
            // What is held cannot be spent twice.
            let rest = (before.0 - 70_000) / 1_000;
            let dear = asks(&other, json!({"out": false, "amount": rest + 1})).await;
            let dear = json!({"out": true, "bolt11": dear["bolt11"]});
            let (status, poor) = payer.post("/payments", dear).await;
            let told = (status, &poor["detail"]);
            assert_eq!(told, (520, &json!("Insufficient balance.")));
            // Nor is anybody else taken for it: neither a wallet nor an HTLC.
            let (status, again) = payer.post("/payments", pay.clone()).await;
            assert_eq!((status, &again["status"]), (520, &json!("pending")));
            let (status, second) = other.post("/payments", pay).await;
            assert_eq!((status, &second["status"]), (520, &json!("failed")));
            app.node.customer_pays(&text(&made, "bolt11"), 70_000);
            let refused = payment_hash(&text(&made, "bolt11"));
            until(async || app.node.has_refused(refused).then_some(())).await;
            assert_eq!(have().await, held);

            let (told, by_hash_told) =
                (json!({"preimage": preimage}), json!({"payment_hash": hash}));
            let status = match (by_hash, settles) {
                (true, true) => shop.post("/payments/settle", told.clone()).await.0,
                (false, true) => ends(&shop, Method::PUT, &made, Some(told.clone())).await.0,
                (true, false) => shop.post("/payments/cancel", by_hash_told.clone()).await.0,
                (false, false) => ends(&shop, Method::DELETE, &made, None).await.0,
            };
            assert_eq!(status, 200);
            let after = match settles {
                true => (before.0 - 70_000, before.1 + 70_000),
                false => before,
            };
            assert_eq!(have().await, after, "over");
            let late = match settles {
                true => shop.post("/payments/cancel", by_hash_told).await.0,
                false => shop.post("/payments/settle", told).await.0,
            };
            assert_eq!((late, have().await), (too_late, after), "too late");
            let said = if settles { "success" } else { "failed" };
            for wallet in [&shop, &payer] {
                assert_eq!(look(wallet, &made).await["status"], said);
            }
        }
        assert_eq!(balance(&other).await, 1_000_000);
    }
}

/// What uses the hash is not told: neither whose it is, nor how it stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_is_used_is_nobody_elses() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        let earned = asks(&friend, json!({"out": false, "amount": 5_000})).await;
        app.node.customer_pays(&text(&earned, "bolt11"), 5_000_000);
        until(async || (look(&friend, &earned).await["paid"] == true).then_some(())).await;
        let held = json!({"out": false, "amount": 9, "payment_hash": secret().1});
        let held = asks(&friend, held).await;
        let mut used = vec![
            text(&earned, "payment_hash"),
            text(&held, "payment_hash"),
            text(
                &asks(&shop, json!({"out": false, "amount": 1})).await,
                "payment_hash",
            ),
        ];
        let fails = Fate::Fails(till::payment::FailureReason::NoRoute);
        for fate in [Fate::Succeeds(0), Fate::Silence, fails] {
            let bolt11 = app.node.foreign(Foreign {
                fate,
                ..Foreign::default()
            });
            friend.post("/payments", json!({"bolt11": bolt11})).await;
            used.push(payment_hash(&bolt11).to_string());
        }
        let detail = match dialect {
            Dialect::Documented => (409, json!({"detail": "the payment hash is already in use"})),
            Dialect::V1 => {
                let detail = "invoice with payment hash already exists";
                (520, json!({"detail": detail, "status": "pending"}))
            }
        };
        for hash in used {
            let wanted = json!({"out": false, "amount": 9, "payment_hash": hash});
            assert_eq!(shop.post("/payments", wanted).await, detail, "{hash}");
        }
        assert_eq!(look(&friend, &held).await["status"], "pending");
    }
}
