//! Money that comes in: claims, receipts, and what nobody asked for.

use super::bench::*;
use crate::id::RequestHash;
use crate::invoice::State as InvoiceState;
use crate::ledger::entity::Progress;
use crate::ledger::{
    Account, Alarm, Command, Decision, Event, EventBody, IdempotencyKey, MetaOf, Origin, Reference,
    Refusal,
};
use crate::meta::{ExtraChange, MetaChange};
use crate::money::Msat;

#[test]
fn a_sale_is_credited_once_however_often_it_is_reported() {
    let mut bench = Bench::new();
    bench.ask(1, HOUSE, Some(5_000));
    assert!(bench.must(intend(1, 5_000)));
    assert!(!bench.must(intend(1, 5_000)), "a claim may be repeated");
    assert_eq!(bench.owns(HOUSE), 0, "a claim is no money yet");
    assert!(bench.must(receipt(1, 5_000)));
    assert!(!bench.must(receipt(1, 5_000)));
    assert_eq!(bench.owns(HOUSE), 5_000);
    assert_eq!(bench.balance(Account::Lightning).debit_msat(), 5_000);
    assert_eq!(bench.invoice(1).state, InvoiceState::Paid);
    assert_eq!(
        bench.run(intend(1, 5_000)),
        Err(Refusal::WrongState),
        "paid is paid"
    );
}

#[test]
fn an_htlc_is_claimed_only_if_it_pays() {
    let mut bench = Bench::new();
    bench.ask(1, HOUSE, Some(5_000));
    assert_eq!(bench.run(intend(1, 4_999)), Err(Refusal::Underpaid));
    assert_eq!(bench.run(intend(2, 5_000)), Err(Refusal::UnknownInvoice));
    assert!(bench.must(intend(1, 6_000)), "more than asked for is taken");
    bench.must(receipt(1, 6_000));
    assert_eq!(
        bench.owns(HOUSE),
        6_000,
        "the event's amount counts, not the invoice's"
    );
    bench.ask(3, HOUSE, None);
    assert_eq!(bench.run(intend(3, 0)), Err(Refusal::Underpaid));
    assert!(bench.must(intend(3, 1)));
}

#[test]
fn expiry_leaves_a_minute_for_what_is_on_its_way() {
    let mut bench = Bench::new();
    bench.ask(1, HOUSE, Some(10));
    bench.ask(2, HOUSE, Some(10));
    let expire = |n| Command::ExpireInvoice { hash: hash(n) };
    bench.wait_secs(99);
    assert_eq!(bench.run(expire(1)), Err(Refusal::WrongState), "not yet");
    bench.wait_secs(1);
    bench.must(expire(1));
    bench.must(expire(2));
    bench.wait_secs(60);
    bench.must(intend(1, 10));
    assert_eq!(
        bench.run(expire(1)),
        Err(Refusal::WrongState),
        "a claim does not expire"
    );
    bench.wait_secs(1);
    assert_eq!(bench.run(intend(2, 10)), Err(Refusal::InvoiceExpired));
}

#[test]
fn the_liquidity_provider_is_paid_by_the_receiver() {
    let mut bench = Bench::new();
    bench.ask(1, OTHER, Some(10_000));
    let (hash, amount, lsp_fee) = (hash(1), msat(9_000), msat(1_000));
    bench.must(Command::IntendClaim {
        hash,
        amount,
        lsp_fee,
        deadline_height: None,
    });
    bench.must(Command::BookReceipt {
        hash,
        amount,
        lsp_fee,
        offer: None,
    });
    assert_eq!(bench.owns(OTHER), 9_000);
    assert_eq!(bench.balance(Account::Lightning).debit_msat(), 9_000);
    let fees = bench.balance(Account::FeesLsp);
    assert_eq!((fees.debits_posted, fees.credits_posted), (1_000, 1_000));
    assert_eq!(bench.invoice(1).receipt.expect("paid").amount, msat(10_000));
}

#[test]
fn money_that_nobody_asked_for_is_the_house_s_with_an_alarm() {
    let mut bench = Bench::new();
    bench.ask(1, OTHER, Some(10_000));
    // A keysend can carry an open invoice's preimage: no claim, no settlement.
    assert!(bench.must(receipt(1, 1_000)));
    assert!(
        !bench.must(receipt(1, 1_000)),
        "reported twice, booked once"
    );
    assert!(bench.must(receipt(9, 4_000)), "a hash that is not ours");
    assert_eq!((bench.owns(HOUSE), bench.owns(OTHER)), (5_000, 0));
    assert_eq!(bench.invoice(1).state, InvoiceState::Open);
    let alarms = bench.records.iter().flat_map(|record| &record.events);
    let alarms =
        alarms.filter(|event| matches!(event.body, EventBody::Alarm(Alarm::UnaskedReceipt { .. })));
    assert_eq!(alarms.count(), 2);
}

#[test]
fn a_lapsed_claim_that_is_paid_after_all_settles() {
    let mut bench = Bench::new();
    bench.ask(1, HOUSE, Some(10));
    bench.must(intend(1, 10));
    bench.must(Command::LapseClaim { hash: hash(1) });
    assert_eq!(bench.invoice(1).state, InvoiceState::Open);
    bench.must(receipt(1, 10));
    assert_eq!(bench.invoice(1).state, InvoiceState::Paid);
}

