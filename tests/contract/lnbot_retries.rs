//! ln.bot: payments that find no way and are attempted again. What is shown meanwhile, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use support::app::{TestApp, bare_till, until};
use support::fake_node::{FakeNode, Fate, payment_hash};
use support::invoices::Foreign;
use support::lnbot::Bot;
use till::id::PaymentId;
use till::invoice::Description;
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till::node::SendFault;
use till::payment::{FailureReason, Outcome, State};
use till_actors::service::{NewInvoice, Service, TargetOrder, Whereabouts};

const PAYMENTS: &str = "/wallets/current/payments";
const NO_ROUTE: Fate = Fate::Fails(FailureReason::NoRoute);
/// How long a caller waits here for an outcome.
const WAIT: Duration = Duration::from_millis(200);

async fn app(retry_secs: u32) -> TestApp {
    TestApp::lnbot_with(|settings| {
        settings.payment_wait = WAIT;
        settings.retry_secs = retry_secs;
    })
    .await
}

fn foreign(node: &FakeNode, fate: Fate) -> String {
    node.foreign(Foreign {
        fate,
        ..Foreign::default()
    })
}

async fn first(bot: &Bot) -> Value {
    let (status, shown) = bot.get(&format!("{PAYMENTS}/1")).await;
    assert_eq!(status, 200, "{shown}");
    shown
}

/// The wallet's first payment, once it is there.
async fn once(bot: &Bot, status: &str) -> Value {
    until(async || Some(first(bot).await).filter(|shown| shown["status"] == status)).await
}

