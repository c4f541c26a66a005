//! What a wallet's statement shows: one line for a purpose, fees included, in shown satoshis.

use super::bench::*;
use crate::id::RequestHash;
use crate::invoice::State as InvoiceState;
use crate::ledger::{
    Account, Command, Decision, EventBody, IdempotencyKey, Origin, PaymentOrder, Refusal,
    TransferOrder,
};
use crate::money::{Msat, Sat};
use crate::payment::State as PaymentState;
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
        origin: Origin::Lnbits,
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

fn with_service_fee(n: u8, amount: u64, fee_cap: u64, service_fee: u64) -> Command {
    let service_fee = msat(service_fee);
    Command::ReservePayment(Box::new(PaymentOrder {
        service_fee,
        ..order(n, OTHER, amount, fee_cap)
    }))
}

#[test]
fn what_the_house_takes_is_set_aside_posted_with_success_and_free_with_failure() {
    let mut bench = Bench::new();
    bench.earn(1, OTHER, 100_000);
    let too_much = bench.run(with_service_fee(8, 90_000, 9_000, 1_001));
    assert!(matches!(
        too_much,
        Err(Refusal::InsufficientFunds { needed, available })
            if (needed, available) == (msat(100_001), msat(100_000))
    ));
    bench.must(with_service_fee(8, 90_000, 9_000, 1_000));
    let account = bench.balance(Account::Wallet(OTHER));
    assert_eq!(
        (account.debits_pending, account.available_msat()),
        (100_000, 0)
    );
    bench.must(void(8, None));
    assert_eq!(
        bench.balance(Account::Wallet(OTHER)).available_msat(),
        100_000
    );
    assert_eq!(bench.owns(HOUSE), 0);

    bench.must(with_service_fee(9, 50_000, 5_000, 2_000));
    bench.must(post(9, 3_000));
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (45_000, 2_000));
    assert_eq!(bench.balance(Account::Lightning).debit_msat(), 47_000);
    let lines = bench.statement(OTHER);
    let paid = lines.last().expect("two lines");
    assert_eq!((paid.side, paid.amount), (Side::Debit, sat(55)));
    assert_eq!(
        (paid.network_fee, paid.service_fee),
        (msat(3_000), msat(2_000))
    );
    assert!(bench.alarms().is_empty());
}

#[test]
fn a_payment_over_its_cap_costs_the_house_its_fee_first() {
    let mut bench = Bench::new();
    bench.earn(1, OTHER, 53_000);
    bench.must(with_service_fee(9, 50_000, 1_000, 2_000));
    bench.must(post(9, 2_500));
    // 52,500 for recipient and network; of the house's 2,000 there are 500 left.
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (0, 500));
    assert_eq!(bench.alarms().len(), 1);
}

#[test]
fn a_transfer_is_one_record_with_both_rows_final() {
    let mut bench = Bench::new();
    bench.earn(1, HOUSE, 10_000);
    assert!(bench.must(transfer(40, HOUSE, OTHER, 7_000)));
    assert_eq!((bench.owns(HOUSE), bench.owns(OTHER)), (3_000, 7_000));
    assert_eq!(bench.balance(Account::Lightning).debit_msat(), 10_000);
    let (sent, got) = (bench.payment(40), bench.invoice(40));
    assert_eq!((sent.state, sent.internal), (PaymentState::Succeeded, true));
    assert_eq!(sent.target.as_deref(), Some("bob@till"));
    assert_eq!(
        (got.state, got.number, got.tx_number),
        (InvoiceState::Paid, 1, Some(1))
    );
    assert_eq!(got.receipt.expect("paid").payer, Some(sent.id));
    assert_eq!(bench.statement(OTHER).len(), 1);
    let told = bench.records.last().map(|record| record.events.clone());
    assert!(matches!(
        told.unwrap_or_default().as_slice(),
        [sent, got] if matches!(sent.body, EventBody::PaymentSent { .. })
            && matches!(got.body, EventBody::PaymentReceived { .. })
            && got.wallet == OTHER
    ));
}

#[test]
fn a_transfer_has_limits() {
    let mut bench = Bench::new();
    bench.earn(1, OTHER, 10_000);
    let refused = |bench: &mut Bench, command| bench.run(command).expect_err("refused");
    let itself = refused(&mut bench, transfer(40, OTHER, OTHER, 1_000));
    assert_eq!(itself, Refusal::SelfPayment);
    let too_much = refused(&mut bench, transfer(40, OTHER, HOUSE, 10_001));
    assert!(matches!(too_much, Refusal::InsufficientFunds { .. }));
    assert_eq!(
        refused(&mut bench, transfer(1, OTHER, HOUSE, 1)),
        Refusal::HashInUse
    );

    let key = IdempotencyKey {
        origin: Origin::Lnbot,
        wallet: OTHER,
        operation: "pay".into(),
        key: "k".into(),
    };
    let keyed = |n: u8, request: u8| {
        let Command::Transfer(order) = transfer(n, OTHER, HOUSE, 1_000) else {
            panic!("it is one");
        };
        let idempotency = Some((key.clone(), RequestHash::from_bytes([request; 32])));
        Command::Transfer(Box::new(TransferOrder {
            idempotency,
            ..*order
        }))
    };
    assert!(bench.must(keyed(41, 1)));
    assert!(matches!(bench.run(keyed(42, 1)), Ok(Decision::Repeat(_))));
    assert_eq!(bench.owns(OTHER), 9_000);
    assert_eq!(
        refused(&mut bench, keyed(43, 2)),
        Refusal::IdempotencyConflict
    );
}
