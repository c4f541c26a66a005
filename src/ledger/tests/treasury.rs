//! The chain's money: deposits, channels, what closing them costs, and the comparison with the node.

use proptest::prelude::*;

use super::bench::*;
use crate::id::TxId;
use crate::ledger::entity::Progress;
use crate::ledger::{Account, Alarm, Command, OnchainSeen, Refusal};
use crate::money::Msat;
use crate::time::Timestamp;
use crate::treasury::{Channel, ChannelState, Closing, Figures, Funding, Purpose};

fn book(n: u8, purpose: Purpose, amount: u64, fee: u64) -> Command {
    Command::BookOnchain(OnchainSeen {
        tx_id: TxId::from_bytes([n; 32]),
        purpose,
        amount: msat(amount),
        fee: msat(fee),
        height: Some(7),
        cost: Msat::ZERO,
    })
}

fn channel(n: u8, got: u64, given: u64, state: ChannelState, funded: bool) -> Command {
    Command::RecordChannel(Channel {
        user_channel_id: [n; 16],
        channel_id: "c".into(),
        counterparty: "p".into(),
        funding_tx: funded.then(|| TxId::from_bytes([n; 32])),
        funding_index: 0,
        got: msat(got),
        given: msat(given),
        opened_at: Timestamp::default(),
        closing: None,
        address: None,
        announced: false,
        splicing: None,
        spliced: Vec::new(),
        state,
    })
}

fn closed_by(n: u8, tx: u8, cost: u64) -> Command {
    Command::RecordClosing {
        user_channel_id: [n; 16],
        closing: Some(Closing {
            tx_id: TxId::from_bytes([tx; 32]),
            height: Some(9),
        }),
        cost: msat(cost),
    }
}

fn held(bench: &Bench) -> (i128, i128, i128) {
    let held = |account| bench.balance(account).debit_msat();
    (
        held(Account::Lightning),
        held(Account::Closing),
        held(Account::Onchain),
    )
}

fn reconcile(bench: &Bench, channels: i128, closing: i128, onchain: i128) -> Command {
    Command::Reconcile {
        figures: Figures {
            channels_low_msat: channels,
            channels_high_msat: channels + 999,
            closing_msat: closing,
            onchain_msat: onchain,
        },
        seq: bench.state.progress().seq,
    }
}

#[test]
fn the_chain_s_money_is_booked_once() {
    let mut bench = Bench::new();
    assert!(bench.must(book(1, Purpose::Deposit, 900_000, 0)));
    assert!(!bench.must(book(1, Purpose::Deposit, 900_000, 0)));
    bench.must(book(2, Purpose::ChannelFunding, 500_000, 2_000));
    bench.must(book(3, Purpose::ChannelProceeds, 100_000, 0));
    assert_eq!(bench.owns(HOUSE), 898_000);
    assert_eq!(held(&bench), (500_000, -100_000, 498_000));
    let fees = bench.balance(Account::FeesChain);
    assert_eq!((fees.debits_posted, fees.credits_posted), (2_000, 2_000));
}

#[test]
fn what_a_channel_s_opener_gives_changes_hands_once() {
    let mut bench = Bench::new();
    bench.must(channel(1, 7_000, 0, ChannelState::Pending, true));
    bench.must(channel(1, 9_000, 0, ChannelState::Ready, true));
    assert!(
        !bench.must(channel(1, 9_000, 0, ChannelState::Pending, true)),
        "never back"
    );
    assert_eq!(bench.owns(HOUSE), 7_000);
    bench.must(channel(2, 0, 3_000, ChannelState::Opening, false));
    assert_eq!(bench.owns(HOUSE), 7_000, "asked for is not given");
    bench.must(channel(2, 0, 0, ChannelState::Pending, true));
    assert_eq!(bench.owns(HOUSE), 4_000);
    bench.must(channel(3, 0, 3_000, ChannelState::Opening, false));
    bench.must(channel(3, 0, 0, ChannelState::Closed, false));
    assert_eq!(
        bench.owns(HOUSE),
        4_000,
        "a channel that never came to be costs nothing"
    );
}

/// A channel of 500,000 of ours is closed; 490,000 come back, in two steps.
fn closing() -> Bench {
    let mut bench = Bench::new();
    bench.must(book(1, Purpose::Deposit, 600_000, 0));
    bench.must(channel(2, 0, 0, ChannelState::Pending, true));
    bench.must(book(2, Purpose::ChannelFunding, 500_000, 0));
    bench.must(channel(2, 0, 0, ChannelState::Closed, true));
    bench
}