async fn money(bot: &Bot) -> (u64, u64, u64) {
    let (_, shown) = bot.get("/wallets/current").await;
    let field = |name: &str| shown[name].as_u64().unwrap();
    (field("balance"), field("onHold"), field("available"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_way_is_attempted_again_until_it_goes_through() {
    let app = app(300).await;
    let bot = app.rich_bot(5_000).await;
    let target = foreign(&app.node, NO_ROUTE);
    let hash = payment_hash(&target);
    let body = json!({"target": target, "idempotencyKey": "k1"});
    let (status, shown) = bot.post(PAYMENTS, body.clone()).await;
    let expected = json!({
        "number": 1, "status": "pending", "amount": 1_000, "maxFee": 20, "serviceFee": 0,
        "actualFee": null, "address": target, "reference": null, "preimage": null,
        "txNumber": null, "failureReason": null, "createdAt": shown["createdAt"],
        "settledAt": null, "stage": "retrying", "statusDetail": shown["statusDetail"],
        "retryUntil": shown["retryUntil"],
    });
    assert_eq!((status, &shown), (200, &expected));
    assert!(shown["statusDetail"].is_string(), "{shown}");
    let (made, until) = (&shown["createdAt"], &shown["retryUntil"]);
    assert!(made.as_str().unwrap() < until.as_str().unwrap(), "{shown}");
    assert_eq!(money(&bot).await, (5_000, 1_020, 3_980));

    // Whoever asks again gets the same, or is told that it is under way.
    let (status, again) = bot.post(PAYMENTS, body).await;
    assert_eq!((status, &again["number"]), (200, &json!(1)), "{again}");
    let (status, refused) = bot.post(PAYMENTS, json!({ "target": target })).await;
    assert_eq!(status, 409, "{refused}");

    // A later attempt that the node refuses at once is a failure like the first one.
    app.node.will(hash, Fate::Refused(SendFault::SendingFailed));
    sent(&app.node, hash, 2).await;
    let shown = once(&bot, "pending").await;
    assert_eq!(shown["stage"], "retrying", "{shown}");
    app.node.will(hash, Fate::Succeeds(2_000));
    let settled = once(&bot, "settled").await;
    assert_eq!(
        (&settled["actualFee"], &settled["retryUntil"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(money(&bot).await, (3_998, 0, 3_998));
    assert_eq!(app.node.times_sent(hash), 3);
    let (_, lines) = bot.get("/wallets/current/transactions").await;
    assert_eq!(lines.as_array().unwrap().len(), 2, "{lines}");
}

/// The node has been asked so often.
async fn sent(node: &FakeNode, hash: till::id::PaymentHash, times: usize) {
    until(async || (node.times_sent(hash) >= times).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_time_is_over_it_fails_and_the_money_is_free() {
    let app = app(7).await;
    let bot = app.rich_bot(5_000).await;
    let target = foreign(&app.node, NO_ROUTE);
    let (status, shown) = bot.post(PAYMENTS, json!({ "target": target })).await;
    assert_eq!((status, &shown["stage"]), (200, &json!("retrying")));
    let failed = once(&bot, "failed").await;
    assert_eq!(
        (&failed["stage"], &failed["retryUntil"]),
        (&json!("failed"), &Value::Null)
    );
    assert!(failed["failureReason"].is_string(), "{failed}");
    assert_eq!(failed["statusDetail"], failed["failureReason"]);
    assert_eq!(money(&bot).await, (5_000, 0, 5_000));
    assert_eq!(app.node.times_sent(payment_hash(&target)), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_again_while_something_may_be_under_way() {
    let app = app(9).await;
    let bot = app.rich_bot(5_000).await;
    app.node.shows_dust(Msat::new(1).unwrap());
    let target = foreign(&app.node, NO_ROUTE);
    let (status, shown) = bot.post(PAYMENTS, json!({ "target": target })).await;
    assert_eq!((status, &shown["stage"]), (200, &json!("retrying")));
    once(&bot, "failed").await;
    assert_eq!(app.node.times_sent(payment_hash(&target)), 1);
    assert_eq!(money(&bot).await, (5_000, 0, 5_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_pass_is_not_attempted_again() {
    let app = app(300).await;
    let bot = app.rich_bot(5_000).await;
    for fate in [
        Fate::Fails(FailureReason::RecipientRejected),
        Fate::Refused(SendFault::Unpayable),
        Fate::Refused(SendFault::NotAsked),
    ] {
        let target = foreign(&app.node, fate);
        let (status, shown) = bot.post(PAYMENTS, json!({ "target": target })).await;
        assert_eq!(status, 200, "{shown}");
        assert_eq!(shown["status"], "failed", "{fate:?}: {shown}");
    }
    assert_eq!(money(&bot).await, (5_000, 0, 5_000));
}

async fn earn(service: &Service, node: &FakeNode) {
    let wanted = NewInvoice {
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: Some(Sat::new(5_000).unwrap().to_msat()),
        description: Description::Text("goods".into()),
        external_id: None,
        webhook_url: None,
        expiry_secs: None,
        hold: None,
        idempotency: None,
        meta: Meta::default(),
    };
    let made = service.create_invoice(wanted).await.unwrap();
    node.customer_pays(made.bolt11.as_ref().unwrap(), 5_000_000);
    until(async || {
        let row = service.invoice(made.hash).await.unwrap();
        row.filter(|row| row.receipt.is_some())
    })
    .await;
}

async fn pay(service: &Service, target: &str) -> PaymentId {
    let wanted = TargetOrder {
        wallet: WalletRef::House,
        origin: Origin::Lnbot,
        target: target.to_owned(),
        amount: None,
        fee_cap: None,
        service_fee_ppm: 0,
        retry_secs: 300,
        idempotency: None,
        meta: Meta::default(),
    };
    let here = Whereabouts {
        domain: "pay.example",
        doh_url: None,
    };
    let made = service.pay_target(wanted, here, WAIT).await.unwrap();
    assert_eq!(made.state, State::Waiting, "{made:?}");
    made.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_last_one_was() {
    let (dir, node) = (tempfile::tempdir().unwrap(), Arc::new(FakeNode::default()));
    let till = bare_till(dir.path(), &node).await;
    let service = till.service();
    earn(&service, &node).await;
    let target = foreign(&node, NO_ROUTE);
    let id = pay(&service, &target).await;
    drop(service);
    till.stop().await;
    node.will(payment_hash(&target), Fate::Succeeds(0));

    let till = bare_till(dir.path(), &node).await;
    let service = till.service();
    let paid = until(async || {
        let payment = service.payment(id).await.unwrap();
        payment.filter(|payment| payment.state.is_final())
    })
    .await;
    assert!(matches!(paid.outcome, Some(Outcome::Sent(_))), "{paid:?}");
    assert_eq!((paid.state, paid.attempt), (State::Succeeded, 2));
    assert_eq!(node.times_sent(payment_hash(&target)), 2);
    drop(service);
    till.stop().await;
}
