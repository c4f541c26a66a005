//! Offers of our own, and what is paid to them: the node takes such money before the ledger hears of it.

use super::bench::*;
use crate::invoice::{Description, State as InvoiceState};
use crate::ledger::entity::Counters;
use crate::ledger::{Account, Alarm, Command, EventBody, HoldCommand, Refusal, WalletRef};
use crate::node::OfferReceipt;
use crate::offer::Offer;

fn keep(n: u8, wallet: WalletRef, amount: Option<u64>) -> Command {
    Command::KeepOffer(Box::new(offer(n, wallet, amount)))
}

fn standing(n: u8, wallet: WalletRef) -> Command {
    let offer = Offer {
        standing: true,
        ..offer(n, wallet, None)
    };
    Command::KeepOffer(Box::new(offer))
}

/// Hash `n` brings money for offer `of`.
fn paid(n: u8, of: u8, amount: u64, note: &str) -> Command {
    Command::BookReceipt {
        hash: hash(n),
        amount: msat(amount),
        lsp_fee: msat(0),
        offer: Some(OfferReceipt {
            offer_id: offer_id(of),
            payer_note: Some(note.to_owned()),
            preimage: Some(preimage(n)),
        }),
    }
}

#[test]
fn what_is_paid_to_an_offer_is_its_wallet_s_once_however_often_it_is_told() {
    let mut bench = Bench::new();
    bench.ask(9, OTHER, None);
    assert!(bench.must(keep(1, OTHER, Some(5_000))));
    bench.wait_secs(7);
    assert!(bench.must(paid(2, 1, 5_400, "for Bob")));
    assert!(!bench.must(paid(2, 1, 5_400, "for Bob")));
    assert!(
        !bench.must(paid(2, 1, 5_400, "told otherwise")),
        "the money counts, not the words"
    );
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (5_400, 0));
    assert_eq!(bench.balance(Account::Lightning).debit_msat(), 5_400);
    let row = bench.invoice(2);
    assert_eq!(
        (row.state, row.number, row.bolt11, row.claim),
        (InvoiceState::Paid, 2, None, None)
    );
    assert_eq!(row.amount, Some(msat(5_000)));
    assert_eq!(row.description, Description::Text("beer".into()));
    assert_eq!(row.preimage, Some(preimage(2)));
    let receipt = row.receipt.expect("paid");
    assert_eq!(
        (receipt.amount, receipt.amount_sat.get(), receipt.at),
        (msat(5_400), 5, row.created_at)
    );
    let paid_offer = row.offer.expect("it was an offer");
    assert_eq!(
        (paid_offer.id, paid_offer.payer_note.as_deref()),
        (offer_id(1), Some("for Bob"))
    );
    let told = bench.records.iter().flat_map(|record| &record.events);
    let told: Vec<_> = told.map(|event| (event.wallet, &event.body)).collect();
    assert!(
        matches!(told[..], [
            (OTHER, EventBody::InvoiceCreated { .. }),
            (OTHER, EventBody::PaymentReceived { payer_note: Some(note), .. }),
        ] if note == "for Bob"),
        "{told:?}"
    );
}

#[test]
fn an_offer_is_paid_any_number_of_times_even_past_its_time() {
    let mut bench = Bench::new();
    let brief = Offer {
        expires_at: Some(crate::time::Timestamp::from_millis(2_000)),
        ..offer(1, HOUSE, None)
    };
    bench.must(Command::KeepOffer(Box::new(brief)));
    bench.must(paid(2, 1, 1_500, ""));
    bench.wait_secs(3_600);
    bench.must(paid(3, 1, 1_500, ""));
    assert_eq!(bench.owns(HOUSE), 3_000);
    // Columns add up: the second one completes a third satoshi.
    let shown = [2, 3].map(|n| bench.invoice(n).receipt.expect("paid").amount_sat.get());
    assert_eq!(shown, [1, 2]);
    assert_eq!([2, 3].map(|n| bench.invoice(n).number), [1, 2]);
    bench.ask(4, HOUSE, None);
    assert_eq!(bench.invoice(4).number, 3, "one sequence for both");
}

