//! Closing time: the till is stopped, its journal replayed from the first record, and the ledger
//! put to what the node said it held.

use till::ledger::{Account, Balance};
use till::treasury::Allowance;
use till_actors::journal::Journal;
use till_actors::views::{Views, catch_up};

use crate::shop::Shop;

/// What the opener of a channel leaves in its two anchor outputs (BOLT 3). The node does not count
/// it as ours, the ledger does until the channel closes.
const ANCHORS_SAT: i128 = 660;
/// Each channel's balance is told in whole satoshis.
const ROUNDING_SAT: i128 = 1;

pub async fn close_and_check(shop: Shop) {
    let channels = shop.get("/wallet/channels").await;
    let pending = pending_payments(&shop).await;
    let (accounts, allowed) = replay(&shop).await;
    let balance = |account| balance(&accounts, account);

    let sum = |column: fn(&Balance) -> u64| -> u128 {
        accounts
            .iter()
            .map(|balance| u128::from(column(balance)))
            .sum()
    };
    assert_eq!(sum(|b| b.debits_posted), sum(|b| b.credits_posted));
    assert_eq!(sum(|b| b.debits_pending), sum(|b| b.credits_pending));
    let house = balance(Account::HOUSE);
    assert_eq!(
        house.debits_pending == 0,
        pending == 0,
        "money is set aside for nothing"
    );

    let channels = channels.as_array().unwrap();
    let held: i128 = channels
        .iter()
        .map(|c| i128::from(c["balanceSat"].as_i64().unwrap()))
        .sum();
    let closing = balance(Account::Closing).debit_msat();
    let booked = balance(Account::Lightning).debit_msat() + closing;
    let booked = booked.div_euclid(1_000);
    let slack = (ANCHORS_SAT + ROUNDING_SAT) * i128::try_from(channels.len()).unwrap();
    // What closings cost is booked once nothing else can explain a difference.
    let slack = slack + i128::from(allowed.closing_msat.div_ceil(1_000));
    if pending == 0 {
        let off = booked - held;
        assert!(
            (-slack..=slack).contains(&off),
            "booked {booked} sat, channels hold {held} sat"
        );
    }
    let assets: i128 = [Account::Lightning, Account::Closing, Account::Onchain]
        .map(|account| balance(account).debit_msat())
        .iter()
        .sum();
    let owned: i128 = accounts
        .iter()
        .filter(|balance| matches!(balance.account, Account::Wallet(_)))
        .map(Balance::credit_msat)
        .sum();
    assert_eq!(
        owned, assets,
        "what the house and the wallets own is what the node holds"
    );
}

/// Stops everything and replays the journal: all accounts as it adds up to them.
pub async fn close_and_replay(shop: &Shop) -> Vec<Balance> {
    replay(shop).await.0
}

async fn replay(shop: &Shop) -> (Vec<Balance>, Allowance) {
    let data_dir = shop.world.dir().join("till");
    shop.world.stop().await.unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let journal = Journal::open(&data_dir.join("journal.sqlite"), "regtest").unwrap();
    let views = Views::open(scratch.path()).unwrap();
    catch_up(&journal, &views).unwrap();
    let allowed = views.get::<Allowance>(&()).unwrap();
    (views.all::<Balance>().unwrap(), allowed.unwrap_or_default())
}

/// One of these accounts.
pub fn balance(accounts: &[Balance], account: Account) -> Balance {
    let found = accounts.iter().find(|balance| balance.account == account);
    found.copied().unwrap_or(Balance::empty(account))
}

async fn pending_payments(shop: &Shop) -> usize {
    let rows = shop.get("/wallet/payments/outgoing?limit=1000").await;
    rows.as_array()
        .unwrap()
        .iter()
        .filter(|row| row["status"] == "PENDING")
        .count()
}
