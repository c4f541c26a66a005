//! A hash that one wallet failed to pay and another one pays: whose rows are whose, and which attempt a
//! report is about.

use super::bench::*;
use crate::id::PaymentId;
use crate::ledger::entity::{OutgoingHash, Superseded};
use crate::ledger::{Account, Command, Fact, Origin, PaymentOrder, Refusal, WalletRef, Which};
use crate::payment::{FailureReason, Payment, State as PaymentState};

fn rich() -> Bench {
    let mut bench = Bench::new();
    bench.earn(100, HOUSE, 100_000);
    bench.earn(101, OTHER, 50_000);
    bench
}

/// An order for the invoice of hash 1 under an id of its own.
fn wanted(id: u8, wallet: WalletRef, cleared: Option<u32>) -> Command {
    Command::ReservePayment(Box::new(PaymentOrder {
        id: PaymentId::from_bytes([id; 16]),
        cleared,
        origin: Origin::Lnbot,
        retry_secs: 60,
        ..order(1, wallet, 10_000, 500)
    }))
}

fn row(bench: &Bench, id: u8) -> Payment {
    bench.get::<Payment>(&PaymentId::from_bytes([id; 16]))
}

fn aside(bench: &Bench, wallet: WalletRef) -> u64 {
    bench.balance(Account::Wallet(wallet)).debits_pending
}

/// Wallet `OTHER` failed to pay, the house tries.
fn taken() -> Bench {
    let mut bench = rich();
    bench.must(reserve(1, OTHER, 10_000, 500));
    bench.must(void(1, Some(1)));
    assert_eq!(
        bench.run(wanted(2, HOUSE, None)),
        Err(Refusal::NotCleared(PaymentId::from_bytes([1; 16]))),
        "nobody has looked whether the first attempt is over"
    );
    assert!(bench.must(wanted(2, HOUSE, Some(1))));
    bench
}

#[test]
fn what_one_wallet_failed_to_pay_another_one_pays() {
    let mut bench = taken();
    let (first, second) = (row(&bench, 1), row(&bench, 2));
    assert_eq!((first.state, first.wallet), (PaymentState::Failed, OTHER));
    assert_eq!(
        (second.state, second.wallet),
        (PaymentState::Pending, HOUSE)
    );
    assert_eq!(second.attempt, 2, "attempts of a hash are counted on");
    assert_eq!(
        second.retry_until, None,
        "how the first one ended nobody knows"
    );
    assert_eq!((aside(&bench, OTHER), aside(&bench, HOUSE)), (0, 10_500));
    let kept = bench.get::<Superseded>(&(hash(1), OTHER));
    assert_eq!(kept.payment, first.id, "the first one finds its own");
    assert_eq!(bench.get::<OutgoingHash>(&hash(1)).payment, second.id);

    assert_eq!(
        bench.run(wanted(3, OTHER, Some(1))),
        Err(Refusal::InFlight(second.id))
    );
    bench.must(post(1, 50));
    assert_eq!(row(&bench, 2).state, PaymentState::Succeeded);
    assert_eq!(row(&bench, 1).state, PaymentState::Failed);
    assert_eq!(bench.owns(OTHER), 50_000, "who failed pays nothing");
    assert_eq!(bench.owns(HOUSE), 100_000 - 10_050);
    assert_eq!(
        bench.run(wanted(3, OTHER, Some(2))),
        Err(Refusal::AlreadyPaid(second.id))
    );
    assert_eq!(bench.alarms(), []);
}

#[test]
fn a_report_of_the_first_wallets_attempt_does_not_fail_the_seconds() {
    let mut bench = taken();
    assert!(!bench.must(void(1, Some(1))));
    assert_eq!(row(&bench, 2).state, PaymentState::Pending);
    assert_eq!(aside(&bench, HOUSE), 10_500);
    assert!(bench.must(void(1, Some(2))));
    assert_eq!(row(&bench, 2).state, PaymentState::Failed);
    assert_eq!(aside(&bench, HOUSE), 0);
}

#[test]
fn a_report_that_may_still_come_stays_expected() {
    let mut bench = rich();
    bench.must(reserve(1, OTHER, 10_000, 500));
    bench.must(Command::VoidPayment {
        which: Which::to_invoice(hash(1)),
        attempt: Some(1),
        reason: FailureReason::NeverSent,
    });
    bench.must(wanted(2, HOUSE, Some(1)));
    assert!(row(&bench, 2).unreported);
}

#[test]
fn who_tries_again_after_another_has_one_row() {
    let mut bench = taken();
    bench.must(void(1, Some(2)));
    assert_eq!(
        bench.run(wanted(3, OTHER, Some(1))),
        Err(Refusal::NotCleared(PaymentId::from_bytes([2; 16])))
    );
    assert!(bench.must(wanted(3, OTHER, Some(2))));
    let again = row(&bench, 1);
    assert_eq!((again.state, again.attempt), (PaymentState::Pending, 3));
    assert_eq!(bench.get::<OutgoingHash>(&hash(1)).payment, again.id);
    let kept = bench.get::<Superseded>(&(hash(1), HOUSE));
    assert_eq!(kept.payment, PaymentId::from_bytes([2; 16]));
    let counters = bench.state.counters(OTHER).expect("readable");
    assert_eq!(counters.payments, 1);
    bench.must(post(1, 0));
    assert_eq!(bench.owns(OTHER), 40_000);
    assert_eq!(bench.owns(HOUSE), 100_000);
}

#[test]
fn an_attempt_of_ones_own_is_recorded_as_before() {
    let mut bench = rich();
    bench.must(reserve(1, OTHER, 10_000, 500));
    bench.must(void(1, Some(1)));
    bench.must(wanted(2, OTHER, Some(1)));
    let last = bench.records.last().expect("a record");
    let taken = |fact: &&Fact| matches!(fact, Fact::HashTaken { .. });
    assert_eq!(last.facts.iter().filter(taken).count(), 0);
    assert_eq!(row(&bench, 1).attempt, 2);
}
