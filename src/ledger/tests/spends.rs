//! On-chain payments and closings: what is set aside, which transaction is mined, what a reorg takes
//! away again, and where a closed channel's money ends up.

use super::bench::*;
use crate::id::{PaymentId, TxId};
use crate::ledger::{
    Account, Alarm, CloseCommand, Command, OnchainSeen, Origin, Refusal, SpendCommand, SpendOrder,
};
use crate::money::{Msat, Sat};
use crate::payment::{Payment, State as PaymentState};
use crate::time::Timestamp;
use crate::treasury::{
    CloseJob, CloseState, MinedIn, Purpose, SpendPurpose, SpendVersion, SweepTo,
};

pub(super) const UCID: [u8; 16] = [7; 16];

pub(super) fn tx(n: u8) -> TxId {
    TxId::from_bytes([n; 32])
}

pub(super) fn payment_id(n: u8) -> PaymentId {
    PaymentId::from_bytes([n; 16])
}

fn sat(amount: u64) -> Sat {
    Sat::new(amount).expect("a small amount")
}

pub(super) fn version(of: u8, amount: u64, fee: u64) -> SpendVersion {
    SpendVersion {
        tx_id: tx(of),
        raw: vec![of],
        amount: sat(amount),
        fee: sat(fee),
        feerate: 1,
        at: Timestamp::default(),
    }
}

pub(super) fn deposit(n: u8, sats: u64) -> Command {
    Command::BookOnchain(OnchainSeen {
        tx_id: tx(n),
        purpose: Purpose::Deposit,
        amount: sat(sats).to_msat(),
        fee: Msat::ZERO,
        height: Some(7),
        cost: Msat::ZERO,
    })
}

/// Payment `n`, made by transaction `version.tx_id`.
pub(super) fn spend(n: u8, version: SpendVersion, purpose: SpendPurpose) -> Command {
    let order = SpendOrder {
        id: payment_id(n),
        origin: Origin::Pos,
        address: "bcrt1".into(),
        purpose,
        version,
        idempotency: None,
    };
    SpendCommand::Reserve(Box::new(order)).into()
}

pub(super) fn bump(n: u8, version: SpendVersion) -> Command {
    let (id, idempotency) = (payment_id(n), None);
    SpendCommand::Replace {
        id,
        version,
        idempotency,
    }
    .into()
}

pub(super) fn mined(n: u8, of: u8, height: u32) -> Command {
    let (id, tx_id) = (payment_id(n), tx(of));
    let mined = MinedIn { tx_id, height };
    SpendCommand::Mine { id, mined }.into()
}

pub(super) fn lost(n: u8) -> Command {
    let id = payment_id(n);
    SpendCommand::Void { id }.into()
}

pub(super) fn finished(n: u8) -> Command {
    let id = payment_id(n);
    SpendCommand::Finish { id }.into()
}

pub(super) const fn sweep() -> SpendPurpose {
    SpendPurpose::Sweep {
        user_channel_id: UCID,
    }
}

pub(super) fn close(address: Option<&str>, force: bool) -> CloseCommand {
    CloseCommand::Ask(Box::new(CloseJob {
        user_channel_id: UCID,
        channel_id: "c".into(),
        counterparty: "p".into(),
        force,
        sweep_to: address.map(|address| SweepTo {
            address: address.into(),
            feerate: None,
        }),
        created_at: Timestamp::default(),
        state: CloseState::Closing,
    }))
}

pub(super) fn show(n: u8) -> CloseCommand {
    CloseCommand::Show {
        user_channel_id: UCID,
        tx_id: tx(n),
    }
}

fn row(bench: &Bench, n: u8) -> Payment {
    bench.get::<Payment>(&payment_id(n))
}

/// What the house owns, what of it is set aside, and what the wallet holds, in satoshis.
fn books(bench: &Bench) -> (i128, u64, i128) {
    let house = bench.balance(Account::HOUSE);
    let onchain = bench.balance(Account::Onchain);
    assert_eq!(house.debits_pending, onchain.credits_pending);
    (
        house.credit_msat() / 1_000,
        house.debits_pending / 1_000,
        onchain.debit_msat() / 1_000,
    )
}

/// A payment of 50,000 with a first fee of 200 and a second of 900.
fn bumped() -> Bench {
    let mut bench = Bench::new();
    bench.must(deposit(1, 100_000));
    bench.must(spend(1, version(10, 50_000, 200), SpendPurpose::Payment));
    assert_eq!(books(&bench), (100_000, 50_200, 100_000));
    bench.must(bump(1, version(11, 50_000, 900)));
    assert_eq!(books(&bench), (100_000, 50_900, 100_000));
    bench
}

#[test]
fn whichever_version_is_mined_is_what_it_cost() {
    for (of, fee) in [(10, 200), (11, 900)] {
        let mut bench = bumped();
        assert!(bench.must(mined(1, of, 5)));
        assert!(!bench.must(mined(1, of, 5)), "once");
        let left = 50_000 - fee;
        assert_eq!(books(&bench), (left, 0, left));
        assert!(bench.must(mined(1, of, 6)), "another block has it");
        assert_eq!(books(&bench), (left, 0, left));
        let again = bench.run(bump(1, version(12, 50_000, 2_000)));
        assert_eq!(again, Err(Refusal::WrongState), "too late for a bump");
        bench.must(finished(1));
        assert!(!bench.must(mined(1, 21 - of, 7)), "what is final is final");
        assert_eq!(books(&bench), (left, 0, left));
        assert!(bench.alarms().is_empty());
    }
}

