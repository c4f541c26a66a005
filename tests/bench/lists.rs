//! What lists, history and counts of a wallet cost after many sales: each query many times on views that
//! a genuine journal filled. What HTTP and JSON cost comes on top.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use till::id::WalletId;
use till::ledger::{Command, Decision, WalletRef, decide};
use till::meta::Meta;
use till::time::Timestamp;
use till_actors::journal::Journal;
use till_actors::service::{ListQuery, ListRow, Order, Period};
use till_actors::views::{Brief, Facet, Standing, Views, catch_up};

use super::{Failure, work};

/// Sizes, where nobody says.
const PAYMENTS: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Sales that are written at once.
const BATCH: u64 = 1_000;
/// How often each query is made; less often where that takes longer than [`MAX_READING`].
const READS: usize = 100;
/// What one line of the table may take.
const MAX_READING: Duration = Duration::from_secs(10);
/// The wallet.
const WALLET: WalletId = WalletId::from_bytes([7; 16]);
/// From one sale to the next: a million take a year.
const APART_MILLIS: u64 = 31_500;
/// 2024-01-01
const BEGIN_MILLIS: u64 = 1_704_067_200_000;

pub(crate) fn run(sizes: &[u64]) -> Result<(), Failure> {
    let sizes = if sizes.is_empty() { &PAYMENTS } else { sizes };
    println!("| payments | query | p50 | p99 |");
    println!("| --- | --- | --- | --- |");
    for payments in sizes {
        let dir = tempfile::tempdir_in(".")?;
        let begun = Instant::now();
        let views = write(dir.path(), *payments)?;
        let secs = begun.elapsed().as_secs_f64();
        for (name, query) in queries(*payments) {
            let read = || Ok(views.list(&query)?.rows.len());
            time(*payments, name, read)?;
        }
        for (name, query, period) in histories(*payments) {
            let read = || Ok(views.history(&query, period)?.points.len());
            time(*payments, name, read)?;
        }
        for (name, query, by) in counts(*payments) {
            let read = || Ok(views.counts(&query, by)?.0.len());
            time(*payments, name, read)?;
        }
        let breakdown = || Ok(views.tallies(&all(), Facet::Tag)?.0.len());
        time(*payments, "breakdown by tag", breakdown)?;
        println!("| {payments} | (written in {secs:.0} s) | | |");
        views.close();
    }
    Ok(())
}

fn all() -> ListQuery {
    ListQuery::all(vec![WALLET])
}

/// From a quarter past some hour in the first half of the time to a quarter past one near its end.
fn between(payments: u64) -> ListQuery {
    let at = |part: u64| {
        let since = payments * part / 10 * APART_MILLIS;
        Some(Timestamp::from_millis(BEGIN_MILLIS + since + 900_000))
    };
    ListQuery {
        from: at(3),
        to: at(9),
        ..all()
    }
}

fn success(query: ListQuery) -> ListQuery {
    ListQuery {
        standings: Some(vec![Standing::Success]),
        ..query
    }
}

fn tagged(tag: &str, query: ListQuery) -> ListQuery {
    ListQuery {
        tags: Some(vec![tag.to_owned()]),
        ..query
    }
}

/// History; what wallets' statistics and months ask for is history by day.
fn histories(payments: u64) -> Vec<(&'static str, ListQuery, Period)> {
    let some = between(payments);
    vec![
        ("history by hour", all(), Period::Hour),
        ("history by day (month, daily, wallets)", all(), Period::Day),
        ("history by hour, between", some.clone(), Period::Hour),
        ("history by day, between", some, Period::Day),
        (
            "history by day, a tag",
            tagged("lnurlp", all()),
            Period::Day,
        ),
    ]
}

fn counts(payments: u64) -> Vec<(&'static str, ListQuery, Facet)> {
    let some = || between(payments);
    vec![
        ("counts by tag", all(), Facet::Tag),
        ("counts by status", all(), Facet::Status),
        ("counts by extension", all(), Facet::Extension),
        ("counts by tag, between", some(), Facet::Tag),
        ("counts by status, between", some(), Facet::Status),
        ("counts by tag, settled", success(all()), Facet::Tag),
        (
            "counts by status, a tag",
            tagged("tpos", all()),
            Facet::Status,
        ),
    ]
}

