//! Hold invoices, payments between wallets of this till, and offers.

use super::bench::*;
use crate::id::{NodePaymentId, PaymentHash, PaymentId};
use crate::invoice::{Held, State as InvoiceState};
use crate::ledger::{
    Account, Alarm, Command, EventBody, HoldCommand, InvoiceDraft, Origin, PaymentOrder, Refusal,
    Which,
};

use crate::node::SendTarget;
use crate::payment::{FailureReason, State as PaymentState};

/// A hold invoice of the other wallet's; `told` if the till knows what opens it.
fn hold(bench: &mut Bench, n: u8, amount: u64, told: bool) {
    let Command::DraftInvoice(wanted) = draft(n, OTHER, Some(amount)) else {
        unreachable!("a draft")
    };
    bench.must(Command::DraftInvoice(Box::new(InvoiceDraft {
        hold: true,
        preimage: told.then(|| preimage(n)),
        ..*wanted
    })));
    bench.must(Command::IssueInvoice {
        hash: hash(n),
        bolt11: format!("ln{n}"),
        lsp_fee: None,
        idempotency: None,
    });
}

fn settle(n: u8, height: u32) -> Command {
    Command::Hold(HoldCommand::Settle {
        hash: hash(n),
        preimage: Some(preimage(n)),
        height,
    })
}

fn cancel(n: u8) -> Command {
    Command::Hold(HoldCommand::Cancel { hash: hash(n) })
}

fn pay_offer(n: u8) -> Command {
    let target = SendTarget::Offer {
        text: "lno1".into(),
        payer_note: None,
    };
    let order = order(n, HOUSE, 10_000, 500);
    Command::ReservePayment(Box::new(PaymentOrder { target, ..order }))
}

fn rich() -> Bench {
    let mut bench = Bench::new();
    bench.earn(100, HOUSE, 100_000);
    bench
}

#[test]
fn what_is_held_is_credited_only_when_it_was_claimed() {
    let mut bench = Bench::new();
    hold(&mut bench, 1, 5_000, false);
    bench.must(intend(1, 5_000));
    assert_eq!(bench.invoice(1).state, InvoiceState::Held);
    assert!(!bench.must(intend(1, 5_000)), "told twice");
    assert_eq!(bench.owns(OTHER), 0);
    bench.wait_secs(10_000);
    assert!(
        bench.run(Command::ExpireInvoice { hash: hash(1) }).is_err(),
        "never while held"
    );
    assert!(bench.must(settle(1, 7)));
    assert!(!bench.must(settle(1, 7)));
    assert_eq!(
        bench.run(cancel(1)),
        Err(Refusal::WrongState),
        "settling won"
    );
    assert_eq!(
        (bench.invoice(1).state, bench.owns(OTHER)),
        (InvoiceState::Claiming, 0)
    );
    bench.must(receipt(1, 5_000));
    assert_eq!(
        (bench.invoice(1).state, bench.owns(OTHER)),
        (InvoiceState::Paid, 5_000)
    );
}

#[test]
fn of_settle_cancel_and_deadline_the_first_wins() {
    let mut bench = Bench::new();
    for n in [1, 2, 3] {
        hold(&mut bench, n, 5_000, true);
        bench.must(intend(n, 5_000));
    }
    // The HTLC's deadline is block 9: at 8 it is too late to be safe.
    assert_eq!(bench.run(settle(1, 8)), Err(Refusal::DeadlinePassed));
    bench.must(cancel(1));
    assert_eq!(bench.run(settle(1, 7)), Err(Refusal::InvoiceCancelled));
    assert!(
        matches!(bench.invoice(1).held, Some(Held::Htlc(_))),
        "not given back yet"
    );
    bench.must(Command::Hold(HoldCommand::Release { hash: hash(1) }));
    assert_eq!(bench.invoice(1).held, None);
    let wrong = Command::Hold(HoldCommand::Settle {
        hash: hash(2),
        preimage: Some(preimage(3)),
        height: 1,
    });
    assert_eq!(bench.run(wrong), Err(Refusal::WrongPreimage));
    bench.must(settle(2, 7));
    assert_eq!(
        bench.run(intend(1, 5_000)),
        Err(Refusal::WrongState),
        "cancelled for good"
    );
    assert_eq!(bench.owns(OTHER), 0);
}

#[test]
fn one_wallet_pays_another_at_once_and_for_nothing() {
    let mut bench = rich();
    bench.ask(1, OTHER, Some(5_000));
    bench.must(reserve(1, HOUSE, 5_000, 700));
    assert_eq!((bench.owns(HOUSE), bench.owns(OTHER)), (95_000, 5_000));
    assert_eq!(
        bench.balance(Account::Lightning).debit_msat(),
        100_000,
        "nothing left the till"
    );
    let (payment, invoice) = (bench.payment(1), bench.invoice(1));
    assert_eq!(
        (payment.state, invoice.state),
        (PaymentState::Succeeded, InvoiceState::Paid)
    );
    assert!(
        payment.internal && payment.target().is_none(),
        "the node never hears of it"
    );
    assert_eq!(
        bench.run(reserve(1, HOUSE, 5_000, 0)),
        Err(Refusal::AlreadyPaid(payment.id))
    );
    assert_eq!(
        bench.run(intend(1, 5_000)),
        Err(Refusal::WrongState),
        "an HTLC comes too late"
    );
    bench.ask(2, OTHER, Some(5_000));
    bench.must(intend(2, 5_000));
    assert_eq!(
        bench.run(reserve(2, HOUSE, 5_000, 0)),
        Err(Refusal::TakenInvoice)
    );
    bench.ask(3, HOUSE, Some(9_000));
    let poor = bench.run(reserve(3, OTHER, 9_000, 0));
    assert!(matches!(poor, Err(Refusal::InsufficientFunds { .. })));
    assert_eq!(
        bench.run(reserve(3, HOUSE, 9_000, 0)),
        Err(Refusal::SelfPayment)
    );
}

