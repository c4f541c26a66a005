//! Webhooks of wallets: told of everything there and of nothing elsewhere, until they are deleted or dead.

use super::bench::*;
use super::holders::{SECOND, WALLET, two};
use crate::id::{WalletId, WebhookId};
use crate::ledger::{OutboxCommand, Refusal};
use crate::outbox::{Delivery, DeliveryState, OutboxCount, RETRY_PAUSES_SECS, Subject, Verdict};
use crate::webhook::{MAX_WEBHOOKS, Webhook, WebhooksOf};

fn id(n: u8) -> WebhookId {
    WebhookId::from_bytes([n; 16])
}

fn add_to(wallet: WalletId, n: u8) -> OutboxCommand {
    OutboxCommand::AddWebhook {
        id: id(n),
        wallet,
        url: format!("https://{n}.example/"),
    }
}

fn add(n: u8) -> OutboxCommand {
    add_to(WALLET, n)
}

fn delete(n: u8) -> OutboxCommand {
    let (wallet, id) = (WALLET, id(n));
    OutboxCommand::DeleteWebhook { wallet, id }
}

fn tried(number: u64, attempt: u32, verdict: Verdict) -> OutboxCommand {
    OutboxCommand::Tried {
        number,
        attempt,
        verdict,
        status: "500".into(),
    }
}

/// Everything that is to be told, by webhook.
fn told(bench: &Bench) -> Vec<(u8, Subject)> {
    let count = bench.state.get::<OutboxCount>(&()).expect("a row");
    let rows = (1..=count.unwrap_or_default().last).map(|n| bench.get::<Delivery>(&n));
    rows.map(|row| (row.webhook.expect("a webhook").as_bytes()[0], row.subject))
        .collect()
}

#[test]
fn a_wallet_has_ten_and_no_address_twice() {
    let mut bench = two();
    assert_eq!(
        bench.run(add_to(SECOND, 1)),
        Err(Refusal::UnknownWallet),
        "there is no such wallet"
    );
    for n in 1..=10 {
        bench.must(add(n));
    }
    let same = OutboxCommand::AddWebhook {
        id: id(30),
        wallet: WALLET,
        url: "https://3.example/".into(),
    };
    assert_eq!(bench.run(same.clone()), Err(Refusal::WebhookExists));
    let eleventh = bench.run(add(11));
    assert_eq!(eleventh, Err(Refusal::TooManyWebhooks(MAX_WEBHOOKS)));
    bench.must(delete(3));
    assert_eq!(bench.run(delete(3)), Err(Refusal::UnknownWebhook));
    bench.must(same);
    let list = bench.get::<WebhooksOf>(&WALLET).webhooks;
    assert_eq!(list.len(), MAX_WEBHOOKS);
    assert_eq!(list.last(), Some(&id(30)));
    let foreign = OutboxCommand::DeleteWebhook {
        wallet: SECOND,
        id: id(1),
    };
    assert_eq!(bench.run(foreign), Err(Refusal::UnknownWebhook));
}

#[test]
fn each_is_told_of_everything_in_its_wallet_and_of_nothing_else() {
    let mut bench = two();
    bench.must(add(1));
    bench.must(add(2));
    bench.earn(100, HOUSE, 100_000);
    assert_eq!(told(&bench), [], "the house's is nobody's");
    bench.earn(1, OTHER, 50_000);
    let invoice = Subject::Invoice(hash(1));
    let twice = [(1, invoice), (2, invoice)];
    assert_eq!(told(&bench), [twice, twice].concat(), "made, then paid");
    bench.must(delete(1));
    bench.must(reserve(3, OTHER, 5_000, 100));
    bench.must(void(3, None));
    let payment = Subject::Payment(bench.payment(3).id);
    assert_eq!(told(&bench)[4..], [(2, payment), (2, payment)]);
    bench.must(reserve(4, OTHER, 5_000, 100));
    bench.must(post(4, 10));
    assert_eq!(told(&bench).len(), 8);
    assert!(bench.invoice(1).meta.webhook_status.is_none());
    bench.must(tried(1, 1, Verdict::Taken));
    assert!(
        bench.invoice(1).meta.webhook_status.is_none(),
        "what a webhook of the wallet's says is no matter of the invoice's"
    );
}

#[test]
fn one_that_never_takes_what_it_is_told_is_told_nothing_more() {
    let mut bench = two();
    bench.must(add(1));
    bench.must(add(2));
    bench.must(add(3));
    bench.earn(1, OTHER, 50_000);
    assert_eq!(told(&bench).len(), 6);
    bench.must(tried(1, 1, Verdict::Gone));
    assert!(!bench.get::<Webhook>(&id(1)).is_active());
    for attempt in 1..=RETRY_PAUSES_SECS.len() as u32 {
        bench.must(tried(2, attempt, Verdict::Failed));
        assert!(bench.get::<Webhook>(&id(2)).is_active(), "{attempt}");
    }
    bench.must(tried(
        2,
        RETRY_PAUSES_SECS.len() as u32 + 1,
        Verdict::Failed,
    ));
    assert_eq!(bench.get::<Delivery>(&2).state, DeliveryState::GivenUp);
    let dead = bench.get::<Webhook>(&id(2));
    assert!(!dead.is_active() && dead.is_present());
    bench.must(tried(3, 1, Verdict::Pointless));
    assert!(bench.get::<Webhook>(&id(3)).is_active(), "not its fault");
    bench.earn(2, OTHER, 50_000);
    let invoice = Subject::Invoice(hash(2));
    assert_eq!(told(&bench)[6..], [(3, invoice), (3, invoice)]);
    let again = OutboxCommand::AddWebhook {
        id: id(9),
        wallet: WALLET,
        url: dead.url,
    };
    assert_eq!(bench.run(again.clone()), Err(Refusal::WebhookExists));
    bench.must(delete(2));
    bench.must(again);
}
