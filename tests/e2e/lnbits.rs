//! The LNbits surface over real channels: wallets take money, pay, hold, and race each other, and
//! every millisatoshi is where it should be.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use till::id::Preimage;

use crate::shop::{Answer, Shop, text, until};

/// Anybody gets a wallet, and no story waits for a minute.
const OPEN: [(&str, &str); 2] = [
    ("TILL_LNBITS_OPEN_REGISTRATION", "true"),
    ("TILL_PAYMENTS_WAIT_SECS", "10"),
];

/// A wallet of the shop's, with its keys.
struct Wallet<'a> {
    shop: &'a Shop,
    adminkey: String,
    inkey: String,
}

impl<'a> Wallet<'a> {
    async fn open(shop: &'a Shop, name: &str) -> Self {
        let body = Some(json!({"name": name}));
        let made = shop.try_call(Method::POST, "/api/v1/account", body, &[]);
        let (status, made) = made.await.unwrap();
        assert!([200, 201].contains(&status), "{made}");
        Self {
            shop,
            adminkey: text(&made, "adminkey"),
            inkey: text(&made, "inkey"),
        }
    }

    async fn call(&self, method: Method, path: &str, key: &str, body: Option<Value>) -> Answer {
        let path = format!("/api/v1{path}");
        let headers = [("x-api-key", key)];
        let called = self.shop.try_call(method, &path, body, &headers);
        called.await.unwrap()
    }

    async fn asks(&self, mut body: Value) -> Value {
        body["out"] = json!(false);
        let asked = self.call(Method::POST, "/payments", &self.inkey, Some(body));
        let (status, made) = asked.await;
        assert_eq!(status, 201, "{made}");
        made
    }

    async fn pays(&self, bolt11: &str) -> Answer {
        let body = json!({"out": true, "bolt11": bolt11});
        let paid = self.call(Method::POST, "/payments", &self.adminkey, Some(body));
        paid.await
    }

    async fn looks(&self, hash: &str) -> Value {
        self.looks_or_not(hash).await.1
    }

    async fn looks_or_not(&self, hash: &str) -> Answer {
        let path = format!("/payments/{hash}");
        self.call(Method::GET, &path, &self.inkey, None).await
    }

    /// Settles (`PUT`) or cancels (`DELETE`).
    async fn ends(&self, method: Method, hash: &str) -> Answer {
        let path = format!("/payments/{hash}");
        self.call(method, &path, &self.adminkey, None).await
    }

    async fn balance_msat(&self) -> i64 {
        let (_, wallet) = self.call(Method::GET, "/wallet", &self.inkey, None).await;
        wallet["balance"].as_i64().unwrap()
    }

    /// The customer pays it so much over Lightning.
    async fn earns(&self, amount_sat: u64) {
        let made = self.asks(json!({"amount": amount_sat})).await;
        self.shop
            .customer_pays(&text(&made, "bolt11"))
            .await
            .unwrap();
        self.becomes(&text(&made, "payment_hash"), "status", &json!("success"))
            .await;
    }

    /// Waits until a field of a payment's details is so.
    async fn becomes(&self, hash: &str, field: &str, wanted: &Value) -> Value {
        until(&format!("{field} of {hash} to be {wanted}"), async || {
            let details = self.looks(hash).await["details"].clone();
            (details[field] == *wanted).then_some(details)
        })
        .await
    }
}

/// What a payment took from its wallet; nothing where it failed.
fn cost_msat((status, paid): &Answer) -> i64 {
    match (*status, paid["status"].as_str()) {
        (201, Some("success")) => {
            paid["fee_msat"].as_i64().unwrap().abs() - paid["amount_msat"].as_i64().unwrap()
        }
        (520, Some("failed")) => 0,
        (_, _) => panic!("neither success nor failure: {status} {paid}"),
    }
}

