//! Many at once on the LNbits surface: however they meet, every millisatoshi is where it should be, and
//! each is told what became of its own wish.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign, payment_hash};
use support::lnbits::{Answer, Wallet};
use tilld::lnbits::Dialect;

const DIALECTS: [Dialect; 2] = [Dialect::Documented, Dialect::V1];
/// What routing costs, in msat.
const FEE: u64 = 1_234;
/// How often two that end the same hold meet.
const ROUNDS: usize = 6;

fn text(value: &Value, field: &str) -> String {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

async fn asks(wallet: &Wallet, mut body: Value) -> Value {
    body["out"] = json!(false);
    let (status, made) = wallet.post("/payments", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn pays(wallet: &Wallet, bolt11: &str) -> Answer {
    let body = json!({"out": true, "bolt11": bolt11});
    wallet.post("/payments", body).await
}

async fn balance(wallet: &Wallet) -> u64 {
    let (_, wallet) = wallet.get("/wallet").await;
    wallet["balance"].as_u64().unwrap()
}

async fn earn(app: &TestApp, wallet: &Wallet, sat: u64) {
    let before = balance(wallet).await;
    let made = asks(wallet, json!({"amount": sat})).await;
    app.node.customer_pays(&text(&made, "bolt11"), sat * 1_000);
    until(async || (balance(wallet).await == before + sat * 1_000).then_some(())).await;
}

fn foreign(app: &TestApp, sat: u64, fate: Fate) -> String {
    app.node.foreign(Foreign {
        amount_msat: Some(sat * 1_000),
        fate,
        ..Foreign::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_want_what_is_there_for_three() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        earn(&app, &shop, 10_000).await;
        let mut wanted = Vec::new();
        for _ in 0..5 {
            let own = asks(&friend, json!({"amount": 3_000})).await;
            wanted.push((text(&own, "bolt11"), 0));
            wanted.push((foreign(&app, 3_000, Fate::Succeeds(FEE)), FEE));
        }
        let paid = join_all(wanted.iter().map(|(bolt11, _)| pays(&shop, bolt11))).await;
        let (mut spent, mut got, mut succeeded) = (0, 0, 0);
        for ((bolt11, fee), (status, said)) in wanted.iter().zip(&paid) {
            if *status == 201 {
                assert_eq!(said["status"], "success", "{said}");
                succeeded += 1;
                spent += 3_000_000 + fee;
                got += if *fee == 0 { 3_000_000 } else { 0 };
            } else {
                let poor = json!({"detail": "Insufficient balance.", "status": "failed"});
                assert_eq!((*status, said), (520, &poor));
                assert_eq!(app.node.times_sent(payment_hash(bolt11)), 0);
            }
        }
        assert_eq!(succeeded, 3, "{paid:?}");
        assert_eq!(balance(&shop).await, 10_000_000 - spent);
        assert_eq!(balance(&friend).await, got);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_of_one_wallet_pay_one_invoice_once() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        earn(&app, &shop, 10_000).await;
        let outside = foreign(&app, 1_000, Fate::Succeeds(FEE));
        let paid = join_all((0..8).map(|_| pays(&shop, &outside))).await;
        let succeeded = paid.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(succeeded, 1, "{paid:?}");
        for (status, said) in &paid {
            assert!([201, 520].contains(status), "{status} {said}");
            // It is this wallet's own payment: the others hear how that stands.
            let told = said["status"].as_str().unwrap();
            assert!(["pending", "success", "failed"].contains(&told), "{said}");
        }
        assert_eq!(app.node.times_sent(payment_hash(&outside)), 1);
        assert_eq!(balance(&shop).await, 9_000_000 - FEE);

        let inside = asks(&friend, json!({"amount": 1_000})).await;
        let bolt11 = text(&inside, "bolt11");
        let paid = join_all((0..8).map(|_| pays(&shop, &bolt11))).await;
        let refused = json!({"detail": "Internal invoice already paid.", "status": "failed"});
        let others = paid.iter().filter(|(_, said)| *said == refused).count();
        assert_eq!(others, 7, "{paid:?}");
        assert_eq!(balance(&shop).await, 8_000_000 - FEE);
        assert_eq!(balance(&friend).await, 1_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_wallets_one_pays_an_invoice_and_the_other_keeps_its_money() {
    for dialect in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        let bar = app.wallet("bar").await;
        for wallet in [&shop, &friend] {
            earn(&app, wallet, 5_000).await;
        }
        let asked = asks(&bar, json!({"amount": 500})).await;
        let bolt11 = text(&asked, "bolt11");
        let (one, other) = join(pays(&shop, &bolt11), pays(&friend, &bolt11)).await;
        let (kept, lost) = if one.0 == 201 {
            (&friend, &other)
        } else {
            (&shop, &one)
        };
        let refused = json!({"detail": "Internal invoice already paid.", "status": "failed"});
        assert_eq!(lost, &(520, refused));
        assert_eq!(balance(kept).await, 5_000_000);
        assert_eq!(balance(&shop).await + balance(&friend).await, 9_500_000);
        assert_eq!(balance(&bar).await, 500_000);

        // Somebody else's: while it is under way, and when it is over.
        let before = [balance(&shop).await, balance(&friend).await];
        let outside = foreign(&app, 700, Fate::Silence);
        let hash = payment_hash(&outside);
        let deciding = async {
            until(async || (app.node.times_sent(hash) == 1).then_some(())).await;
            app.node.decide(hash, Fate::Succeeds(FEE));
        };
        let racing = join(pays(&shop, &outside), pays(&friend, &outside));
        let ((one, other), ()) = join(racing, deciding).await;
        let won = if one.0 == 201 { 0 } else { 1 };
        let (paid, lost) = if won == 0 { (one, other) } else { (other, one) };
        assert_eq!(
            (paid.0, &paid.1["status"]),
            (201, &json!("success")),
            "{}",
            paid.1
        );
        let detail = "The invoice is paid, or being paid, by somebody else.";
        let refused = (520, json!({"detail": detail, "status": "failed"}));
        assert_eq!(lost, refused);
        let loser = if won == 0 { &friend } else { &shop };
        assert_eq!(pays(loser, &outside).await, refused);
        assert_eq!(loser.get(&format!("/payments/{hash}")).await.0, 404);
        let mut after = before;
        after[won] -= 700_000 + FEE;
        assert_eq!([balance(&shop).await, balance(&friend).await], after);
        assert_eq!(app.node.times_sent(hash), 1);
    }
}

/// Settles (`PUT`) or cancels (`DELETE`).
async fn ends(wallet: &Wallet, method: Method, hash: &str) -> u16 {
    let path = format!("/payments/{hash}");
    let key = Some(wallet.adminkey.as_str());
    wallet.call(method, &path, key, None).await.0
}

async fn is_held(wallet: &Wallet, hash: &str) {
    let path = format!("/payments/{hash}");
    until(async || (wallet.get(&path).await.1["details"]["held"] == true).then_some(())).await;
}

async fn status(wallet: &Wallet, hash: &str) -> Value {
    wallet.get(&format!("/payments/{hash}")).await.1["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_payment_ends_once_whoever_is_first() {
    for dialect in DIALECTS {
        let too_late = if dialect == Dialect::V1 { 520 } else { 409 };
        let app = TestApp::lnbits(dialect).await;
        let (shop, payer) = (app.wallet("shop").await, app.wallet("payer").await);
        earn(&app, &payer, 10_000).await;
        let both = async || balance(&shop).await + balance(&payer).await;
        for round in 0..ROUNDS {
            for is_internal in [false, true] {
                for (first, second) in [
                    (Method::PUT, Method::DELETE),
                    (Method::DELETE, Method::PUT),
                    (Method::PUT, Method::PUT),
                    (Method::DELETE, Method::DELETE),
                ] {
                    let (had, all) = (balance(&shop).await, both().await);
                    let made = asks(&shop, json!({"amount": 100, "hold": true})).await;
                    let (hash, bolt11) = (text(&made, "payment_hash"), text(&made, "bolt11"));
                    if is_internal {
                        let (_, paid) = pays(&payer, &bolt11).await;
                        assert_eq!(paid["status"], "pending", "{paid}");
                    } else {
                        app.node.customer_pays(&bolt11, 100_000);
                    }
                    is_held(&shop, &hash).await;
                    let what = format!("{dialect:?} {round} {is_internal} {first} {second}");
                    let wished = [first.clone(), second.clone()];
                    let racing = join(
                        ends(&shop, first.clone(), &hash),
                        ends(&shop, second.clone(), &hash),
                    );
                    let (one, other) = racing.await;
                    let is_settled = status(&shop, &hash).await == "success";
                    let wanted = wished.map(|wish| match (wish == Method::PUT) == is_settled {
                        true => 200,
                        false => too_late,
                    });
                    assert_eq!([one, other], wanted, "{what}");
                    let gained = if is_settled { 100_000 } else { 0 };
                    assert_eq!(balance(&shop).await, had + gained, "{what}");
                    if is_internal {
                        assert_eq!(both().await, all, "{what}: nothing is made or lost");
                        let told = if is_settled { "success" } else { "failed" };
                        assert_eq!(status(&payer, &hash).await, told, "{what}");
                    } else if !is_settled {
                        let refused = payment_hash(&bolt11);
                        until(async || app.node.has_refused(refused).then_some(())).await;
                    }
                }
            }
        }
    }
}

/// Labels, words in `extra` and the answer of a webhook come at once, and none undoes another.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_at_once_is_all_kept() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let shop = app.wallet("shop").await;
    // Nobody listens there: the webhook's status is told while the rest is.
    let made = asks(
        &shop,
        json!({"amount": 5, "extra": {"first": 0}, "webhook": "http://127.0.0.1:1/"}),
    )
    .await;
    let hash = text(&made, "payment_hash");
    let key = Some(shop.adminkey.as_str());
    let add = async |name: String| {
        let body = json!({"payment_hash": hash, "extra": {name: 1}});
        let path = "/payments/extra";
        shop.call(Method::PATCH, path, key, Some(&body)).await.0
    };
    let label = async |n: usize| {
        let (body, path) = (
            json!({"labels": [format!("l{n}")]}),
            format!("/payments/{hash}/labels"),
        );
        shop.call(Method::PUT, &path, key, Some(&body)).await.0
    };
    app.node.customer_pays(&text(&made, "bolt11"), 5_000);
    let adding = join_all((0..8).map(|n| add(format!("k{n}"))));
    let same = join_all((0..4).map(|_| add("same".to_owned())));
    let labelling = join_all((0..8).map(label));
    let ((added, same), labelled) = join(join(adding, same), labelling).await;
    assert_eq!((added, labelled), (vec![200; 8], vec![200; 8]));
    let taken = same.iter().filter(|status| **status == 200).count();
    assert_eq!(taken, 1, "{same:?}");
    let path = format!("/payments/{hash}");
    let details = until(async || {
        let details = shop.get(&path).await.1["details"].clone();
        (details["webhook_status"] != Value::Null).then_some(details)
    })
    .await;
    let extra = details["extra"].as_object().unwrap();
    assert_eq!(extra.len(), 1 + 8 + 1, "{details}");
    assert_eq!(details["labels"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&details["webhook"], &details["status"]),
        (&json!("http://127.0.0.1:1/"), &json!("success"))
    );
}
