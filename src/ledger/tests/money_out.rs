//! Money that goes out: reservations, outcomes, retries, and what the house bears.

use super::bench::*;
use crate::id::{PaymentId, RequestHash};
use crate::ledger::{
    Account, Alarm, Command, Decision, IdempotencyKey, Origin, Reference, Refusal,
};
use crate::payment::{Outcome, State as PaymentState};

fn rich() -> Bench {
    let mut bench = Bench::new();
    bench.earn(100, HOUSE, 100_000);
    bench.earn(101, OTHER, 50_000);
    bench
}

#[test]
fn a_payment_sets_aside_its_cap_and_costs_what_it_cost() {
    let mut bench = rich();
    bench.must(reserve(1, HOUSE, 10_000, 500));
    let house = bench.balance(Account::HOUSE);
    assert_eq!(
        (house.debits_pending, house.available_msat()),
        (10_500, 89_500)
    );
    bench.must(post(1, 123));
    assert!(!bench.must(post(1, 123)), "reported twice, booked once");
    assert!(!bench.must(void(1, None)), "a late failure changes nothing");
    let house = bench.balance(Account::HOUSE);
    assert_eq!(
        (house.debits_pending, house.credit_msat()),
        (0, 100_000 - 10_123)
    );
}

#[test]
fn a_failure_gives_everything_back() {
    let mut bench = rich();
    bench.must(reserve(1, HOUSE, 10_000, 500));
    bench.must(void(1, Some(1)));
    assert!(!bench.must(void(1, Some(1))));
    let house = bench.balance(Account::HOUSE);
    assert_eq!((house.debits_pending, house.credit_msat()), (0, 100_000));
    assert_eq!(bench.payment(1).state, PaymentState::Failed);
}

#[test]
fn one_hash_is_paid_once() {
    let mut bench = rich();
    let id = PaymentId::from_bytes([1; 16]);
    bench.must(reserve(1, HOUSE, 10, 0));
    assert_eq!(
        bench.run(reserve(1, HOUSE, 10, 0)),
        Err(Refusal::InFlight(id))
    );
    assert_eq!(
        bench.run(reserve(1, OTHER, 10, 0)),
        Err(Refusal::InFlight(id))
    );
    bench.must(post(1, 0));
    assert_eq!(
        bench.run(reserve(1, HOUSE, 10, 0)),
        Err(Refusal::AlreadyPaid(id))
    );
    bench.ask(2, HOUSE, Some(10));
    assert_eq!(
        bench.run(reserve(2, HOUSE, 10, 0)),
        Err(Refusal::SelfPayment)
    );
}

#[test]
fn a_retry_is_another_attempt_that_old_reports_do_not_touch() {
    let mut bench = rich();
    bench.must(reserve(1, HOUSE, 10_000, 500));
    bench.must(void(1, Some(1)));
    let mut again = order(1, HOUSE, 10_000, 700);
    again.id = PaymentId::from_bytes([200; 16]);
    assert_eq!(
        bench.run(Command::ReservePayment(Box::new(again.clone()))),
        Err(Refusal::NotCleared(PaymentId::from_bytes([1; 16]))),
        "nobody has looked whether the first attempt is over"
    );
    again.cleared = Some(1);
    bench.must(Command::ReservePayment(Box::new(again)));
    let payment = bench.payment(1);
    assert_eq!(
        (payment.id, payment.attempt),
        (PaymentId::from_bytes([1; 16]), 2)
    );
    assert_eq!(bench.balance(Account::HOUSE).debits_pending, 10_700);
    assert!(
        !bench.must(void(1, Some(1))),
        "the first attempt's failure comes late"
    );
    assert_eq!(bench.payment(1).state, PaymentState::Pending);
    bench.must(post(1, 600));
    assert_eq!(bench.owns(HOUSE), 100_000 - 10_600);
}

#[test]
fn nobody_spends_what_is_not_theirs() {
    let mut bench = rich();
    let refused = |bench: &mut Bench, command| match bench.run(command) {
        Err(Refusal::InsufficientFunds { needed, available }) => (needed.get(), available.get()),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(&mut bench, reserve(1, HOUSE, 100_000, 1)),
        (100_001, 100_000)
    );
    assert_eq!(
        refused(&mut bench, reserve(1, OTHER, 50_001, 0)),
        (50_001, 50_000)
    );
    bench.must(reserve(2, OTHER, 40_000, 0));
    assert_eq!(
        refused(&mut bench, reserve(3, OTHER, 10_001, 0)),
        (10_001, 10_000)
    );
    // Of what the channels can carry, the house may spend what is left after everybody else's.
    let mut short = order(4, HOUSE, 20_000, 0);
    short.spendable = msat(60_000);
    let short = Command::ReservePayment(Box::new(short));
    assert_eq!(refused(&mut bench, short), (20_000, 10_000));
}

#[test]
fn a_success_after_a_void_is_booked_with_an_alarm() {
    let mut bench = rich();
    bench.must(reserve(1, OTHER, 50_000, 0));
    bench.must(void(1, None));
    bench.must(reserve(2, OTHER, 30_000, 0));
    bench.must(post(2, 0));
    bench.must(post(1, 0));
    // The wallet bears what it has, the house the rest; nobody else goes below zero.
    assert_eq!(bench.owns(OTHER), 0);
    assert_eq!(bench.owns(HOUSE), 100_000 - 30_000);
    assert!(matches!(bench.payment(1).outcome, Some(Outcome::Sent(_))));
    assert!(matches!(
        bench.alarms()[..],
        [Alarm::PostedAfterVoid { .. }]
    ));
}

#[test]
fn the_house_bears_what_exceeds_a_wallet_s_cap() {
    let mut bench = rich();
    bench.must(reserve(1, OTHER, 49_000, 1_000));
    bench.must(post(1, 1_500));
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (0, 99_500));
    assert!(matches!(bench.alarms()[..], [Alarm::OverFeeCap { .. }]));
}

#[test]
fn a_payment_that_nobody_ordered_is_the_house_s_with_an_alarm() {
    let mut bench = rich();
    assert!(bench.must(post(9, 3)));
    assert!(!bench.must(post(9, 3)));
    assert!(!bench.must(void(9, None)));
    assert_eq!(bench.owns(HOUSE), 100_000 - 80);
    assert!(matches!(bench.alarms()[..], [Alarm::UnknownPayment { .. }]));
}

#[test]
fn an_idempotency_key_names_one_payment_for_good() {
    let mut bench = rich();
    let keyed = |n: u8, request: &[u8]| {
        let key = IdempotencyKey {
            origin: Origin::Pos,
            wallet: HOUSE,
            operation: "payinvoice".into(),
            key: "order 1".into(),
        };
        let mut order = order(n, HOUSE, 100, 0);
        order.idempotency = Some((key, RequestHash::of(request)));
        Command::ReservePayment(Box::new(order))
    };
    bench.must(keyed(1, b"a"));
    let same = Ok(Decision::Repeat(Reference::Payment(PaymentId::from_bytes(
        [1; 16],
    ))));
    assert_eq!(bench.run(keyed(2, b"a")), same);
    bench.must(post(1, 0));
    assert_eq!(bench.run(keyed(1, b"a")), same, "also when it is over");
    assert_eq!(bench.run(keyed(1, b"b")), Err(Refusal::IdempotencyConflict));
    assert_eq!(bench.owns(HOUSE), 99_900);
}