#[test]
fn money_for_an_offer_that_nobody_made_is_the_house_s_with_an_alarm() {
    let mut bench = Bench::new();
    bench.must(keep(1, OTHER, None));
    assert!(bench.must(paid(2, 7, 900, "hello")));
    assert!(!bench.must(paid(2, 7, 900, "hello")));
    assert_eq!((bench.owns(HOUSE), bench.owns(OTHER)), (900, 0));
    assert!(matches!(bench.alarms()[..], [Alarm::UnaskedReceipt { .. }]));
    // Booked is booked, even if the offer should become known.
    bench.must(keep(7, OTHER, None));
    assert!(!bench.must(paid(2, 7, 900, "hello")));
}

#[test]
fn another_sum_for_a_hash_that_is_paid_is_nobody_s_offer() {
    let mut bench = Bench::new();
    bench.must(keep(1, OTHER, None));
    bench.must(paid(2, 1, 900, ""));
    assert!(bench.must(paid(2, 1, 901, "")));
    assert!(!bench.must(paid(2, 1, 901, "")));
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (900, 901));
    assert_eq!(bench.alarms().len(), 1);
    // An invoice's hash is not an offer's.
    bench.ask(3, OTHER, Some(50));
    bench.must(paid(3, 1, 50, ""));
    assert_eq!(bench.invoice(3).state, InvoiceState::Open);
    assert_eq!(bench.owns(HOUSE), 951);
}

#[test]
fn a_preimage_that_opens_nothing_is_not_kept() {
    let mut bench = Bench::new();
    bench.must(keep(1, HOUSE, None));
    let Command::BookReceipt {
        amount,
        lsp_fee,
        offer,
        ..
    } = paid(3, 1, 100, "")
    else {
        unreachable!("a receipt");
    };
    bench.must(Command::BookReceipt {
        hash: hash(2),
        amount,
        lsp_fee,
        offer,
    });
    assert_eq!(bench.invoice(2).preimage, None);
    assert_eq!(bench.owns(HOUSE), 100, "the money came all the same");
}

#[test]
fn a_wallet_has_one_standing_offer_for_good() {
    let mut bench = Bench::new();
    assert!(bench.must(standing(1, HOUSE)));
    assert!(!bench.must(standing(2, HOUSE)), "somebody was first");
    assert!(!bench.must(standing(1, HOUSE)));
    assert!(bench.must(standing(3, OTHER)));
    assert!(bench.must(keep(4, HOUSE, None)), "others are others");
    let of = |wallet| bench.get::<Counters>(&wallet).standing_offer;
    assert_eq!(
        (of(HOUSE), of(OTHER)),
        (Some(offer_id(1)), Some(offer_id(3)))
    );
    assert!(
        bench
            .state
            .get::<Offer>(&offer_id(2))
            .expect("readable")
            .is_none()
    );
    // Numbers and the standing offer are one row: neither forgets the other.
    bench.must(paid(5, 1, 100, ""));
    bench.ask(6, HOUSE, None);
    bench.must(reserve(7, HOUSE, 50, 0));
    let row = bench.get::<Counters>(&HOUSE);
    assert_eq!(
        (row.invoices, row.payments, row.standing_offer),
        (2, 1, Some(offer_id(1)))
    );
}

#[test]
fn what_an_offer_brought_cannot_be_claimed_cancelled_or_paid_again() {
    let mut bench = Bench::new();
    bench.must(keep(1, OTHER, None));
    bench.must(paid(2, 1, 900, ""));
    bench.earn(8, HOUSE, 100_000);
    assert_eq!(bench.run(intend(2, 900)), Err(Refusal::WrongState));
    assert_eq!(bench.run(draft(2, HOUSE, None)), Err(Refusal::HashInUse));
    let expire = Command::ExpireInvoice { hash: hash(2) };
    assert_eq!(bench.run(expire), Err(Refusal::WrongState));
    let cancel = Command::Hold(HoldCommand::Cancel { hash: hash(2) });
    assert!(bench.run(cancel).is_err());
    assert_eq!(
        bench.run(reserve(2, HOUSE, 900, 0)),
        Err(Refusal::TakenInvoice)
    );
    assert_eq!(bench.owns(OTHER), 900);
}
