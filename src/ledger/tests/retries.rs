//! Attempts that follow by themselves: what is set aside meanwhile, who is told, and how it ends.

use super::bench::*;
use crate::id::PaymentId;
use crate::ledger::{
    Account, Command, EventBody, Origin, PaymentOrder, Refusal, RetryOrder, Which,
};
use crate::money::Msat;
use crate::payment::{FailureReason, Outcome, Payment, State as PaymentState};
use crate::time::Timestamp;

/// How long the payments here are retried.
const RETRY_SECS: u32 = 60;
/// What is set aside for one: amount, fee cap and what the house takes.
const ASIDE: u64 = 10_600;

fn rich() -> Bench {
    let mut bench = Bench::new();
    bench.earn(100, HOUSE, 100_000);
    bench.earn(101, OTHER, 50_000);
    bench
}

fn wanted(n: u8) -> PaymentOrder {
    PaymentOrder {
        origin: Origin::Lnbot,
        service_fee: msat(100),
        retry_secs: RETRY_SECS,
        ..order(n, OTHER, 10_000, 500)
    }
}

fn pay(order: PaymentOrder) -> Command {
    Command::ReservePayment(Box::new(order))
}

/// What the node reports, without a word of which attempt it means.
fn fails(n: u8, reason: FailureReason) -> Command {
    Command::VoidPayment {
        which: Which::to_invoice(hash(n)),
        attempt: None,
        reason,
    }
}

fn no_route(n: u8) -> Command {
    fails(n, FailureReason::NoRoute)
}

fn retry(n: u8, attempt: u32) -> Command {
    Command::RetryPayment(RetryOrder {
        id: PaymentId::from_bytes([n; 16]),
        attempt,
        cleared: true,
    })
}

/// State, attempt, and what of the wallet's is set aside.
fn stands(bench: &Bench, n: u8) -> (PaymentState, u32, u64) {
    let payment = bench.payment(n);
    let aside = bench.balance(Account::Wallet(OTHER)).debits_pending;
    (payment.state, payment.attempt, aside)
}

/// What subscribers heard of payments after they were made.
fn told(bench: &Bench) -> Vec<EventBody> {
    let events = bench.records.iter().flat_map(|record| &record.events);
    let bodies = events.map(|event| event.body.clone());
    bodies
        .filter(|body| {
            matches!(
                body,
                EventBody::PaymentSent { .. } | EventBody::PaymentFailed { .. }
            )
        })
        .collect()
}

#[test]
fn a_failure_that_may_pass_leaves_the_money_aside_until_an_attempt_succeeds() {
    let mut bench = rich();
    bench.must(pay(wanted(1)));
    assert!(bench.must(no_route(1)));
    assert_eq!(stands(&bench, 1), (PaymentState::Waiting, 1, ASIDE));
    assert_eq!(
        told(&bench),
        [],
        "nobody hears of a failure that is none yet"
    );
    assert!(!bench.must(no_route(1)), "told twice, booked once");
    assert!(
        !bench.must(void(1, Some(1))),
        "the wait ends by its own time"
    );

    bench.wait_secs(5);
    assert!(bench.must(retry(1, 1)));
    assert!(!bench.must(retry(1, 1)), "asked for twice, begun once");
    assert_eq!(stands(&bench, 1), (PaymentState::Pending, 2, ASIDE));
    assert!(
        !bench.must(void(1, Some(1))),
        "a report of the first attempt"
    );
    assert!(bench.must(post(1, 50)));
    assert_eq!(stands(&bench, 1), (PaymentState::Succeeded, 2, 0));
    assert_eq!(bench.owns(OTHER), 50_000 - 10_150);
    assert_eq!(told(&bench).len(), 1);
    assert_eq!(bench.alarms(), []);
}

#[test]
fn when_the_time_is_over_the_money_is_released_with_the_last_reason() {
    let mut bench = rich();
    bench.must(pay(wanted(1)));
    bench.must(no_route(1));
    bench.wait_secs(5);
    bench.must(retry(1, 1));
    bench.must(fails(1, FailureReason::RetriesExhausted));
    bench.wait_secs(u64::from(RETRY_SECS) - 6);
    let held_up = Command::RetryPayment(RetryOrder {
        id: PaymentId::from_bytes([1; 16]),
        attempt: 2,
        cleared: false,
    });
    assert!(
        !bench.must(held_up.clone()),
        "in time, and something is in the way"
    );
    assert_eq!(stands(&bench, 1), (PaymentState::Waiting, 2, ASIDE));
    bench.wait_secs(1);
    assert!(
        bench.must(held_up),
        "the time is over, whatever is in the way"
    );
    assert_eq!(stands(&bench, 1), (PaymentState::Failed, 2, 0));
    let payment = bench.payment(1);
    let reason = match payment.outcome {
        Some(Outcome::Failed { reason, .. }) => reason,
        other => panic!("not failed: {other:?}"),
    };
    assert_eq!(reason, FailureReason::RetriesExhausted);
    assert_eq!(bench.owns(OTHER), 50_000);
    assert_eq!(told(&bench).len(), 1);
}

