//! What a wallet's statement shows: one line for a purpose, fees included, in shown satoshis.

use super::bench::*;
use crate::ledger::{Command, Decision, PaymentOrder};
use crate::money::{Msat, Sat};
use crate::transaction::{About, Side};

fn sat(amount: u64) -> Sat {
    Sat::new(amount).expect("a small amount")
}

#[test]
fn a_payment_and_its_fee_are_one_debit() {
    let mut bench = Bench::new();
    bench.earn(1, OTHER, 10_400);
    bench.must(reserve(9, OTHER, 2_000, 900));
    assert_eq!(bench.statement(OTHER).len(), 1, "nothing is posted yet");
    bench.must(post(9, 500));
    let lines = bench.statement(OTHER);
    let [earned, paid] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert_eq!((earned.number, earned.side), (1, Side::Credit));
    assert_eq!((earned.amount, earned.balance_after), (sat(10), sat(10)));
    assert_eq!(earned.about, About::Invoice(hash(1)));
    assert_eq!(bench.invoice(1).tx_number, Some(1));
    assert_eq!((paid.number, paid.side), (2, Side::Debit));
    // 10,400 less 2,500 msat: 7,900, shown as 7.
    assert_eq!((paid.amount, paid.balance_after), (sat(3), sat(7)));
    assert_eq!(
        (paid.network_fee, paid.service_fee),
        (msat(500), Msat::ZERO)
    );
    assert_eq!(bench.payment(9).tx_number, Some(2));
}

#[test]
fn what_an_lsp_kept_is_taken_off_the_credit() {
    let mut bench = Bench::new();
    bench.ask(1, OTHER, Some(50_000));
    bench.must(Command::IntendClaim {
        hash: hash(1),
        amount: msat(48_000),
        lsp_fee: msat(2_000),
        deadline_height: None,
    });
    bench.must(Command::BookReceipt {
        hash: hash(1),
        amount: msat(48_000),
        lsp_fee: msat(2_000),
        offer: None,
    });
    let lines = bench.statement(OTHER);
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].side, lines[0].amount), (Side::Credit, sat(48)));
}

#[test]
fn a_wallet_that_pays_itself_has_a_line_for_either_side() {
    let mut bench = Bench::new();
    bench.earn(1, OTHER, 10_000);
    bench.ask(2, OTHER, Some(4_000));
    let own = PaymentOrder {
        origin: crate::ledger::Origin::Lnbits,
        ..order(2, OTHER, 4_000, 50)
    };
    let paid = bench.run(Command::ReservePayment(Box::new(own)));
    assert!(matches!(paid, Ok(Decision::Commit(_))));
    let lines = bench.statement(OTHER);
    let shown: Vec<_> = lines.iter().map(|l| (l.side, l.balance_after)).collect();
    let expected = [
        (Side::Credit, sat(10)),
        (Side::Debit, sat(6)),
        (Side::Credit, sat(10)),
    ];
    assert_eq!(shown, expected);
    assert_eq!(bench.payment(2).tx_number, Some(2));
    assert_eq!(bench.invoice(2).tx_number, Some(3));
}

#[test]
fn money_that_comes_twice_is_two_lines() {
    let mut bench = Bench::new();
    bench.earn(1, HOUSE, 100_000);
    bench.ask(2, OTHER, Some(4_000));
    bench.must(intend(2, 4_000));
    bench.must(Command::LapseClaim { hash: hash(2) });
    bench.must(reserve(2, HOUSE, 4_000, 0));
    bench.must(receipt(2, 4_000));
    let lines = bench.statement(OTHER);
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|l| l.about == About::Invoice(hash(2))));
    assert_eq!(bench.invoice(2).tx_number, Some(1), "the first keeps it");
}