#[test]
fn a_wallet_that_may_pay_itself_has_both_rows_and_its_money() {
    let mut bench = rich();
    bench.ask(1, HOUSE, Some(9_000));
    let order = PaymentOrder {
        origin: Origin::Lnbits,
        ..order(1, HOUSE, 9_000, 0)
    };
    let before = bench.owns(HOUSE);
    bench.must(Command::ReservePayment(Box::new(order)));
    assert_eq!(bench.payment(1).state, PaymentState::Succeeded);
    assert_eq!(bench.invoice(1).state, InvoiceState::Paid);
    assert_eq!(bench.owns(HOUSE), before);
}

#[test]
fn an_invoice_that_was_paid_from_inside_and_claimed_outside_brings_both() {
    let mut bench = rich();
    bench.ask(1, OTHER, Some(5_000));
    bench.must(intend(1, 5_000));
    bench.must(Command::LapseClaim { hash: hash(1) });
    bench.must(reserve(1, HOUSE, 5_000, 0));
    assert!(bench.must(receipt(1, 5_000)), "the claim worked after all");
    assert!(!bench.must(receipt(1, 5_000)));
    assert_eq!(bench.owns(OTHER), 10_000);
    assert!(matches!(bench.alarms()[..], [Alarm::PaidTwice { .. }]));
}

#[test]
fn money_held_between_wallets_goes_one_way_or_back() {
    for settled in [true, false] {
        let mut bench = rich();
        hold(&mut bench, 1, 5_000, true);
        bench.must(reserve(1, HOUSE, 5_000, 700));
        let house = bench.balance(Account::HOUSE);
        assert_eq!(
            (house.debits_pending, house.credit_msat()),
            (5_000, 100_000)
        );
        assert_eq!(bench.run(intend(1, 5_000)), Err(Refusal::WrongState));
        bench.must(void(1, None));
        assert_eq!(
            bench.payment(1).state,
            PaymentState::Pending,
            "no word of the node's"
        );
        bench.must(if settled {
            settle(1, 1_000_000)
        } else {
            cancel(1)
        });
        let owned = (bench.owns(HOUSE), bench.owns(OTHER));
        assert_eq!(
            owned,
            if settled {
                (95_000, 5_000)
            } else {
                (100_000, 0)
            }
        );
        assert_eq!(bench.balance(Account::HOUSE).debits_pending, 0);
        assert_eq!(bench.invoice(1).held, None);
    }
}

#[test]
fn a_payment_to_an_offer_is_found_by_what_the_node_calls_it_or_by_elimination() {
    let mut bench = rich();
    let (node_id, paid) = (
        NodePaymentId::from_bytes([77; 32]),
        PaymentHash::from_bytes([78; 32]),
    );
    let which = Which::Node {
        id: node_id,
        hash: Some(paid),
    };
    let post = Command::PostPayment {
        which,
        hash: paid,
        preimage: None,
        fee: msat(30),
        node_amount: None,
    };
    let id = PaymentId::from_bytes([1; 16]);
    bench.must(pay_offer(1));
    assert_eq!(
        bench.run(pay_offer(2)),
        Err(Refusal::OfferUnlinked(id)),
        "one in the dark"
    );
    // The process dies before it is linked; the node's report is of nothing else.
    bench.must(post.clone());
    assert!(!bench.must(post));
    let row = bench.get::<crate::payment::Payment>(&id);
    assert_eq!(
        (row.state, row.hash, row.node_id),
        (PaymentState::Succeeded, Some(paid), Some(node_id))
    );
    assert_eq!(bench.owns(HOUSE), 100_000 - 10_030);
    bench.must(pay_offer(2));
    let second = NodePaymentId::from_bytes([79; 32]);
    let id = PaymentId::from_bytes([2; 16]);
    assert!(bench.must(Command::LinkOffer {
        id,
        node_id: second
    }));
    bench.must(pay_offer(3));
    bench.must(Command::VoidPayment {
        which: Which::Node {
            id: second,
            hash: None,
        },
        attempt: None,
        reason: FailureReason::RecipientRejected,
    });
    let states = [2, 3].map(|n| {
        bench
            .get::<crate::payment::Payment>(&PaymentId::from_bytes([n; 16]))
            .state
    });
    assert_eq!(states, [PaymentState::Failed, PaymentState::Pending]);
    let told = bench.records.iter().flat_map(|record| &record.events);
    assert!(
        told.clone()
            .any(|event| matches!(event.body, EventBody::PaymentFailed { hash: None, .. }))
    );
    assert!(bench.alarms().is_empty());
}

#[test]
fn a_payment_that_hangs_raises_one_alarm() {
    let mut bench = rich();
    bench.must(reserve(1, HOUSE, 10_000, 500));
    let raise = Command::RaiseOverdue {
        id: PaymentId::from_bytes([1; 16]),
    };
    assert!(bench.must(raise.clone()));
    assert!(!bench.must(raise));
    assert!(matches!(bench.alarms()[..], [Alarm::PaymentOverdue { .. }]));
}
