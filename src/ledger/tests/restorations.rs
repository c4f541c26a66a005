//! A till that came from a backup: nothing leaves before its operator says so, what comes is taken, and
//! payments whose outcome is lost are neither paid nor given back by themselves.

use super::bench::*;
use super::spends::{deposit, spend, tx, version};
use crate::id::{OpeningId, PaymentId};
use crate::ledger::{
    Account, Command, OpeningOrder, Origin, PaymentOrder, Refusal, RestorationCommand, RetryOrder,
    SpendCommand, Which,
};
use crate::money::{Msat, Sat};
use crate::payment::{FailureReason, State as PaymentState};
use crate::restoration::{Restoration, restored};
use crate::time::Timestamp;
use crate::treasury::SpendPurpose;

fn rich() -> Bench {
    let mut bench = Bench::new();
    bench.earn(100, HOUSE, 100_000);
    bench.earn(101, OTHER, 50_000);
    bench.must(deposit(9, 1_000));
    bench
}

/// The books of now are a backup's, and it is a minute later.
fn restore(bench: &mut Bench) {
    let known_until = bench.state.progress().at;
    bench.wait_secs(60);
    let record = restored(known_until, Timestamp::from_millis(bench.now));
    bench
        .state
        .evolve(&record)
        .expect("it applies to any books");
    bench.records.push(record);
}

fn acknowledge(bench: &mut Bench) -> bool {
    bench.must(RestorationCommand::Acknowledge)
}

fn resolve(n: u8, paid: bool) -> Command {
    let id = PaymentId::from_bytes([n; 16]);
    RestorationCommand::Resolve { id, paid }.into()
}

fn bump(n: u8) -> Command {
    let version = version(n + 1, 100, 20);
    let id = PaymentId::from_bytes([n; 16]);
    let idempotency = None;
    SpendCommand::Replace {
        id,
        version,
        idempotency,
    }
    .into()
}

fn open() -> Command {
    Command::IntendOpening(Box::new(OpeningOrder {
        id: OpeningId::from_bytes([1; 16]),
        counterparty: "02ab".into(),
        address: "127.0.0.1:9735".into(),
        announce: false,
        capacity: Sat::new(100_000).expect("small"),
        push: Msat::ZERO,
        idempotency: None,
    }))
}

#[test]
fn nothing_leaves_a_wallet_or_the_node_until_it_is_acknowledged() {
    let mut bench = rich();
    bench.must(spend(20, version(20, 100, 10), SpendPurpose::Payment));
    bench.ask(30, HOUSE, Some(1_000));
    restore(&mut bench);
    let of_own_invoice = || {
        let order = order(30, OTHER, 1_000, 0);
        Command::ReservePayment(Box::new(order))
    };
    let wishes = || {
        [
            reserve(1, HOUSE, 1_000, 100),
            reserve(2, OTHER, 1_000, 100),
            of_own_invoice(),
            transfer(3, OTHER, HOUSE, 1_000),
            spend(21, version(21, 100, 10), SpendPurpose::Payment),
            bump(20),
            open(),
        ]
    };
    for wish in wishes() {
        let said = format!("{wish:?}");
        assert_eq!(bench.run(wish), Err(Refusal::PaymentsHeld), "{said}");
    }
    assert!(acknowledge(&mut bench));
    assert!(!acknowledge(&mut bench), "once is enough");
    for wish in wishes() {
        let said = format!("{wish:?}");
        assert!(bench.must(wish), "{said}");
    }
}

#[test]
fn what_comes_in_is_taken_meanwhile() {
    let mut bench = rich();
    bench.ask(50, HOUSE, Some(1_000));
    restore(&mut bench);
    bench.must(intend(50, 1_000));
    bench.must(receipt(50, 1_000));
    bench.earn(51, OTHER, 2_000);
    bench.must(deposit(10, 5));
    assert_eq!(bench.owns(HOUSE), 100_000 + 1_000_000 + 1_000 + 5_000);
    assert_eq!(bench.owns(OTHER), 52_000);
    let row = bench.get::<Restoration>(&());
    assert!(row.holds_payments() && row.known_until < row.restored_at);
}