fn opens(preimage: &str, hash: &str) -> bool {
    let mut bytes = [0; 32];
    hex::decode_to_slice(preimage, &mut bytes).unwrap();
    Preimage::from_bytes(bytes).payment_hash().to_string() == hash
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_takes_money_and_pays() {
    let shop = Shop::open_with(&OPEN).await;
    let (cafe, friend) = (
        Wallet::open(&shop, "cafe").await,
        Wallet::open(&shop, "friend").await,
    );
    cafe.earns(50_000).await;
    assert_eq!(cafe.balance_msat().await, 50_000_000);
    let house = shop.balance_sat().await;

    let asked = shop.customer_asks(Some(10_000), false).await;
    let paid = cafe.pays(&asked.bolt11).await;
    assert_eq!(paid.1["status"], "success", "{}", paid.1);
    assert!(opens(&text(&paid.1, "preimage"), &asked.payment_hash));
    let left = 50_000_000 - cost_msat(&paid);
    assert!(left <= 40_000_000);
    assert_eq!(cafe.balance_msat().await, left);
    assert_eq!(cost_msat(&cafe.pays(&asked.bolt11).await), 0, "paid twice");

    let loan = friend.asks(json!({"amount": 5_000, "memo": "loan"})).await;
    let (status, lent) = cafe.pays(&text(&loan, "bolt11")).await;
    assert_eq!((status, &lent["fee_msat"]), (201, &json!(0)), "{lent}");
    let hash = text(&loan, "payment_hash");
    assert!(opens(&text(&lent, "preimage"), &hash));
    let own = friend.looks(&hash).await;
    assert_eq!(own["details"]["amount"], 5_000);
    assert_eq!(cafe.looks(&hash).await["details"]["amount"], -5_000);

    let refused = shop.customer_asks(Some(1_000), true).await;
    let giving_back = async {
        shop.customer_holds(&refused.payment_hash).await;
        shop.world.customer().cancel(&refused.payment_hash).await
    };
    let (failed, gone) = tokio::join!(cafe.pays(&refused.bolt11), giving_back);
    gone.unwrap();
    assert_eq!(cost_msat(&failed), 0, "{}", failed.1);
    assert_eq!(cafe.balance_msat().await, left - 5_000_000);
    assert_eq!(friend.balance_msat().await, 5_000_000);
    assert_eq!(
        shop.balance_sat().await,
        house,
        "the house has no part in it"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_over_lightning_is_settled_cancelled_and_outlives_a_restart() {
    let shop = Shop::open_with(&OPEN).await;
    let cafe = Wallet::open(&shop, "cafe").await;
    let hold = async |amount_sat: u64| {
        let made = cafe.asks(json!({"amount": amount_sat, "hold": true})).await;
        (text(&made, "bolt11"), text(&made, "payment_hash"))
    };

    let (bolt11, hash) = hold(3_000).await;
    let settling = async {
        let held = cafe.becomes(&hash, "held", &json!(true)).await;
        assert!(held["held_until_height"].is_u64(), "{held}");
        assert_eq!(cafe.balance_msat().await, 0);
        cafe.ends(Method::PUT, &hash).await
    };
    let (paid, settled) = tokio::join!(shop.customer_pays(&bolt11), settling);
    paid.unwrap();
    assert_eq!(settled, (200, json!({"detail": "Payment settled"})));
    assert_eq!(cafe.balance_msat().await, 3_000_000);

    let (bolt11, hash) = hold(4_000).await;
    let cancelling = async {
        cafe.becomes(&hash, "held", &json!(true)).await;
        cafe.ends(Method::DELETE, &hash).await
    };
    let (paid, cancelled) = tokio::join!(shop.customer_pays(&bolt11), cancelling);
    assert!(paid.is_err(), "the customer has their money back");
    assert_eq!(cancelled, (200, json!({"detail": "Payment cancelled"})));
    assert_eq!(cafe.ends(Method::PUT, &hash).await.0, 409);
    assert_eq!(cafe.balance_msat().await, 3_000_000);

    let (bolt11, hash) = hold(5_000).await;
    let restarting = async {
        cafe.becomes(&hash, "held", &json!(true)).await;
        shop.world.till().stop().await.unwrap();
        shop.world.start_till().await.unwrap();
        assert_eq!(cafe.looks(&hash).await["details"]["held"], true);
        until("the node to be there", async || {
            let (status, _) = cafe.ends(Method::PUT, &hash).await;
            [200, 202].contains(&status).then_some(())
        })
        .await;
    };
    let (paid, ()) = tokio::join!(shop.customer_pays(&bolt11), restarting);
    paid.unwrap();
    cafe.becomes(&hash, "status", &json!("success")).await;
    assert_eq!(cafe.balance_msat().await, 8_000_000);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn races_are_decided_to_the_millisatoshi() {
    let shop = Shop::open_with(&OPEN).await;
    let (cafe, friend) = (
        Wallet::open(&shop, "cafe").await,
        Wallet::open(&shop, "friend").await,
    );
    let bar = Wallet::open(&shop, "bar").await;
    ten_want_what_is_there_for_three(&shop, &cafe, &friend).await;
    eight_pay_one_invoice(&shop, &cafe).await;
    two_wallets_pay_one_invoice(&bar, &cafe, &friend).await;
    two_wallets_pay_one_outside(&shop, &cafe, &friend).await;
    one_settles_while_another_cancels(&shop, &bar).await;
    shop.close().await;
}

async fn ten_want_what_is_there_for_three(shop: &Shop, cafe: &Wallet<'_>, friend: &Wallet<'_>) {
    cafe.earns(10_000).await;
    let mut invoices = Vec::new();
    for _ in 0..5 {
        let own = friend.asks(json!({"amount": 3_000})).await;
        invoices.push(text(&own, "bolt11"));
        invoices.push(shop.customer_asks(Some(3_000), false).await.bolt11);
    }
    let paid = join_all(invoices.iter().map(|bolt11| cafe.pays(bolt11))).await;
    let succeeded = paid.iter().filter(|paid| cost_msat(paid) > 0).count();
    assert_eq!(succeeded, 3, "{paid:?}");
    let spent: i64 = paid.iter().map(cost_msat).sum();
    assert_eq!(cafe.balance_msat().await, 10_000_000 - spent);
    let own = invoices.iter().zip(&paid).step_by(2);
    let got: i64 = own.map(|(_, paid)| cost_msat(paid)).sum();
    assert_eq!(friend.balance_msat().await, got);
}

async fn eight_pay_one_invoice(shop: &Shop, cafe: &Wallet<'_>) {
    cafe.earns(10_000).await;
    let before = cafe.balance_msat().await;
    let asked = shop.customer_asks(Some(1_000), false).await;
    let paid = join_all((0..8).map(|_| cafe.pays(&asked.bolt11))).await;
    let succeeded: Vec<_> = paid.iter().filter(|paid| paid.0 == 201).collect();
    assert_eq!(succeeded.len(), 1, "{paid:?}");
    let others = paid.iter().filter(|paid| paid.0 == 520).count();
    assert_eq!(others, 7, "{paid:?}");
    let spent: i64 = succeeded.into_iter().map(cost_msat).sum();
    assert_eq!(cafe.balance_msat().await, before - spent);
}

async fn two_wallets_pay_one_invoice(bar: &Wallet<'_>, cafe: &Wallet<'_>, friend: &Wallet<'_>) {
    friend.earns(5_000).await;
    let payers = [cafe, friend];
    let before = join_all(payers.map(Wallet::balance_msat)).await;
    let asked = bar.asks(json!({"amount": 500})).await;
    let bolt11 = text(&asked, "bolt11");
    let paid = join_all(payers.map(|payer| payer.pays(&bolt11))).await;
    let succeeded = paid.iter().filter(|paid| cost_msat(paid) > 0).count();
    assert_eq!(succeeded, 1, "{paid:?}");
    for ((payer, before), paid) in payers.iter().zip(before).zip(&paid) {
        assert_eq!(payer.balance_msat().await, before - cost_msat(paid));
    }
    assert_eq!(bar.balance_msat().await, 500_000);
}

async fn two_wallets_pay_one_outside(shop: &Shop, cafe: &Wallet<'_>, friend: &Wallet<'_>) {
    let payers = [cafe, friend];
    let before = join_all(payers.map(Wallet::balance_msat)).await;
    let asked = shop.customer_asks(Some(600), false).await;
    let paid = join_all(payers.map(|payer| payer.pays(&asked.bolt11))).await;
    let succeeded = paid
        .iter()
        .filter(|paid| cost_msat(paid) >= 600_000)
        .count();
    assert_eq!(succeeded, 1, "{paid:?}");
    for ((payer, before), paid) in payers.iter().zip(before).zip(&paid) {
        assert_eq!(payer.balance_msat().await, before - cost_msat(paid));
        let (status, row) = payer.looks_or_not(&asked.payment_hash).await;
        let wanted = if cost_msat(paid) > 0 { 200 } else { 404 };
        assert_eq!(status, wanted, "{row}");
    }
}

/// The node would close the channel over an HTLC that nobody ends: the till gives it back a block before
/// the deadline, and until then it can be had.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_settles_goes_back_before_its_deadline() {
    let shop = Shop::open_with(&OPEN).await;
    let cafe = Wallet::open(&shop, "cafe").await;
    let hold = async |amount_sat: u64| {
        let made = cafe.asks(json!({"amount": amount_sat, "hold": true})).await;
        let (customer, bolt11) = (shop.world.customer().clone(), text(&made, "bolt11"));
        let paying = tokio::spawn(async move { customer.pay(&bolt11, None).await });
        let hash = text(&made, "payment_hash");
        let details = cafe.becomes(&hash, "held", &json!(true)).await;
        let until_height = details["held_until_height"].as_u64().unwrap();
        (hash, u32::try_from(until_height).unwrap(), paying)
    };
    let height = async || {
        let info = shop.get("/wallet/getinfo").await;
        u32::try_from(info["blockHeight"].as_u64().unwrap()).unwrap()
    };
    // Payers add to the deadline as they like.
    let comes_to = async |wanted: u32| {
        shop.world.mine(wanted - height().await).await.unwrap();
        until(&format!("block {wanted}"), async || {
            (height().await == wanted).then_some(())
        })
        .await;
    };

    let (timely, deadline, paying) = hold(4_000).await;
    comes_to(deadline - 1).await;
    let (status, settled) = cafe.ends(Method::PUT, &timely).await;
    assert_eq!(status, 200, "in the last block: {settled}");
    paying.await.unwrap().unwrap();
    assert_eq!(cafe.balance_msat().await, 4_000_000);

    let (late, deadline, paying) = hold(3_000).await;
    comes_to(deadline - 1).await;
    let details = cafe.looks(&late).await["details"].clone();
    assert_eq!(details["held"], true, "{details}");
    shop.world.mine(1).await.unwrap();
    let gone = cafe.becomes(&late, "status", &json!("failed")).await;
    let held = (&gone["held"], &gone["held_until_height"]);
    assert_eq!(held, (&json!(false), &Value::Null));
    assert_eq!(cafe.looks(&late).await["paid"], false);
    assert_eq!(cafe.ends(Method::PUT, &late).await.0, 409, "too late");
    let refused = paying.await.unwrap();
    assert!(refused.is_err(), "the customer has it back");
    assert_eq!(cafe.balance_msat().await, 4_000_000);
    // No channel was closed over it: the next sale comes by the same one.
    cafe.earns(1_000).await;
    shop.close().await;
}

async fn one_settles_while_another_cancels(shop: &Shop, bar: &Wallet<'_>) {
    for _ in 0..3 {
        let before = bar.balance_msat().await;
        let made = bar.asks(json!({"amount": 700, "hold": true})).await;
        let hash = text(&made, "payment_hash");
        let racing = async {
            bar.becomes(&hash, "held", &json!(true)).await;
            let (settle, cancel) = (
                bar.ends(Method::PUT, &hash),
                bar.ends(Method::DELETE, &hash),
            );
            tokio::join!(settle, cancel)
        };
        let bolt11 = text(&made, "bolt11");
        let (paid, (settled, cancelled)) = tokio::join!(shop.customer_pays(&bolt11), racing);
        let both = [settled.0, cancelled.0];
        assert!(
            [[200, 409], [409, 200]].contains(&both),
            "{settled:?} {cancelled:?}"
        );
        assert_eq!(paid.is_ok(), settled.0 == 200);
        let gained = if paid.is_ok() { 700_000 } else { 0 };
        assert_eq!(bar.balance_msat().await, before + gained);
    }
}