/// What is asked, and in which words. Every page has twenty rows.
fn queries(payments: u64) -> Vec<(&'static str, ListQuery)> {
    let page = |query: ListQuery| ListQuery { limit: 20, ..query };
    let first = || page(all());
    let oldest = |query: ListQuery| ListQuery {
        order: Order::Oldest,
        ..query
    };
    let skipping = |offset, query: ListQuery| ListQuery { offset, ..query };
    let worth = |low, high| ListQuery {
        amount_msat: Some((low, high)),
        ..first()
    };
    let deep = usize::try_from(payments).unwrap_or(0) * 9 / 10;
    // As a search for a text does it, which is found nowhere.
    let words = |brief: &Brief, _: WalletRef| brief.memo.to_lowercase().contains("sandwich");
    let looked_for = |query: ListQuery| ListQuery {
        glance: Some(Arc::new(words)),
        ..query
    };
    let part_of_hash = |row: &ListRow| match row {
        ListRow::Invoice(invoice) => invoice.hash.as_bytes().starts_with(b"till"),
        ListRow::Payment(_) => false,
    };
    let by_hash = ListQuery {
        matches: Some(Arc::new(part_of_hash)),
        ..first()
    };
    let by_fee = |one: &Brief, other: &Brief| one.fee_msat.cmp(&other.fee_msat);
    vec![
        ("first page, and how many there are", first()),
        ("page after nine tenths", skipping(deep, first())),
        ("last page", oldest(first())),
        ("settled, first", success(first())),
        (
            "settled, after eight tenths of all",
            skipping(deep * 8 / 9, success(first())),
        ),
        ("a tag of one in ten", tagged("tpos", first())),
        (
            "a tag of one in a hundred, its last page",
            oldest(tagged("lnurlp", first())),
        ),
        ("between two moments", page(between(payments))),
        (
            "settled with a tag, between",
            page(success(tagged("tpos", between(payments)))),
        ),
        ("whatever came", worth(1, i64::MAX)),
        ("one amount, that of none", worth(1_000, 1_999)),
        ("one amount, that of all", worth(2_500_000, 2_500_999)),
        ("free search (the newest 10,000)", looked_for(first())),
        (
            "free search with a tag of one in ten",
            looked_for(tagged("tpos", first())),
        ),
        ("a part of a hash (the newest 10,000)", by_hash),
        (
            "sorted by fee (the newest 10,000)",
            ListQuery {
                order: Order::Sorted(Arc::new(by_fee)),
                ..first()
            },
        ),
    ]
}

fn time(
    payments: u64,
    name: &str,
    read: impl Fn() -> Result<usize, Failure>,
) -> Result<(), Failure> {
    let mut took = Vec::new();
    let first = Instant::now();
    while took.len() < READS && first.elapsed() < MAX_READING {
        let begun = Instant::now();
        read()?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let ms = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!(
        "| {payments} | {name} | {:.2} ms | {:.2} ms |",
        ms(50),
        ms(99)
    );
    Ok(())
}

fn write(dir: &Path, payments: u64) -> Result<Views, Failure> {
    let mut journal = Journal::open(&dir.join("journal.sqlite"), "regtest")?;
    let views = Views::open(&dir.join("views"))?;
    let mut state = catch_up(&journal, &views)?;
    for first in (0..payments).step_by(usize::try_from(BATCH)?) {
        let (mut records, mut changes) = (Vec::new(), Vec::new());
        for n in first..payments.min(first + BATCH) {
            let now = Timestamp::from_millis(BEGIN_MILLIS + n * APART_MILLIS);
            for command in sale(n) {
                let Decision::Commit(record) = decide(&state, command, now)? else {
                    return Err("a repeat".into());
                };
                changes.push(state.evolve(&record)?);
                records.push(record);
            }
        }
        journal.append(records.iter())?;
        views.apply(&changes.iter().collect::<Vec<_>>(), journal.head())?;
        state.forget_through(u64::MAX);
    }
    Ok(views)
}

/// One sale in the wallet; every twentieth is never paid.
fn sale(n: u64) -> Vec<Command> {
    let tag = match n % 100 {
        7 => Some("lnurlp"),
        n if n % 10 == 3 => Some("tpos"),
        _ => None,
    };
    let meta = Meta {
        tag: tag.map(str::to_owned),
        ..Meta::default()
    };
    let mut commands = work::sale(n);
    if let Some(Command::DraftInvoice(draft)) = commands.first_mut() {
        draft.wallet = WalletRef::Wallet(WALLET);
        draft.meta = meta;
    }
    let wanted = if n % 20 == 11 { 2 } else { usize::MAX };
    commands.into_iter().take(wanted).collect()
}