#[test]
fn what_is_on_the_chain_is_booked_meanwhile() {
    let mut bench = rich();
    bench.must(spend(20, version(20, 100, 10), SpendPurpose::Payment));
    restore(&mut bench);
    let mined = crate::treasury::MinedIn {
        tx_id: tx(20),
        height: 8,
    };
    let id = PaymentId::from_bytes([20; 16]);
    bench.must(SpendCommand::Mine { id, mined });
    let payment = bench.get::<crate::payment::Payment>(&id);
    assert_eq!(payment.state, PaymentState::Succeeded);
}

#[test]
fn a_payment_whose_outcome_is_lost_stays_as_it_is_until_the_operator_says() {
    let mut bench = rich();
    for n in [1, 2] {
        bench.must(reserve(n, OTHER, 10_000, 500));
    }
    restore(&mut bench);
    acknowledge(&mut bench);
    let never_sent = |n: u8| Command::VoidPayment {
        which: Which::Ours(PaymentId::from_bytes([n; 16])),
        attempt: Some(1),
        reason: FailureReason::NeverSent,
    };
    assert!(
        !bench.must(never_sent(1)),
        "a new node's silence proves nothing"
    );
    assert!(!bench.must(void(2, None)));
    assert_eq!(bench.balance(Account::Wallet(OTHER)).debits_pending, 21_000);
    let again = bench.run(reserve(1, OTHER, 10_000, 500));
    assert!(matches!(again, Err(Refusal::InFlight(_))), "{again:?}");

    bench.must(resolve(1, true));
    bench.must(resolve(2, false));
    assert_eq!(bench.payment(1).state, PaymentState::Succeeded);
    assert_eq!(bench.payment(2).state, PaymentState::Failed);
    assert_eq!(bench.owns(OTHER), 40_000);
    assert_eq!(bench.balance(Account::Wallet(OTHER)).debits_pending, 0);
    for n in [1, 2] {
        assert_eq!(bench.run(resolve(n, false)), Err(Refusal::WrongState));
    }
}

#[test]
fn an_attempt_that_was_to_follow_does_not_and_its_money_stays_aside() {
    let mut bench = rich();
    bench.must(Command::ReservePayment(Box::new(PaymentOrder {
        origin: Origin::Lnbot,
        retry_secs: 30,
        ..order(1, OTHER, 10_000, 500)
    })));
    bench.must(void(1, None));
    assert_eq!(bench.payment(1).state, PaymentState::Waiting);
    restore(&mut bench);
    acknowledge(&mut bench);
    let retry = Command::RetryPayment(RetryOrder {
        id: PaymentId::from_bytes([1; 16]),
        attempt: 1,
        cleared: true,
    });
    assert!(
        !bench.must(retry),
        "neither sent again nor given up, though its time is over"
    );
    assert_eq!(bench.payment(1).state, PaymentState::Waiting);
    assert_eq!(bench.balance(Account::Wallet(OTHER)).debits_pending, 10_500);
    bench.must(resolve(1, false));
    assert_eq!(bench.balance(Account::Wallet(OTHER)).debits_pending, 0);
}

#[test]
fn payments_of_after_are_the_node_s_to_tell_of() {
    let mut bench = rich();
    restore(&mut bench);
    acknowledge(&mut bench);
    bench.wait_secs(1);
    bench.must(reserve(1, OTHER, 10_000, 500));
    assert_eq!(bench.run(resolve(1, true)), Err(Refusal::WrongState));
    assert!(bench.must(void(1, None)));
}

#[test]
fn a_till_that_never_came_from_a_backup_has_nothing_to_acknowledge() {
    let mut bench = rich();
    assert!(!acknowledge(&mut bench));
    bench.must(reserve(1, OTHER, 10_000, 500));
    assert_eq!(bench.run(resolve(1, false)), Err(Refusal::WrongState));
}

#[test]
fn restored_again_it_holds_again() {
    let mut bench = rich();
    restore(&mut bench);
    acknowledge(&mut bench);
    restore(&mut bench);
    let wish = reserve(1, OTHER, 1_000, 100);
    assert_eq!(bench.run(wish), Err(Refusal::PaymentsHeld));
}