#[test]
fn a_closed_channel_s_money_takes_three_steps_and_its_cost_is_the_house_s() {
    let mut bench = closing();
    bench.must(closed_by(2, 3, 8_000));
    bench.must(reconcile(&bench, 0, 492_500, 100_000));
    // What the node has in open channels is told to 999 msat, and no more than that is left.
    assert_eq!(held(&bench), (999, 492_500, 100_000));
    assert_eq!(bench.owns(HOUSE), 593_499);
    bench.must(Command::BookOnchain(OnchainSeen {
        tx_id: TxId::from_bytes([4; 32]),
        purpose: Purpose::ChannelProceeds,
        amount: msat(490_000),
        fee: Msat::ZERO,
        height: Some(20),
        cost: msat(2_500),
    }));
    bench.must(reconcile(&bench, 0, 0, 590_000));
    assert_eq!(held(&bench), (999, 0, 590_000));
    assert_eq!(bench.owns(HOUSE), 590_999);
    let fees = bench.balance(Account::FeesChain);
    assert_eq!((fees.debits_posted, fees.credits_posted), (9_001, 9_001));
    assert!(bench.alarms().is_empty());
    assert!(!bench.must(reconcile(&bench, 0, 0, 590_000)), "once");
}

/// The wallet has a closed channel's money before it is seen to have left the channel: nobody else
/// owns it meanwhile.
#[test]
fn proceeds_on_their_way_do_not_keep_the_house_from_paying() {
    let mut bench = closing();
    bench.must(book(4, Purpose::ChannelProceeds, 490_000, 0));
    assert_eq!(held(&bench), (500_000, -490_000, 590_000));
    let spendable = bench.state.house_spendable(msat(50_000)).expect("readable");
    assert_eq!(
        spendable,
        msat(50_000),
        "what another channel carries is the house's"
    );
}

#[test]
fn what_nothing_explains_is_not_booked_and_alarms_once() {
    let mut bench = closing();
    bench.must(closed_by(2, 3, 5_000));
    let before = (held(&bench), bench.owns(HOUSE));
    bench.must(reconcile(&bench, 0, 490_000, 100_000));
    assert_eq!((held(&bench), bench.owns(HOUSE)), before);
    let difference_msat = 9_001;
    assert_eq!(bench.alarms(), [Alarm::Unexplained { difference_msat }]);
    assert!(!bench.must(reconcile(&bench, 0, 490_000, 100_000)));
    bench.must(reconcile(&bench, 500_000, 0, 100_000));
    assert_eq!(bench.alarms().len(), 1, "it has gone away by itself");
    // Money that nobody knows of is no income, either, but what forwarding earned is.
    bench.must(reconcile(&bench, 502_000, 0, 100_000));
    assert_eq!(bench.owns(HOUSE), 600_000);
    bench.must(Command::NoteRouting {
        earned: msat(3_000),
    });
    bench.must(reconcile(&bench, 502_000, 0, 100_000));
    assert_eq!(bench.owns(HOUSE), 602_000);
}

#[test]
fn nothing_is_compared_while_anything_is_on_its_way() {
    let mut bench = closing();
    bench.earn(100, HOUSE, 50_000);
    let old = reconcile(&bench, 550_000, 0, 100_000);
    bench.must(reserve(1, HOUSE, 1_000, 0));
    assert_eq!(
        bench.run(old),
        Err(Refusal::WrongState),
        "others came since"
    );
    let pending = reconcile(&bench, 550_000, 0, 100_000);
    assert_eq!(bench.run(pending), Err(Refusal::WrongState));
}

#[test]
fn a_deposit_that_a_reorg_takes_away_is_taken_back_and_credited_again() {
    let mut bench = Bench::new();
    let reverse = || Command::ReverseDeposit {
        tx_id: TxId::from_bytes([1; 32]),
    };
    bench.must(book(1, Purpose::Deposit, 900_000, 0));
    assert!(bench.must(reverse()));
    assert!(!bench.must(reverse()));
    assert_eq!((bench.owns(HOUSE), held(&bench).2), (0, 0));
    assert!(matches!(
        bench.alarms()[..],
        [Alarm::DepositReversed { .. }]
    ));
    assert!(bench.must(book(1, Purpose::Deposit, 900_000, 0)));
    assert!(!bench.must(book(1, Purpose::Deposit, 900_000, 0)));
    assert_eq!((bench.owns(HOUSE), held(&bench).2), (900_000, 900_000));
}

#[test]
fn a_channel_is_closed_for_good_six_deep() {
    let mut bench = closing();
    bench.must(closed_by(2, 3, 0));
    let row = bench.get::<Channel>(&[2; 16]);
    assert_eq!(
        [13, 14].map(|height| row.closed_for_good(height)),
        [false, true]
    );
    bench.must(Command::RecordClosing {
        user_channel_id: [2; 16],
        closing: None,
        cost: Msat::ZERO,
    });
    assert!(
        !bench.get::<Channel>(&[2; 16]).closed_for_good(1_000),
        "a reorg"
    );
}

