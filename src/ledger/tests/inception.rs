//! Books that begin with a recovery from the seed: their first record says so, and what the wallet did before
//! is the opening balance.

use super::bench::*;
use super::spends::tx;
use crate::inception::Inception;
use crate::ledger::{Account, Command, InceptionCommand, OnchainSeen, Refusal};
use crate::money::Msat;
use crate::treasury::Purpose;

fn before(n: u8, purpose: Purpose, amount: u64) -> Command {
    Command::BookOnchain(OnchainSeen {
        tx_id: tx(n),
        purpose,
        amount: msat(amount),
        fee: Msat::ZERO,
        height: Some(7),
        cost: Msat::ZERO,
    })
}

#[test]
fn the_beginning_is_the_first_that_is_said_and_its_block_is_said_once() {
    let mut bench = Bench::new();
    assert!(bench.must(InceptionCommand::Begin));
    assert!(!bench.must(InceptionCommand::Begin));
    assert!(bench.must(InceptionCommand::At { height: 120 }));
    assert!(!bench.must(InceptionCommand::At { height: 121 }));
    assert_eq!(bench.get::<Inception>(&()).height, Some(120));

    let mut bench = Bench::new();
    bench.earn(1, HOUSE, 1_000);
    for late in [InceptionCommand::Begin, InceptionCommand::At { height: 9 }] {
        assert_eq!(bench.run(late), Err(Refusal::WrongState));
    }
}

#[test]
fn what_the_wallet_did_before_is_the_house_s_and_no_news() {
    let mut bench = Bench::new();
    bench.must(InceptionCommand::Begin);
    for _ in 0..2 {
        bench.must(before(1, Purpose::OpeningIn, 20_000_000));
        bench.must(before(2, Purpose::OpeningOut, 3_000_500));
    }
    assert_eq!(bench.owns(HOUSE), 16_999_500);
    assert_eq!(bench.balance(Account::Onchain).debit_msat(), 16_999_500);
    assert_eq!(bench.balance(Account::FeesChain).debits_posted, 0);
    let told = bench.records.iter().flat_map(|record| &record.events);
    assert_eq!(told.count(), 0);
    assert_eq!(bench.state.counters(HOUSE).expect("readable").invoices, 0);
}