#[test]
fn what_fails_after_its_time_is_over_fails_at_once() {
    let mut bench = rich();
    bench.must(pay(wanted(1)));
    bench.wait_secs(RETRY_SECS.into());
    bench.must(no_route(1));
    assert_eq!(stands(&bench, 1), (PaymentState::Failed, 1, 0));
    // An invoice's own time counts too.
    let expires_at = Timestamp::from_millis(bench.now + 3_000);
    bench.must(pay(PaymentOrder {
        expires_at,
        ..wanted(2)
    }));
    bench.must(no_route(2));
    assert_eq!(bench.payment(2).retry_at(), Some(expires_at));
    bench.wait_secs(3);
    bench.must(retry(2, 1));
    assert_eq!(stands(&bench, 2), (PaymentState::Failed, 1, 0));
}

#[test]
fn nothing_else_is_put_off() {
    let mut bench = rich();
    let orders = [
        PaymentOrder {
            origin: Origin::Pos,
            ..wanted(1)
        },
        PaymentOrder {
            origin: Origin::Lnbits,
            ..wanted(2)
        },
        PaymentOrder {
            retry_secs: 0,
            ..wanted(3)
        },
    ];
    for (order, n) in orders.into_iter().zip(1..) {
        bench.must(pay(order));
        bench.must(no_route(n));
        assert_eq!(stands(&bench, n), (PaymentState::Failed, 1, 0), "{n}");
    }
    for (reason, n) in [
        (FailureReason::RecipientRejected, 11),
        (FailureReason::InvoiceExpired, 12),
        (FailureReason::Unpayable, 13),
        (FailureReason::NeverSent, 14),
        (FailureReason::Unexpected, 15),
    ] {
        bench.must(pay(wanted(n)));
        bench.must(fails(n, reason));
        assert_eq!(
            stands(&bench, n),
            (PaymentState::Failed, 1, 0),
            "{reason:?}"
        );
    }
}

#[test]
fn a_success_while_it_waits_is_booked_like_any_other() {
    let mut bench = rich();
    bench.must(pay(wanted(1)));
    bench.must(no_route(1));
    assert!(bench.must(post(1, 50)));
    assert!(!bench.must(retry(1, 1)), "it is paid");
    assert_eq!(stands(&bench, 1), (PaymentState::Succeeded, 1, 0));
    assert_eq!(bench.owns(OTHER), 50_000 - 10_150);
    assert_eq!(bench.alarms(), [], "its money was set aside");
    assert_eq!(bench.payment(1).deferred, None);
}

#[test]
fn nobody_else_pays_what_waits() {
    let mut bench = rich();
    bench.must(pay(wanted(1)));
    bench.must(no_route(1));
    let id = PaymentId::from_bytes([1; 16]);
    for wallet in [OTHER, HOUSE] {
        let again = PaymentOrder {
            cleared: Some(1),
            ..order(1, wallet, 10_000, 500)
        };
        assert_eq!(bench.run(pay(again)), Err(Refusal::InFlight(id)));
    }
    assert_eq!(stands(&bench, 1), (PaymentState::Waiting, 1, ASIDE));
}

#[test]
fn a_callers_own_attempt_is_not_retried() {
    let mut bench = rich();
    bench.must(pay(wanted(1)));
    bench.must(fails(1, FailureReason::NeverSent));
    bench.must(pay(PaymentOrder {
        cleared: Some(1),
        ..wanted(1)
    }));
    assert_eq!(bench.payment(1).retry_until, None);
    assert!(bench.payment(1).unreported, "its failure may still be told");
    bench.must(no_route(1));
    assert_eq!(stands(&bench, 1), (PaymentState::Failed, 2, 0));
}

#[test]
fn pauses_grow_and_end_with_the_time() {
    let mut bench = rich();
    bench.must(pay(PaymentOrder {
        retry_secs: 200,
        ..wanted(1)
    }));
    let mut pauses = Vec::new();
    for attempt in 1.. {
        bench.must(no_route(1));
        let payment: Payment = bench.payment(1);
        let Some(at) = payment.retry_at() else { break };
        let secs = at.millis_since(Timestamp::from_millis(bench.now)) / 1_000;
        pauses.push(secs);
        bench.wait_secs(secs);
        bench.must(retry(1, attempt));
    }
    assert_eq!(pauses, [5, 15, 30, 60, 60, 30]);
    assert_eq!(bench.payment(1).state, PaymentState::Failed);
    assert_eq!(bench.owns(OTHER), 50_000);
    let aside = bench.balance(Account::Wallet(OTHER)).debits_pending;
    assert_eq!(Msat::new(aside), Some(Msat::ZERO));
}