proptest! {
    /// Whatever the node says: the books stay double, a difference beyond what was seen to happen
    /// is never booked, and what is booked makes ledger and node agree.
    #[test]
    fn ledger_and_node_agree_or_somebody_is_told(
        (channels, back, onchain) in (0..700_000i128, 0..700_000i128, 0..2u8),
        (cost, earned) in (0..20_000u64, 0..20_000u64),
    ) {
        let mut bench = closing();
        bench.must(closed_by(2, 3, cost));
        bench.must(Command::NoteRouting { earned: msat(earned) });
        let onchain = if onchain == 0 { 100_000 } else { 100_001 };
        let before = bench.owns(HOUSE);
        bench.must(reconcile(&bench, channels, back, onchain));
        let (lightning, closing, chain) = held(&bench);
        let sum = lightning + closing + chain;
        prop_assert_eq!(bench.owns(HOUSE), sum, "what is owned is what is held");
        let lost = before - bench.owns(HOUSE);
        prop_assert!((-i128::from(earned)..=i128::from(cost)).contains(&lost));
        let agrees = (channels..=channels + 999).contains(&lightning)
            && (closing, chain) == (back, onchain);
        prop_assert_eq!(agrees, bench.alarms().is_empty());
        prop_assert!(agrees || lost == 0, "nothing is booked beside an alarm");
        prop_assert!(!bench.must(reconcile(&bench, channels, back, onchain)), "once");
    }
}

#[test]
fn a_splice_has_a_channel_hang_on_another_output() {
    let mut bench = Bench::new();
    let ready = |n: u8| {
        let Command::RecordChannel(row) = channel(1, 0, 0, ChannelState::Ready, true) else {
            panic!("a channel")
        };
        Command::RecordChannel(Channel {
            funding_tx: Some(TxId::from_bytes([n; 32])),
            ..row
        })
    };
    let splice = |n: Option<u8>| Command::RecordSplice {
        channel: [1; 16],
        funding: n.map(|n| Funding {
            tx_id: TxId::from_bytes([n; 32]),
            index: 0,
        }),
    };
    assert!(!bench.must(splice(Some(5))), "of a channel nobody knows");
    bench.must(ready(1));
    let row = |bench: &Bench| bench.get::<Channel>(&[1; 16]);
    assert!(bench.must(splice(Some(5))));
    assert!(!bench.must(splice(Some(5))), "told again");
    assert_eq!(row(&bench).fundings().count(), 2);
    assert!(bench.must(splice(None)));
    assert_eq!(row(&bench).fundings().count(), 1, "it failed");

    bench.must(splice(Some(6)));
    let events = bench.get::<Progress>(&()).event_id;
    assert!(bench.must(ready(6)));
    assert!(!bench.must(ready(6)), "told again");
    assert!(!bench.must(splice(Some(6))), "told again, too late");
    let now: Vec<_> = row(&bench).fundings().collect();
    assert_eq!(now, [(TxId::from_bytes([6; 32]), 0)]);
    assert_eq!(
        bench.get::<Progress>(&()).event_id,
        events,
        "no second opening"
    );
    let by = |n: u8| row(&bench).was_spliced_by(TxId::from_bytes([n; 32]));
    assert_eq!([1, 5, 6].map(by), [false, false, true]);
    bench.must(channel(1, 0, 0, ChannelState::Closed, true));
    assert!(!bench.must(ready(7)), "a closed channel stays where it was");
    assert_eq!(row(&bench).funding_tx, Some(TxId::from_bytes([6; 32])));
}

#[test]
fn splices_move_money_and_whoever_sends_it_pays_the_miners() {
    let mut bench = Bench::new();
    bench.must(book(1, Purpose::Deposit, 900_000, 0));
    bench.must(book(2, Purpose::ChannelFunding, 500_000, 0));
    bench.must(book(3, Purpose::SpliceIn, 200_000, 3_000));
    assert_eq!(held(&bench), (700_000, 0, 197_000));
    bench.must(book(4, Purpose::SpliceOut, 100_000, 2_000));
    assert!(
        !bench.must(book(4, Purpose::SpliceOut, 100_000, 2_000)),
        "once"
    );
    assert_eq!(held(&bench), (598_000, 0, 297_000));
    assert_eq!(bench.owns(HOUSE), 895_000);
    let fees = bench.balance(Account::FeesChain);
    assert_eq!((fees.debits_posted, fees.credits_posted), (5_000, 5_000));
}
