//! ln.bot: Lightning addresses of wallets, and paying them.

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::invoices::payment_hash;
use support::lnbot::Bot;
use till::money::Sat;

const ADDRESSES: &str = "/wallets/current/addresses";

/// Short names are dear.
async fn app() -> TestApp {
    TestApp::lnbot_with(|settings| {
        settings.vanity_prices = [900, 300, 100].into_iter().filter_map(Sat::new).collect();
    })
    .await
}

fn domain(app: &TestApp) -> &str {
    app.url.trim_start_matches("http://")
}

async fn wallet_id(wallet: &Bot) -> Value {
    wallet.get("/me").await.1["walletId"].clone()
}

async fn balance(wallet: &Bot) -> u64 {
    let (_, money) = wallet.get("/wallets/current").await;
    money["balance"].as_u64().expect("a balance")
}

/// A customer pays the wallet.
async fn earn(app: &TestApp, wallet: &Bot, amount_sat: u64) {
    let before = balance(wallet).await;
    let body = json!({"amount": amount_sat});
    let (_, made) = wallet.post("/wallets/current/invoices", body).await;
    let bolt11 = made["bolt11"].as_str().expect("an invoice");
    app.node.customer_pays(bolt11, amount_sat * 1_000);
    until(async || (balance(wallet).await == before + amount_sat).then_some(())).await;
}

async fn claim(wallet: &Bot, name: Value) -> (u16, Value) {
    wallet.post(ADDRESSES, json!({"address": name})).await
}

#[tokio::test]
async fn an_address_is_given_or_bought() {
    let app = app().await;
    let (wallet, _) = app.bot_wallet().await;
    let domain = domain(&app);
    let (status, made) = claim(&wallet, Value::Null).await;
    assert_eq!(status, 200, "{made}");
    let given = made["address"].as_str().expect("an address").to_owned();
    let expected = json!({
        "address": given, "generated": true, "cost": 0, "createdAt": made["createdAt"],
    });
    assert_eq!(made, expected);
    assert!(
        made["createdAt"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );
    let name = given
        .strip_suffix(&format!("@{domain}"))
        .expect("our domain");
    assert_eq!(name.len(), 7);
    assert_eq!(
        wallet.post(ADDRESSES, Value::Null).await.0,
        200,
        "no body is any"
    );

    let poor = json!({"error": "Insufficient balance."});
    assert_eq!(claim(&wallet, json!("my-bot")).await, (400, poor));
    earn(&app, &wallet, 1_000).await;
    let (status, made) = claim(&wallet, json!("My-Bot")).await;
    assert_eq!(status, 200, "{made}");
    let expected = json!({
        "address": format!("my-bot@{domain}"), "generated": false, "cost": 100,
        "createdAt": made["createdAt"],
    });
    assert_eq!(made, expected);
    assert_eq!(balance(&wallet).await, 900);
    let (status, made) = claim(&wallet, json!(format!("abc%40{domain}"))).await;
    assert_eq!((status, &made["cost"]), (200, &json!(900)));
    assert_eq!(balance(&wallet).await, 0);

    let (status, list) = wallet.get(ADDRESSES).await;
    assert_eq!((status, list.as_array().map(Vec::len)), (200, Some(5)));
    let listed = list.as_array().into_iter().flatten();
    let listed: Vec<_> = listed.map(|one| one["address"].clone()).collect();
    assert!(listed.contains(&json!(given)) && listed.contains(&json!(format!("abc@{domain}"))));
}

#[tokio::test]
async fn names_have_a_form_and_one_owner() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    for bad in [
        json!(""),
        json!("ab"),
        json!("a".repeat(37)),
        json!("-abc"),
        json!("a.b.c"),
        json!("a b c"),
        json!("bob+tag"),
        json!("żaba"),
        json!("bob@elsewhere.example"),
        json!("x".repeat(600)),
        json!(7),
        json!(["bob"]),
    ] {
        let (status, answer) = claim(&wallet, bad.clone()).await;
        assert_eq!(status, 400, "{bad}: {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    let taken = (409, json!({"error": "The address is taken."}));
    assert_eq!(
        claim(&wallet, json!("admin")).await,
        taken,
        "nobody can have it"
    );
    assert_eq!(claim(&wallet, json!("bob")).await.0, 200);
    assert_eq!(claim(&wallet, json!("BOB")).await, taken);
    let (_, other) = account.new_wallet().await;
    assert_eq!(claim(&other, json!("bob")).await, taken);

    for n in 2..100 {
        let (status, answer) = claim(&wallet, json!(format!("bob-{n}"))).await;
        assert_eq!(status, 200, "{n}: {answer}");
    }
    // With the one that the wallet came with these are a hundred.
    let (status, answer) = claim(&wallet, Value::Null).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("a wallet has at most 100 addresses"))
    );
    assert_eq!(wallet.delete(&format!("{ADDRESSES}/bob")).await.0, 204);
    assert_eq!(claim(&wallet, Value::Null).await.0, 200);
    assert_eq!(claim(&other, json!("bob")).await.0, 200, "it was given up");
}