#[test]
fn a_reorg_that_mines_the_original_instead_is_booked_as_that() {
    let mut bench = bumped();
    bench.must(mined(1, 11, 5));
    assert_eq!(books(&bench), (49_100, 0, 49_100));
    bench.must(mined(1, 10, 5));
    assert_eq!(books(&bench), (49_800, 0, 49_800));
    let fees = bench.balance(Account::FeesChain);
    assert_eq!(fees.debits_posted, fees.credits_posted);
    assert_eq!(row(&bench, 1).state, PaymentState::Succeeded);
}

#[test]
fn what_lost_its_coins_is_given_back_and_booked_with_an_alarm_if_it_is_mined_after_all() {
    let mut bench = bumped();
    assert!(bench.must(lost(1)));
    assert!(!bench.must(lost(1)), "once");
    assert_eq!(books(&bench), (100_000, 0, 100_000));
    assert_eq!(row(&bench, 1).state, PaymentState::Failed);
    bench.must(mined(1, 10, 50));
    assert_eq!(books(&bench), (49_800, 0, 49_800));
    let (id, amount) = (payment_id(1), sat(50_200).to_msat());
    assert_eq!(bench.alarms(), [Alarm::PostedAfterVoid { id, amount }]);
}

/// A block with the payment is replaced by one in which its coins went elsewhere.
#[test]
fn what_a_reorg_took_away_for_good_is_taken_back() {
    let mut bench = bumped();
    bench.must(mined(1, 11, 5));
    assert!(bench.must(lost(1)));
    assert_eq!(books(&bench), (100_000, 0, 100_000));
    let payment = row(&bench, 1);
    assert_eq!(payment.state, PaymentState::Failed);
    assert_eq!(payment.spend.expect("on the chain").mined, None);
    assert!(!bench.must(lost(1)), "once");
    bench.must(mined(1, 11, 9));
    assert_eq!(books(&bench), (49_100, 0, 49_100), "and back again");
    bench.must(finished(1));
    assert!(!bench.must(lost(1)), "nothing takes away what is final");
    assert_eq!(books(&bench), (49_100, 0, 49_100));
}

#[test]
fn the_house_sends_away_only_what_is_its_own() {
    let mut bench = Bench::new();
    bench.must(deposit(1, 10_000));
    bench.earn(1, OTHER, 90_000_000);
    let refused = bench.run(spend(1, version(10, 9_900, 101), SpendPurpose::Payment));
    let (needed, available) = (sat(10_001).to_msat(), sat(10_000).to_msat());
    assert_eq!(refused, Err(Refusal::NotTheHouses { needed, available }));
    bench.must(spend(1, version(10, 9_900, 100), SpendPurpose::Payment));
    let needed = msat(1_000);
    let refused = bench.run(bump(1, version(11, 9_900, 101)));
    let available = Msat::ZERO;
    assert_eq!(refused, Err(Refusal::NotTheHouses { needed, available }));
}

fn job(bench: &Bench) -> CloseState {
    bench.get::<CloseJob>(&UCID).state
}

/// A channel is closed, and what it brought is on its way to an address.
fn sweeping() -> Bench {
    let mut bench = Bench::new();
    bench.must(deposit(1, 100_000));
    bench.must(close(Some("vault"), false));
    let early = bench.run(spend(1, version(10, 50_000, 200), sweep()));
    assert_eq!(early, Err(Refusal::WrongState), "nothing is back yet");
    bench.must(show(2));
    bench.must(spend(1, version(10, 50_000, 200), sweep()));
    let twice = bench.run(spend(2, version(20, 40_000, 200), sweep()));
    assert_eq!(twice, Err(Refusal::WrongState), "one sweep at a time");
    bench
}

#[test]
fn a_sweep_that_lost_its_coins_may_be_made_again_and_either_may_end_the_job() {
    let (tx_id, first, second) = (tx(2), payment_id(1), payment_id(2));
    let mut bench = sweeping();
    bench.must(lost(1));
    assert_eq!(job(&bench), CloseState::Returning { tx_id });
    bench.must(spend(2, version(20, 49_000, 300), sweep()));
    assert!(!bench.must(lost(1)), "that is over");
    let payment = second;
    assert_eq!(job(&bench), CloseState::Sweeping { tx_id, payment });
    bench.must(mined(1, 10, 50));
    let payment = Some(first);
    assert_eq!(job(&bench), CloseState::Done { tx_id, payment });
    bench.must(lost(2));
    assert_eq!(job(&bench), CloseState::Done { tx_id, payment });
    assert_eq!(books(&bench), (49_800, 0, 49_800));
}

#[test]
fn a_sweep_that_a_reorg_took_away_for_good_may_be_made_again() {
    let tx_id = tx(2);
    let mut bench = sweeping();
    bench.must(mined(1, 10, 5));
    let payment = Some(payment_id(1));
    assert_eq!(job(&bench), CloseState::Done { tx_id, payment });
    bench.must(lost(1));
    assert_eq!(job(&bench), CloseState::Returning { tx_id });
}

#[test]
fn a_refused_closing_sends_nothing_on_whatever_closes_the_channel_later() {
    let mut bench = Bench::new();
    bench.must(close(Some("vault"), false));
    bench.must(CloseCommand::Refuse {
        user_channel_id: UCID,
    });
    assert!(!bench.must(show(2)));
    assert_eq!(job(&bench), CloseState::Refused);
    bench.must(close(Some("other vault"), true));
    assert!(!bench.must(close(Some("other vault"), false)), "one wish");
    let elsewhere = bench.run(close(Some("vault"), true));
    assert_eq!(elsewhere, Err(Refusal::ClosingAlready));
    assert!(bench.get::<CloseJob>(&UCID).force);
    bench.must(show(2));
    let finish = CloseCommand::Finish {
        user_channel_id: UCID,
    };
    bench.must(finish);
    let (tx_id, payment) = (tx(2), None);
    assert_eq!(job(&bench), CloseState::Done { tx_id, payment });
}
