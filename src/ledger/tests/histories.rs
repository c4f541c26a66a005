//! Random histories against a naive model: one number per wallet, one entry per payment. It knows
//! neither accounts nor transfers, so it cannot be wrong in the same way.

use std::collections::HashMap;

use proptest::prelude::*;

use super::bench::*;
use crate::ledger::{
    Account, Balance, Command, Decision, Entity, EventBody, Kind, PaymentOrder, Record, State,
    WalletRef,
};
use crate::money::{Msat, balance_sat_floor};
use crate::node::OfferReceipt;
use crate::offer::Offer;
use crate::payment::State as PaymentState;

/// Hashes from here on are paid by us, those below are asked for by us.
const OUTGOING: u8 = 8;
/// Offers that may be made; one more is paid that never is.
const OFFERS: u8 = 3;
/// The hashes of transfers.
const TRANSFERS: std::ops::Range<u8> = 40..44;

#[derive(Clone, Debug)]
enum Step {
    Ask(u8, bool, Option<u64>),
    Intend(u8, u64, u64),
    Receipt(u8, u64, u64),
    /// An offer is made; each of them belongs to the same wallet every time.
    Offer(u8),
    /// A hash brings money for an offer, which may not be known.
    OfferPaid(u8, u8, u64),
    Expire(u8),
    Lapse(u8),
    Reserve(u8, bool, u64, u64),
    Post(u8, u64),
    Void(u8, Option<u32>),
    /// From one wallet to the other, without an invoice.
    Transfer(u8, bool, u64),
    Forget,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (ours, theirs) = (0..OUTGOING, OUTGOING..2 * OUTGOING);
    let each = 0..2 * OUTGOING;
    let amount = 1..60_000u64;
    let lsp_fee = prop_oneof![4 => Just(0u64), 1 => 1..500u64];
    let step = prop_oneof![
        (
            ours.clone(),
            any::<bool>(),
            proptest::option::of(amount.clone())
        )
            .prop_map(|(n, wallet, amount)| Step::Ask(n, wallet, amount)),
        (ours.clone(), 1..80_000u64, lsp_fee.clone()).prop_map(|(n, a, l)| Step::Intend(n, a, l)),
        (each.clone(), 1..80_000u64, lsp_fee).prop_map(|(n, a, l)| Step::Receipt(n, a, l)),
        (0..OFFERS).prop_map(Step::Offer),
        (each.clone(), 0..=OFFERS, amount.clone()).prop_map(|(n, of, a)| Step::OfferPaid(n, of, a)),
        ours.clone().prop_map(Step::Expire),
        ours.prop_map(Step::Lapse),
        (TRANSFERS, any::<bool>(), amount.clone())
            .prop_map(|(n, wallet, a)| Step::Transfer(n, wallet, a)),
        (theirs, any::<bool>(), amount, 0..2_000u64)
            .prop_map(|(n, wallet, a, cap)| Step::Reserve(n, wallet, a, cap)),
        (each.clone(), 0..3_000u64).prop_map(|(n, fee)| Step::Post(n, fee)),
        (each, proptest::option::of(1..3u32)).prop_map(|(n, attempt)| Step::Void(n, attempt)),
        Just(Step::Forget),
        (1..120u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..120)
}

const fn wallet(other: bool) -> WalletRef {
    if other { OTHER } else { HOUSE }
}

fn command(step: &Step) -> Option<Command> {
    Some(match *step {
        Step::Ask(n, other, amount) => draft(n, wallet(other), amount),
        Step::Intend(n, amount, lsp_fee) => Command::IntendClaim {
            hash: hash(n),
            amount: msat(amount),
            lsp_fee: msat(lsp_fee),
            deadline_height: None,
        },
        Step::Receipt(n, amount, lsp_fee) => Command::BookReceipt {
            hash: hash(n),
            amount: msat(amount),
            lsp_fee: msat(lsp_fee),
            offer: None,
        },
        Step::Offer(n) => {
            let whose = wallet(n.is_multiple_of(2));
            let standing = n == 0;
            Command::KeepOffer(Box::new(Offer {
                standing,
                ..offer(n, whose, None)
            }))
        }
        Step::OfferPaid(n, of, amount) => Command::BookReceipt {
            hash: hash(n),
            amount: msat(amount),
            lsp_fee: Msat::ZERO,
            offer: Some(OfferReceipt {
                offer_id: offer_id(of),
                payer_note: None,
                preimage: Some(preimage(n)),
            }),
        },
        Step::Expire(n) => Command::ExpireInvoice { hash: hash(n) },
        Step::Lapse(n) => Command::LapseClaim { hash: hash(n) },
        Step::Reserve(n, other, amount, cap) => {
            // Half of the retries come from somebody who has looked whether the last one is over.
            let cleared = (cap % 2 == 0).then_some(1);
            let order = order(n, wallet(other), amount, cap);
            let service_fee = msat(service_fee(other, amount));
            Command::ReservePayment(Box::new(PaymentOrder {
                cleared,
                service_fee,
                ..order
            }))
        }
        Step::Transfer(n, other, amount) => transfer(n, wallet(other), wallet(!other), amount),
        Step::Post(n, fee) => post(n, fee),
        Step::Void(n, attempt) => void(n, attempt),
        Step::Forget | Step::Wait(_) => return None,
    })
}

/// What the house takes for a payment of somebody else's.
const fn service_fee(other: bool, amount: u64) -> u64 {
    if other { amount / 100 } else { 0 }
}

/// What should be true, kept the simplest way there is.
#[derive(Default)]
struct Model {
    /// What the node holds: all that came less all that went, in msat.
    node: i128,
    /// What is set aside, by outgoing hash.
    aside: HashMap<u8, (WalletRef, u64)>,
    /// The sum of what rows show in whole satoshis, by wallet.
    shown: HashMap<WalletRef, i128>,
}

impl Model {
    /// Follows a step that changed something.
    fn follow(&mut self, bench: &Bench, step: &Step) {
        match *step {
            Step::Receipt(_, amount, _) | Step::OfferPaid(_, _, amount) => {
                self.node += i128::from(amount);
            }
            Step::Reserve(n, other, amount, cap) => {
                let aside = amount + cap + service_fee(other, amount);
                self.aside.insert(n, (wallet(other), aside));
            }
            Step::Void(n, _) => {
                self.aside.remove(&n);
            }
            Step::Post(n, fee) => {
                self.aside.remove(&n);
                let amount = bench.state.payment_of(&hash(n)).expect("readable");
                let amount = amount.map_or(77, |payment| payment.amount.get());
                self.node -= i128::from(amount + fee);
            }
            Step::Ask(..) | Step::Intend(..) | Step::Expire(_) | Step::Lapse(_) => {}
            Step::Offer(_) | Step::Transfer(..) | Step::Forget | Step::Wait(_) => {}
        }
        let last = bench.records.last().expect("a change");
        for fact in &last.facts {
            use crate::ledger::Fact;
            if let Fact::InvoicePaid { hash, receipt } = fact {
                let invoice = bench.get::<crate::invoice::Invoice>(hash);
                let shown = self.shown.entry(invoice.wallet).or_default();
                *shown += i128::from(receipt.amount_sat.get());
            }
            if let Fact::OfferPaid(invoice) = fact {
                let receipt = invoice.receipt.expect("it begins paid");
                let shown = self.shown.entry(invoice.wallet).or_default();
                *shown += i128::from(receipt.amount_sat.get());
            }
            if let Fact::PaymentSent { id, sent } = fact {
                let payment = bench.get::<crate::payment::Payment>(id);
                *self.shown.entry(payment.wallet).or_default() -= i128::from(sent.sent_sat.get());
            }
        }
    }

