//! What must hold of any ledger, looked at in the replayed rows alone. Owns the list.

use std::collections::BTreeMap;

use till::ledger::{Account, Balance, WalletRef};

use super::report::{AuditError, Invariant};
use super::words;
use crate::views::Views;

/// Checks all of them.
pub(super) fn check(views: &Views) -> Result<Vec<Invariant>, AuditError> {
    let accounts: Vec<Balance> = views.all()?;
    Ok(vec![
        sums_agree(&accounts),
        nobody_owes(&accounts),
        fees_pass_through(&accounts),
        reservations_have_payments(views, &accounts)?,
        events_have_no_gap(views)?,
    ])
}

fn sum(accounts: &[Balance], column: fn(&Balance) -> u64) -> u128 {
    let columns = accounts.iter().map(|account| u128::from(column(account)));
    columns.sum()
}

fn sums_agree(accounts: &[Balance]) -> Invariant {
    let posted = (
        sum(accounts, |b| b.debits_posted),
        sum(accounts, |b| b.credits_posted),
    );
    let pending = (
        sum(accounts, |b| b.debits_pending),
        sum(accounts, |b| b.credits_pending),
    );
    Invariant {
        name: "debits equal credits in both columns",
        holds: posted.0 == posted.1 && pending.0 == pending.1,
        detail: format!(
            "posted {} and {} msat, pending {} and {} msat",
            posted.0, posted.1, pending.0, pending.1
        ),
    }
}

fn nobody_owes(accounts: &[Balance]) -> Invariant {
    let below = accounts.iter().filter(|balance| match balance.account {
        Account::Wallet(WalletRef::Wallet(_)) => balance.available_msat() < 0,
        Account::Wallet(WalletRef::House)
        | Account::Lightning
        | Account::Closing
        | Account::Onchain
        | Account::FeesChain
        | Account::FeesLsp => false,
    });
    let below: Vec<String> = below
        .map(|balance| {
            format!(
                "{}: {} msat",
                words::account(balance.account),
                balance.available_msat()
            )
        })
        .collect();
    Invariant {
        name: "no wallet but the house is below zero",
        holds: below.is_empty(),
        detail: below.join(", "),
    }
}

fn fees_pass_through(accounts: &[Balance]) -> Invariant {
    let left = accounts.iter().filter(|balance| match balance.account {
        Account::FeesChain | Account::FeesLsp => balance.credit_msat() != 0,
        Account::Wallet(_) | Account::Lightning | Account::Closing | Account::Onchain => false,
    });
    let left: Vec<String> = left
        .map(|balance| {
            format!(
                "{}: {} msat",
                words::account(balance.account),
                balance.credit_msat()
            )
        })
        .collect();
    Invariant {
        name: "fees are passed through",
        holds: left.is_empty(),
        detail: left.join(", "),
    }
}

/// Money is set aside for payments that are pending, all of it, and for nothing else.
fn reservations_have_payments(
    views: &Views,
    accounts: &[Balance],
) -> Result<Invariant, AuditError> {
    let mut wanted: BTreeMap<WalletRef, u128> = BTreeMap::new();
    for payment in views.pending_payments()? {
        let reserved = payment.reserved().map_or(0, |amount| amount.get());
        *wanted.entry(payment.wallet).or_default() += u128::from(reserved);
    }
    let mut wrong = Vec::new();
    for balance in accounts {
        let (expected, found) = match balance.account {
            Account::Wallet(wallet) => (
                wanted.remove(&wallet).unwrap_or_default(),
                balance.debits_pending,
            ),
            Account::Lightning
            | Account::Closing
            | Account::Onchain
            | Account::FeesChain
            | Account::FeesLsp => (0, balance.debits_pending),
        };
        if expected != u128::from(found) {
            let name = words::account(balance.account);
            wrong.push(format!(
                "{name}: {found} msat set aside, {expected} msat pending"
            ));
        }
    }
    for (wallet, expected) in wanted {
        let name = words::wallet(wallet);
        wrong.push(format!(
            "{name}: nothing set aside, {expected} msat pending"
        ));
    }
    Ok(Invariant {
        name: "money is set aside for pending payments, and for nothing else",
        holds: wrong.is_empty(),
        detail: wrong.join(", "),
    })
}

fn events_have_no_gap(views: &Views) -> Result<Invariant, AuditError> {
    /// Events read at once.
    const PAGE: usize = 1_000;
    let last = views.progress().event_id;
    let mut seen = 0;
    loop {
        let page = views.events_after(seen, PAGE)?;
        for event in &page {
            if event.id != seen + 1 {
                return Ok(events(
                    false,
                    format!("event {} follows event {seen}", event.id),
                ));
            }
            seen = event.id;
        }
        if page.len() < PAGE {
            return Ok(events(
                seen == last,
                format!("{seen} events, the last one is {last}"),
            ));
        }
    }
}

fn events(holds: bool, detail: String) -> Invariant {
    Invariant {
        name: "events are numbered without a gap",
        holds,
        detail,
    }
}