#[test]
fn a_hash_is_used_once() {
    let mut bench = Bench::new();
    bench.ask(1, HOUSE, Some(10));
    assert_eq!(bench.run(draft(1, OTHER, None)), Err(Refusal::HashInUse));
    bench.earn(2, HOUSE, 100_000);
    bench.must(reserve(3, HOUSE, 10, 0));
    assert_eq!(bench.run(draft(3, HOUSE, None)), Err(Refusal::HashInUse));
}

#[test]
fn drafts_have_no_number_and_issued_invoices_count_from_one() {
    let mut bench = Bench::new();
    bench.must(draft(1, HOUSE, None));
    assert_eq!(bench.invoice(1).number, 0);
    bench.must(Command::AbandonInvoice { hash: hash(1) });
    bench.ask(2, HOUSE, None);
    bench.ask(3, OTHER, None);
    bench.ask(4, HOUSE, None);
    let numbers = [2, 3, 4].map(|n| bench.invoice(n).number);
    assert_eq!(numbers, [1, 1, 2]);
    let issue = Command::IssueInvoice {
        hash: hash(1),
        bolt11: "late".into(),
        lsp_fee: None,
        idempotency: None,
    };
    assert_eq!(bench.run(issue), Err(Refusal::WrongState));
}

#[test]
fn a_key_names_one_invoice_and_only_one_that_was_issued() {
    let mut bench = Bench::new();
    let key = IdempotencyKey {
        origin: Origin::Lnbits,
        wallet: OTHER,
        operation: "payments".into(),
        key: "order 7".into(),
    };
    let issue = |n: u8, request: &[u8]| Command::IssueInvoice {
        hash: hash(n),
        bolt11: format!("ln{n}"),
        lsp_fee: None,
        idempotency: Some((key.clone(), RequestHash::of(request))),
    };
    bench.must(draft(1, OTHER, Some(1_000)));
    bench.must(Command::AbandonInvoice { hash: hash(1) });
    for n in [2, 3] {
        bench.must(draft(n, OTHER, Some(1_000)));
    }
    assert!(bench.must(issue(2, b"a")), "a dropped draft binds no key");
    let same = Ok(Decision::Repeat(Reference::Invoice(hash(2))));
    assert_eq!(bench.run(issue(3, b"a")), same, "whoever comes second");
    let conflict = Err(Refusal::IdempotencyConflict);
    assert_eq!(bench.run(issue(3, b"b")), conflict);
    bench.must(Command::AbandonInvoice { hash: hash(3) });
    assert_eq!(bench.invoice(2).number, 1);
}

#[test]
fn what_is_told_changes_field_by_field() {
    let mut bench = Bench::new();
    bench.ask(1, OTHER, Some(1_000));
    let of = MetaOf::Invoice(hash(1));
    let change = |change| Command::ChangeMeta {
        of,
        change: Box::new(change),
    };
    let extra = |before: Option<&str>, after: &str| {
        let (before, after) = (before.map(str::to_owned), Some(after.to_owned()));
        change(MetaChange {
            extra: Some(ExtraChange { before, after }),
            ..MetaChange::default()
        })
    };
    let labels = change(MetaChange {
        labels: Some(vec!["a".into()]),
        ..MetaChange::default()
    });
    assert!(bench.must(labels.clone()));
    assert!(!bench.must(labels), "nothing new");
    assert!(bench.must(extra(None, "{}")));
    let stale = bench.run(extra(None, "{\"lost\":1}"));
    assert_eq!(stale, Err(Refusal::WrongState));
    let meta = bench.invoice(1).meta;
    assert_eq!(
        (meta.labels, meta.extra),
        (vec!["a".into()], Some("{}".into()))
    );
    let nobody = Command::ChangeMeta {
        of: MetaOf::Invoice(hash(9)),
        change: Box::default(),
    };
    assert_eq!(bench.run(nobody), Err(Refusal::UnknownInvoice));
}

#[test]
fn what_the_provider_will_take_stays_with_the_invoice() {
    let mut bench = Bench::new();
    bench.must(draft(1, HOUSE, Some(50_000)));
    bench.must(Command::IssueInvoice {
        hash: hash(1),
        bolt11: "ln".into(),
        lsp_fee: Some(msat(700)),
        idempotency: None,
    });
    assert_eq!(bench.invoice(1).lsp_fee_quoted, Some(msat(700)));
    bench.ask(2, HOUSE, Some(50_000));
    assert_eq!(bench.invoice(2).lsp_fee_quoted, None);
}

#[test]
fn time_never_goes_back_and_events_have_no_gap() {
    let mut bench = Bench::new();
    bench.earn(1, HOUSE, 1_000);
    bench.now = 1;
    bench.earn(2, HOUSE, 1_000);
    let times: Vec<_> = bench.records.iter().map(|record| record.at).collect();
    assert!(times.is_sorted());
    let progress: Progress = bench.get(&());
    assert_eq!(progress.event_id, 2);
    assert_eq!(bench.get::<Event>(&2).id, 2);
    assert_eq!(Msat::ZERO, msat(0));
}