    fn check(&self, bench: &Bench) {
        let accounts: Vec<Balance> = bench
            .rows
            .iter()
            .filter(|(key, _)| key[0] == Kind::Balance as u8)
            .map(|(key, bytes)| Balance::from_bytes(key, bytes).expect("readable"))
            .collect();
        let sum = |column: fn(&Balance) -> u64| accounts.iter().map(column).sum::<u64>();
        assert_eq!(
            sum(|b| b.debits_posted),
            sum(|b| b.credits_posted),
            "postings sum to zero"
        );
        assert_eq!(sum(|b| b.debits_pending), sum(|b| b.credits_pending));
        assert_eq!(bench.balance(Account::Lightning).debit_msat(), self.node);
        assert_eq!(
            bench.owns(HOUSE) + bench.owns(OTHER),
            self.node,
            "owed is held"
        );
        let other = bench.balance(Account::Wallet(OTHER));
        assert!(
            other.available_msat() >= 0,
            "only the house may go below zero"
        );
        for wallet in [HOUSE, OTHER] {
            let aside = self.aside.values().filter(|(whose, _)| *whose == wallet);
            let aside: u64 = aside.map(|(_, amount)| amount).sum();
            assert_eq!(bench.balance(Account::Wallet(wallet)).debits_pending, aside);
        }
        // Strays are shown by no row, and they are the house's alone.
        let shown = self.shown.get(&OTHER).copied().unwrap_or_default();
        assert_eq!(
            shown,
            balance_sat_floor(bench.owns(OTHER)),
            "columns add up"
        );
        bench.statement(OTHER);
        let pending = (OUTGOING..2 * OUTGOING).filter(|n| {
            let payment = bench.state.payment_of(&hash(*n)).expect("readable");
            payment.is_some_and(|payment| payment.state == PaymentState::Pending)
        });
        assert_eq!(pending.count(), self.aside.len());
    }
}

fn live(steps: &[Step]) -> Bench {
    let mut bench = Bench::new();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Wait(secs) => bench.wait_secs(*secs),
            Step::Forget => {
                let archive = Shelf::default();
                archive.0.borrow_mut().extend(bench.rows.clone());
                bench.state = State::over(archive).expect("a full shelf");
            }
            _ => {}
        }
        let Some(command) = command(step) else {
            continue;
        };
        let before = bench.records.len();
        let refused = bench.run(command).is_err();
        if refused || bench.records.len() == before {
            continue;
        }
        if let Step::Ask(n, ..) = step {
            bench.must(Command::IssueInvoice {
                hash: hash(*n),
                bolt11: format!("ln{n}"),
                lsp_fee: None,
                idempotency: None,
            });
        }
        model.follow(&bench, step);
        model.check(&bench);
    }
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_books_hold_at_every_step(steps in steps()) {
        live(&steps);
    }

    #[test]
    fn a_replay_of_what_was_written_gives_the_same_rows(steps in steps(), keep in 0..8u64) {
        let bench = live(&steps);
        let mut replayed = State::over(Shelf::default()).expect("an empty shelf");
        let mut rows = HashMap::new();
        let archive = Shelf::default();
        let mut lean = State::over(archive.clone()).expect("an empty shelf");
        for record in &bench.records {
            let bytes = crate::ledger::entity::encode(record);
            let read: Record = minicbor::decode(&bytes).expect("what was encoded");
            prop_assert_eq!(&read, record);
            let changes = replayed.evolve(&read).expect("applies");
            // The same over an archive that lags, with memory let go as soon as it may be.
            let lean_changes = lean.evolve(&read).expect("applies");
            prop_assert_eq!(&lean_changes, &changes);
            archive.0.borrow_mut().extend(lean_changes.rows);
            lean.forget_through(changes.seq.saturating_sub(keep));
            rows.extend(changes.rows);
        }
        prop_assert_eq!(rows, bench.rows);
        lean.forget_through(u64::MAX);
        prop_assert_eq!(lean.held_rows(), 0);
    }

    #[test]
    fn events_are_numbered_without_a_gap(steps in steps()) {
        let bench = live(&steps);
        let ids: Vec<u64> = bench.records.iter().flat_map(|r| &r.events).map(|e| e.id).collect();
        prop_assert!(ids.iter().copied().eq(1..=ids.len() as u64));
        for event in bench.records.iter().flat_map(|record| &record.events) {
            if let EventBody::PaymentReceived { amount, .. } = &event.body {
                prop_assert!(*amount > Msat::ZERO);
            }
        }
    }

    #[test]
    fn a_report_that_comes_twice_changes_nothing(steps in steps(), n in 0..2 * OUTGOING) {
        let mut bench = live(&steps);
        let paid = command(&Step::OfferPaid(n, 1, 321)).expect("a report");
        for report in [post(n, 5), void(n, None), receipt(n, 1_234), paid] {
            bench.must(report.clone());
            prop_assert!(!bench.must(report));
        }
    }

    #[test]
    fn damaged_records_are_refused_and_never_panic(steps in steps(), cut in 0..200usize, flip: u8) {
        let bench = live(&steps);
        for record in bench.records.iter().take(4) {
            let mut bytes = crate::ledger::entity::encode(record);
            let at = cut % bytes.len();
            bytes[at] ^= flip;
            let _ = minicbor::decode::<Record>(&bytes);
            bytes.truncate(at);
            prop_assert!(minicbor::decode::<Record>(&bytes).is_err());
        }
    }
}

#[test]
fn a_repeat_is_told_apart_from_a_change() {
    let mut bench = Bench::new();
    bench.ask(1, HOUSE, None);
    assert!(matches!(bench.run(intend(1, 5)), Ok(Decision::Commit(record)) if !record.is_empty()));
    assert!(matches!(bench.run(intend(1, 5)), Ok(Decision::Commit(record)) if record.is_empty()));
}