#[tokio::test]
async fn an_address_is_given_up_by_its_wallet() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    let (other, _) = app.bot_wallet().await;
    let domain = domain(&app);
    for name in ["one", "two", "three"] {
        assert_eq!(claim(&wallet, json!(name)).await.0, 200);
    }
    let gone = (404, json!({"error": "Address not found."}));
    assert_eq!(other.delete(&format!("{ADDRESSES}/one")).await, gone);
    assert_eq!(app.bot().delete(&format!("{ADDRESSES}/one")).await.0, 401);
    for path in [
        "one".to_owned(),
        format!("TWO@{domain}"),
        format!("three%40{domain}"),
    ] {
        assert_eq!(
            wallet.delete(&format!("{ADDRESSES}/{path}")).await.0,
            204,
            "{path}"
        );
        assert_eq!(
            wallet.delete(&format!("{ADDRESSES}/{path}")).await,
            gone,
            "{path}"
        );
    }
    for unknown in ["nobody", "a.b", "bob+tip"] {
        assert_eq!(wallet.delete(&format!("{ADDRESSES}/{unknown}")).await, gone);
    }
    let foreign = format!("{ADDRESSES}/one@elsewhere.example");
    assert_eq!(wallet.delete(&foreign).await.0, 400);
    let (_, list) = account.primary.get("/wallets").await;
    let path = format!(
        "/wallets/{}/addresses",
        list[0]["walletId"].as_str().expect("it")
    );
    assert_eq!(
        account.primary.get(&path).await.1.as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(other.get(&path).await.0, 404);
    assert_eq!(other.post(&path, Value::Null).await.0, 404);
    assert_eq!(app.bot().get(&path).await.0, 401);
    let body = json!({"address": "one", "amount": 5});
    assert_eq!(app.bot().post("/invoices/for-address", body).await, gone);
}

#[tokio::test]
async fn an_address_that_was_bought_can_be_given_away() {
    let app = TestApp::lnbot().await;
    let (wallet, account) = app.bot_wallet().await;
    let (second, receiver) = app.bot_wallet().await;
    let domain = domain(&app);
    claim(&wallet, json!("gift")).await;
    let (_, given) = claim(&wallet, Value::Null).await;
    let path = format!("{ADDRESSES}/gift/transfer");
    let to = |key: &str| json!({"targetWalletKey": key});

    for bad in [
        to("wk_nonsense"),
        to(""),
        to(&"x".repeat(500)),
        json!({}),
        json!({"targetWalletKey": 7}),
    ] {
        let (status, answer) = wallet.post(&path, bad.clone()).await;
        assert_eq!(status, 400, "{bad}: {answer}");
    }
    let (status, answer) = wallet.post(&path, to(&wallet.key)).await;
    assert_eq!(status, 400, "it is there already: {answer}");
    let generated = given["address"].as_str().expect("it");
    let generated = format!("{ADDRESSES}/{generated}/transfer");
    let (status, answer) = wallet.post(&generated, to(&second.key)).await;
    let why = json!({"error": "only vanity addresses can be transferred"});
    assert_eq!((status, answer), (400, why));
    let unknown = format!("{ADDRESSES}/nobody/transfer");
    assert_eq!(wallet.post(&unknown, to(&second.key)).await.0, 404);
    assert_eq!(
        second.post(&path, to(&wallet.key)).await.0,
        404,
        "not theirs"
    );
    assert_eq!(app.bot().post(&path, to(&second.key)).await.0, 401);

    let (status, moved) = wallet.post(&path, to(&second.key)).await;
    let expected = json!({
        "address": format!("gift@{domain}"), "transferredTo": wallet_id(&second).await,
    });
    assert_eq!((status, moved), (200, expected));
    assert_eq!(
        wallet.post(&path, to(&second.key)).await.0,
        404,
        "it is gone"
    );

    // Back, by a user's key: that user has one wallet.
    let (status, moved) = second.post(&path, to(&account.primary.key)).await;
    assert_eq!(
        (status, &moved["transferredTo"]),
        (200, &wallet_id(&wallet).await)
    );
    receiver.new_wallet().await;
    let (status, answer) = wallet.post(&path, to(&receiver.primary.key)).await;
    assert_eq!(status, 400, "which of the two? {answer}");
}

