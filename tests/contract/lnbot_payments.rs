//! ln.bot: paying, and what a wallet's statement then shows.

use std::time::Duration;

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, payment_hash};
use support::invoices::Foreign;
use support::lnbits::Answer;
use support::lnbot::Bot;
use support::offers::OfferText;
use support::payer::LnurlServer;
use till::node::SendFault;
use till::payment::FailureReason;

const PAYMENTS: &str = "/wallets/current/payments";
const TRANSACTIONS: &str = "/wallets/current/transactions";

async fn pay(bot: &Bot, body: Value) -> Answer {
    bot.post(PAYMENTS, body).await
}

fn foreign(app: &TestApp, fate: Fate) -> String {
    app.node.foreign(Foreign {
        fate,
        ..Foreign::default()
    })
}

async fn money(bot: &Bot) -> (u64, u64, u64) {
    let (_, shown) = bot.get("/wallets/current").await;
    let field = |name: &str| shown[name].as_u64().unwrap();
    (field("balance"), field("onHold"), field("available"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_paid_and_is_a_line_of_the_statement() {
    let app = TestApp::lnbot().await;
    let bot = app.rich_bot(10_000).await;
    let target = foreign(&app, Fate::Succeeds(2_000));
    let body = json!({"target": format!("LIGHTNING:{target}"), "reference": "tea"});
    let (status, paid) = pay(&bot, body).await;
    assert_eq!(status, 200, "{paid}");
    let preimage = paid["preimage"].as_str().unwrap().to_owned();
    for moment in ["createdAt", "settledAt"] {
        assert!(paid[moment].as_str().unwrap().ends_with('Z'), "{paid}");
    }
    let expected = json!({
        "number": 1, "status": "settled", "amount": 1_000, "maxFee": 20, "serviceFee": 0,
        "actualFee": 2, "address": format!("LIGHTNING:{target}"), "reference": "tea",
        "preimage": preimage, "txNumber": 2, "failureReason": null,
        "createdAt": paid["createdAt"], "settledAt": paid["settledAt"],
        "stage": "settled", "statusDetail": null, "retryUntil": null,
    });
    assert_eq!(paid, expected);
    assert_eq!(money(&bot).await, (8_998, 0, 8_998));

    let hash = payment_hash(&target);
    for name in ["1".to_owned(), hash.to_string()] {
        let found = bot.get(&format!("{PAYMENTS}/{name}")).await;
        assert_eq!(found, (200, expected.clone()), "{name}");
    }
    assert_eq!(bot.get(PAYMENTS).await, (200, json!([expected])));

    let (status, lines) = bot.get(TRANSACTIONS).await;
    assert_eq!(status, 200, "{lines}");
    let debit = json!({
        "number": 2, "type": "debit", "amount": 1_002, "balanceAfter": 8_998, "networkFee": 2,
        "serviceFee": 0, "paymentHash": hash.to_string(), "preimage": preimage,
        "reference": "tea", "note": "goods", "createdAt": lines[0]["createdAt"],
    });
    assert_eq!(lines[0], debit);
    let credit = &lines[1];
    let shown = json!([
        credit["number"],
        credit["type"],
        credit["amount"],
        credit["balanceAfter"],
        credit["reference"],
        credit["note"]
    ]);
    let expected = json!([1, "credit", 10_000, 10_000, "salary-7", "pay day"]);
    assert_eq!(shown, expected);
    assert!(credit["preimage"].is_string() && credit["paymentHash"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_back_by_number() {
    let app = TestApp::lnbot().await;
    let bot = app.rich_bot(10_000).await;
    for _ in 0..3 {
        let target = foreign(&app, Fate::Succeeds(0));
        assert_eq!(pay(&bot, json!({ "target": target })).await.0, 200);
    }
    let numbers = async |path: &str| {
        let (status, list) = bot.get(path).await;
        assert_eq!(status, 200, "{path}: {list}");
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| row["number"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(PAYMENTS).await, [3, 2, 1]);
    assert_eq!(numbers(&format!("{PAYMENTS}?limit=2")).await, [3, 2]);
    assert_eq!(numbers(&format!("{PAYMENTS}?limit=2&after=2")).await, [1]);
    assert_eq!(
        numbers(&format!("{TRANSACTIONS}?after=4&limit=2")).await,
        [3, 2]
    );
    assert!(numbers(&format!("{TRANSACTIONS}?after=1")).await.is_empty());
    for (path, query) in [(PAYMENTS, "limit=0"), (TRANSACTIONS, "after=x")] {
        assert_eq!(bot.get(&format!("{path}?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_key_of_the_wallet_sees_and_pays_nothing() {
    let app = TestApp::lnbot().await;
    let (bot, account) = app.bot_wallet().await;
    let (other_id, other) = app.account().await.new_wallet().await;
    let (_, wallets) = account.primary.get("/wallets").await;
    let id = wallets[0]["walletId"].as_str().unwrap().to_owned();
    let target = foreign(&app, Fate::Succeeds(0));
    for of in [
        "payments",
        "transactions",
        "payments/1",
        "payments/resolve?target=x",
    ] {
        let status = async |caller: &Bot, wallet: &str| {
            caller.get(&format!("/wallets/{wallet}/{of}")).await.0
        };
        assert_eq!(status(&app.bot(), &id).await, 401, "{of}");
        assert_eq!(status(&other, &id).await, 404, "{of}");
        assert_eq!(status(&bot, &other_id).await, 404, "{of}");
        assert_eq!(status(&account.primary, &other_id).await, 404, "{of}");
        let own = status(&account.primary, &id).await;
        assert_ne!((own, own), (401, 404), "{of}");
    }
    let body = json!({ "target": target });
    let path = format!("/wallets/{id}/payments");
    assert_eq!(app.bot().post(&path, body.clone()).await.0, 401);
    assert_eq!(other.post(&path, body.clone()).await.0, 404);
    assert_eq!(
        account
            .primary
            .delete(&format!("/wallets/{id}/key"))
            .await
            .0,
        204
    );
    assert_eq!(bot.post(&path, body).await.0, 401);
    assert_eq!(app.node.times_sent(payment_hash(&target)), 0);
}

/// What is paid is rounded up wherever it is shown: the price, the payment and the statement agree.
#[tokio::test(flavor = "multi_thread")]
async fn a_price_in_part_of_a_satoshi_is_shown_as_what_is_paid() {
    let app = TestApp::lnbot().await;
    let bot = app.rich_bot(1_000).await;
    let target = app.node.foreign(Foreign {
        amount_msat: Some(1_500),
        ..Foreign::default()
    });
    let (_, price) = bot
        .get(&format!("{PAYMENTS}/resolve?target={target}"))
        .await;
    let (status, paid) = pay(&bot, json!({"target": target, "amount": 2})).await;
    assert_eq!(status, 200, "{paid}");
    let (_, lines) = bot.get("/wallets/current/transactions").await;
    let shown = json!([price["amount"], paid["amount"], lines[0]["amount"]]);
    assert_eq!(shown, json!([2, 2, 2]), "{price} {paid} {lines}");
    assert_eq!(money(&bot).await, (998, 0, 998));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_paid_is_told_why() {
    let app = TestApp::lnbot().await;
    let bot = app.rich_bot(1_500).await;
    let good = || foreign(&app, Fate::Succeeds(0));
    let open = app.node.foreign(Foreign {
        amount_msat: None,
        ..Foreign::default()
    });
    let old = app.node.foreign(Foreign {
        age: Duration::from_secs(7_200),
        ..Foreign::default()
    });
    let long = "r".repeat(257);
    let key = "k".repeat(129);
    for (body, says) in [
        (json!({}), "target"),
        (json!({"target": ""}), "target is missing"),
        (json!({"target": 7}), "target"),
        (json!({"target": "nonsense"}), "no invoice"),
        (
            json!({"target": "lnbcrt1nonsense"}),
            "The invoice is not good",
        ),
        (json!({"target": "lno1nonsense"}), "offer"),
        (json!({"target": "lnurl1nonsense"}), "no invoice"),
        (json!({"target": "x".repeat(8_193)}), "no invoice"),
        (json!({"target": good(), "amount": 0}), "amount"),
        (json!({"target": good(), "amount": -5}), "amount"),
        (json!({"target": good(), "amount": "many"}), "amount"),
        (json!({"target": good(), "amount": 1.5}), "amount"),
        (json!({"target": good(), "amount": 999}), "between"),
        (json!({ "target": open }), "give one"),
        (json!({ "target": old }), "expired"),
        (json!({"target": good(), "maxFee": 0}), "maxFee"),
        (json!({"target": good(), "maxFee": 10_001}), "maxFee"),
        (
            json!({"target": good(), "maxFee": 600}),
            "Insufficient balance.",
        ),
        (json!({"target": good(), "reference": long}), "reference"),
        (
            json!({"target": good(), "idempotencyKey": key}),
            "idempotencyKey",
        ),
        (
            json!({"target": good(), "idempotencyKey": ""}),
            "idempotencyKey",
        ),
        (json!({"target": "₿bob@example.org", "amount": 5}), "DNS"),
    ] {
        let (status, answer) = pay(&bot, body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        let told = answer["error"].as_str().unwrap();
        assert!(told.contains(says), "{body}: {told}");
    }
    let exact = good();
    let (status, paid) = pay(&bot, json!({"target": exact, "amount": 1_000})).await;
    assert_eq!(
        (status, &paid["status"]),
        (200, &json!("settled")),
        "{paid}"
    );
    assert_eq!(
        pay(&bot, json!({ "target": exact })).await.0,
        409,
        "already paid"
    );
    assert_eq!(bot.get(&format!("{PAYMENTS}/2")).await.0, 404);
    assert_eq!(bot.get(&format!("{PAYMENTS}/x")).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_and_the_money_is_free_again() {
    let app = TestApp::lnbot().await;
    let bot = app.rich_bot(5_000).await;
    for fate in [
        Fate::Fails(FailureReason::NoRoute),
        Fate::Refused(SendFault::Unpayable),
    ] {
        let (status, failed) = pay(&bot, json!({"target": foreign(&app, fate)})).await;
        assert_eq!(status, 200, "{failed}");
        assert_eq!(
            (&failed["status"], &failed["stage"]),
            (&json!("failed"), &json!("failed"))
        );
        assert!(failed["failureReason"].is_string(), "{failed}");
        assert_eq!(failed["statusDetail"], failed["failureReason"]);
        assert_eq!(failed["settledAt"], Value::Null);
        assert_eq!(failed["txNumber"], Value::Null);
        assert_eq!(money(&bot).await, (5_000, 0, 5_000));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_on_its_way_is_on_hold_and_its_key_finds_it() {
    let app = TestApp::lnbot_with(|settings| {
        settings.payment_wait = Duration::from_millis(200);
        settings.service_fee_ppm = 2_500;
    })
    .await;
    let bot = app.rich_bot(5_000).await;
    let target = foreign(&app, Fate::Silence);
    let body = json!({"target": target, "idempotencyKey": "k1", "maxFee": 50});
    let (status, sent) = pay(&bot, body.clone()).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(
        (&sent["status"], &sent["stage"]),
        (&json!("processing"), &json!("in_flight"))
    );
    assert!(sent["statusDetail"].is_string(), "{sent}");
    assert_eq!(
        (&sent["maxFee"], &sent["serviceFee"]),
        (&json!(50), &json!(3))
    );
    assert_eq!(money(&bot).await, (5_000, 1_053, 3_947));

    let (status, again) = pay(&bot, body.clone()).await;
    assert_eq!((status, &again["number"]), (200, &json!(1)), "{again}");
    let other = json!({"target": target, "idempotencyKey": "k1"});
    assert_eq!(
        pay(&bot, other).await.0,
        409,
        "another request under the key"
    );
    assert_eq!(
        pay(&bot, json!({ "target": target })).await.0,
        409,
        "in flight"
    );

    app.node
        .decide(payment_hash(&target), Fate::Succeeds(7_000));
    let settled = until(async || {
        let (_, shown) = bot.get(&format!("{PAYMENTS}/1")).await;
        (shown["status"] == "settled").then_some(shown)
    })
    .await;
    assert_eq!(settled["actualFee"], 7);
    assert_eq!(money(&bot).await, (3_990, 0, 3_990));
    let (_, lines) = bot.get(TRANSACTIONS).await;
    let shown = json!([
        lines[0]["amount"],
        lines[0]["networkFee"],
        lines[0]["serviceFee"]
    ]);
    assert_eq!(shown, json!([1_010, 7, 3]));
    assert_eq!(pay(&bot, body).await.1["status"], "settled");
    assert_eq!(app.node.times_sent(payment_hash(&target)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_addresses_and_lnurls_are_paid() {
    let app = TestApp::lnbot().await;
    let bot = app.rich_bot(50_000).await;
    let stranger = LnurlServer::open(&app).await;
    let offer = OfferText::default().text();
    app.node.offer_fate(&offer, Fate::Succeeds(1_000));
    let (status, paid) = pay(&bot, json!({"target": offer.to_uppercase()})).await;
    assert_eq!((status, &paid["amount"]), (200, &json!(1_000)), "{paid}");

    let bob = stranger.address("bob");
    let lnurlp = format!("{}/.well-known/lnurlp/bob", stranger.url).replace("http://", "lnurlp://");
    for target in [bob.clone(), lnurlp] {
        let (status, paid) = pay(&bot, json!({"target": target, "amount": 25})).await;
        assert_eq!(status, 200, "{target}: {paid}");
        let shown = (
            &paid["status"],
            &paid["amount"],
            &paid["address"],
            &paid["actualFee"],
        );
        assert_eq!(
            shown,
            (&json!("settled"), &json!(25), &json!(target), &json!(2))
        );
    }

    let (status, answer) = pay(&bot, json!({"target": bob, "amount": 100_001})).await;
    assert_eq!(status, 400);
    let range = json!({"error": answer["error"], "min": 1, "max": 100_000});
    assert_eq!(answer, range);
    for (target, amount) in [
        (bob.clone(), Value::Null),
        (stranger.address("shut"), json!(5)),
        (stranger.address("nobody"), json!(5)),
        (format!("{}/w", stranger.url), json!(5)),
        ("bob@127.0.0.1:1".to_owned(), json!(5)),
    ] {
        let (status, answer) = pay(&bot, json!({"target": target, "amount": amount})).await;
        assert_eq!(status, 400, "{target}: {answer}");
        assert!(answer["error"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_by_its_key_and_nobody_is_asked_again() {
    let app = TestApp::lnbot().await;
    let bot = app.rich_bot(50_000).await;
    let stranger = LnurlServer::open(&app).await;
    let body = json!({"target": stranger.address("bob"), "amount": 25, "idempotencyKey": "a"});
    let first = pay(&bot, body.clone()).await;
    assert_eq!((first.0, &first.1["status"]), (200, &json!("settled")));
    assert_eq!(pay(&bot, body).await, first);
    assert_eq!(*stranger.asked.lock().unwrap(), 1);
    let same = json!({"target": stranger.address("bob"), "amount": 26, "idempotencyKey": "a"});
    assert_eq!(pay(&bot, same).await.0, 409);
    assert_eq!(money(&bot).await, (49_973, 0, 49_973));
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_of_this_till_are_paid_at_once_and_for_nothing() {
    let app = TestApp::lnbot_with(|settings| settings.service_fee_ppm = 10_000).await;
    let bot = app.rich_bot(5_000).await;
    let account = app.account().await;
    let (_, made) = account.primary.post("/wallets", Value::Null).await;
    let address = made["address"].as_str().unwrap().to_owned();
    let their = format!("/wallets/{}", made["walletId"].as_str().unwrap());

    let tagged = address.replace('@', "+tip@").to_uppercase();
    for (target, amount, left) in [(address.clone(), 700, 4_300), (tagged, 300, 4_000)] {
        let body = json!({"target": target, "amount": amount, "maxFee": 10_000_000});
        let (status, paid) = pay(&bot, body).await;
        assert_eq!(status, 200, "{paid}");
        let shown = json!([
            paid["status"],
            paid["maxFee"],
            paid["serviceFee"],
            paid["actualFee"]
        ]);
        assert_eq!(shown, json!(["settled", 0, 0, 0]), "{paid}");
        assert_eq!(
            (&paid["address"], money(&bot).await.0),
            (&json!(target), left)
        );
    }
    let (_, lines) = account.primary.get(&format!("{their}/transactions")).await;
    let shown = json!([
        lines[0]["type"],
        lines[0]["amount"],
        lines[0]["balanceAfter"]
    ]);
    assert_eq!(shown, json!(["credit", 300, 1_000]), "{lines}");
    // What the payer wrote after the `+` tells the recipient the same as when it comes over Lightning.
    let (_, rows) = account.primary.get(&format!("{their}/invoices")).await;
    let tags = json!([
        rows[0]["reference"],
        rows[1]["reference"],
        lines[0]["reference"]
    ]);
    assert_eq!(tags, json!(["tip", null, "tip"]), "{rows}");
    let untold = address.replace('@', "+two+tags@");
    let (status, answer) = pay(&bot, json!({"target": untold, "amount": 1})).await;
    let expected = json!({"error": "The address does not exist."});
    assert_eq!((status, answer), (400, expected));

    // By invoice, another's and one's own.
    let theirs = app.rich_bot(1).await;
    let wallet = app.account_of(&theirs).await;
    let bolt11 = app.invoice_of(wallet, 1_000).await;
    let (status, paid) = pay(&bot, json!({ "target": bolt11 })).await;
    assert_eq!(
        (status, &paid["status"], &paid["serviceFee"]),
        (200, &json!("settled"), &json!(0))
    );
    assert_eq!(
        (money(&bot).await.0, money(&theirs).await.0),
        (3_000, 1_001)
    );
    let own = app.invoice_of(app.account_of(&bot).await, 500).await;
    let (status, paid) = pay(&bot, json!({ "target": own })).await;
    assert_eq!(
        (status, &paid["status"]),
        (200, &json!("settled")),
        "{paid}"
    );
    assert_eq!(money(&bot).await.0, 3_000);
    assert_eq!(app.node.times_sent(payment_hash(&bolt11)), 0);

    let own = account.primary.clone();
    let body = json!({"target": address, "amount": 1});
    let (status, answer) = own.post(&format!("{their}/payments"), body).await;
    let expected = json!({"error": "Cannot transfer to yourself."});
    assert_eq!((status, answer), (400, expected));
    let domain = app.url.trim_start_matches("http://");
    let nobody = json!({"target": format!("nobody@{domain}"), "amount": 1});
    assert_eq!(pay(&bot, nobody).await.0, 400);
    let too_much = json!({"target": address, "amount": 3_001});
    let (status, answer) = pay(&bot, too_much).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("Insufficient balance."))
    );
}
