//! Who is told of what: written in the very record that it tells of, for both sides of a payment.

use super::bench::*;
use crate::invoice::State as InvoiceState;
use crate::ledger::{Command, InvoiceDraft, OutboxCommand, PaymentOrder};
use crate::meta::Meta;
use crate::outbox::{Delivery, DeliveryState, OutboxCount, Subject, Verdict};
use crate::payment::State as PaymentState;

const SHOP: &str = "https://shop.example/paid";
const PAYER: &str = "https://payer.example/sent";

fn ask(bench: &mut Bench, n: u8, url: Option<&str>) {
    let Command::DraftInvoice(wanted) = draft(n, OTHER, Some(5_000)) else {
        unreachable!("a draft")
    };
    bench.must(Command::DraftInvoice(Box::new(InvoiceDraft {
        webhook_url: url.map(str::to_owned),
        ..*wanted
    })));
    bench.must(Command::IssueInvoice {
        hash: hash(n),
        bolt11: format!("ln{n}"),
        lsp_fee: None,
        idempotency: None,
    });
}

fn pay(n: u8) -> Command {
    let meta = Meta {
        webhook_url: Some(PAYER.into()),
        ..Meta::default()
    };
    let order = order(n, HOUSE, 5_000, 0);
    Command::ReservePayment(Box::new(PaymentOrder { meta, ..order }))
}

fn told(bench: &Bench) -> u64 {
    let count = bench.state.get::<OutboxCount>(&()).expect("a row");
    count.unwrap_or_default().last
}

#[test]
fn a_sale_is_told_once_and_only_where_somebody_asked() {
    let mut bench = Bench::new();
    ask(&mut bench, 1, None);
    bench.must(intend(1, 5_000));
    bench.must(receipt(1, 5_000));
    assert_eq!(told(&bench), 0);
    ask(&mut bench, 2, Some(SHOP));
    bench.must(intend(2, 5_000));
    assert_eq!(told(&bench), 0, "not before the money is there");
    bench.must(receipt(2, 5_000));
    assert!(!bench.must(receipt(2, 5_000)), "the node repeats itself");
    assert_eq!(told(&bench), 1);
    let row = bench.get::<Delivery>(&1);
    assert_eq!((row.wallet, row.url.as_str()), (OTHER, SHOP));
    assert_eq!(row.subject, Subject::Invoice(hash(2)));
}

#[test]
fn both_sides_of_an_internal_payment_are_told() {
    let mut bench = Bench::new();
    bench.earn(100, HOUSE, 100_000);
    ask(&mut bench, 1, Some(SHOP));
    bench.must(pay(1));
    assert_eq!(bench.invoice(1).state, InvoiceState::Paid);
    assert_eq!(told(&bench), 2);
    let (payer, shop) = (bench.get::<Delivery>(&1), bench.get::<Delivery>(&2));
    assert_eq!((payer.url.as_str(), shop.url.as_str()), (PAYER, SHOP));
    assert_eq!((payer.wallet, shop.wallet), (HOUSE, OTHER));
}

#[test]
fn a_payment_is_told_of_at_its_end_and_shows_what_came_of_that() {
    let mut bench = Bench::new();
    bench.earn(100, HOUSE, 100_000);
    bench.must(pay(1));
    assert_eq!(told(&bench), 0);
    bench.must(void(1, None));
    assert_eq!(bench.payment(1).state, PaymentState::Failed);
    assert_eq!(told(&bench), 1);
    let tried = |attempt, verdict, status: &str| OutboxCommand::Tried {
        number: 1,
        attempt,
        verdict,
        status: status.into(),
    };
    assert!(bench.must(tried(1, Verdict::Failed, "timeout")));
    assert_eq!(
        bench.payment(1).meta.webhook_status.as_deref(),
        Some("timeout")
    );
    assert!(
        !bench.must(tried(1, Verdict::Taken, "200")),
        "that try is over"
    );
    assert!(bench.must(tried(2, Verdict::Taken, "200")));
    assert_eq!(bench.payment(1).meta.webhook_status.as_deref(), Some("200"));
    assert_eq!(bench.get::<Delivery>(&1).state, DeliveryState::Delivered);
    assert!(
        !bench.must(tried(3, Verdict::Taken, "200")),
        "it is delivered"
    );
    assert!(!bench.must(OutboxCommand::Tried {
        number: 9,
        attempt: 1,
        verdict: Verdict::Taken,
        status: "200".into(),
    }));
}