#[tokio::test]
async fn whoever_knows_an_address_can_pay_it() {
    let app = TestApp::lnbot().await;
    let (wallet, _) = app.bot_wallet().await;
    let domain = domain(&app);
    claim(&wallet, json!("shop")).await;
    let ask = async |body: Value| app.bot().post("/invoices/for-address", body).await;
    let table = [
        (json!({"address": "Shop", "amount": 3}), Value::Null),
        (
            json!({"address": format!("shop@{domain}"), "amount": 3, "tag": "t1"}),
            json!("t1"),
        ),
        (
            json!({"address": format!("shop+t2%40{domain}"), "amount": 3}),
            json!("t2"),
        ),
        (
            json!({"address": "shop+t3", "amount": 3, "tag": "other"}),
            json!("other"),
        ),
    ];
    for (number, (mut body, reference)) in (1..).zip(table) {
        body["comment"] = json!("thanks");
        let (status, made) = ask(body.clone()).await;
        assert_eq!(status, 200, "{body}: {made}");
        assert_eq!(made["amount"], 3);
        let bolt11 = made["bolt11"].as_str().expect("an invoice");
        app.node.customer_pays(bolt11, 3_000);
        let path = format!("/wallets/current/invoices/{}", payment_hash(bolt11));
        let row = until(async || {
            let (status, row) = wallet.get(&path).await;
            (status == 200).then_some(row)
        })
        .await;
        assert_eq!(
            (&row["number"], &row["reference"]),
            (&json!(number), &reference)
        );
        assert_eq!(row["memo"], "thanks");
    }
    assert_eq!(ask(json!({"address": "nobody", "amount": 3})).await.0, 404);
    for bad in [
        json!({"address": "shop"}),
        json!({"address": "shop", "amount": 0}),
        json!({"address": "shop@elsewhere.example", "amount": 3}),
        json!({"address": "shop+a/b", "amount": 3}),
        json!({"address": "shop", "amount": 3, "comment": "x".repeat(256)}),
        json!({"address": "shop", "amount": 3, "tag": "x".repeat(257)}),
        json!({"address": null, "amount": 3}),
    ] {
        let (status, answer) = ask(bad.clone()).await;
        assert_eq!(status, 400, "{bad}: {answer}");
    }
}

#[tokio::test]
async fn the_owner_s_dns_can_tell_of_it() {
    let app = TestApp::lnbot_with(|settings| {
        settings.public_url = "https://pay.example:8443".to_owned();
    })
    .await;
    let (wallet, account) = app.bot_wallet().await;
    claim(&wallet, json!("shop")).await;
    let path = format!("{ADDRESSES}/shop/bip353");
    let (status, told) = wallet.get(&path).await;
    assert_eq!(status, 200, "{told}");
    let value = told["value"].as_str().expect("a text").to_owned();
    let expected = json!({
        "record": "shop.user._bitcoin-payment.pay.example.", "type": "TXT", "value": value,
    });
    assert_eq!(told, expected);
    assert_eq!(wallet.get(&path).await.1, told, "the same ever after");
    let (other_id, other) = account.new_wallet().await;
    assert_eq!(other.get(&path).await.0, 404);
    claim(&other, json!("shed")).await;
    let others = format!("/wallets/{other_id}/addresses/shed/bip353");
    let (_, others) = account.primary.get(&others).await;
    assert_ne!(
        others["value"], told["value"],
        "each wallet has its own offer"
    );

    let offer = value.strip_prefix("bitcoin:?lno=").expect("an offer");
    app.node.customer_pays_offer(offer, 21_000, None);
    until(async || (balance(&wallet).await == 21).then_some(())).await;
    let (_, list) = wallet.get("/wallets/current/invoices").await;
    assert_eq!(
        (&list[0]["number"], &list[0]["status"]),
        (&json!(1), &json!("settled"))
    );
    assert_eq!(balance(&other).await, 0);
}
