//! What lists, history and counts of a wallet cost after many sales: each query many times on views that
//! a genuine journal filled. What HTTP and JSON cost comes on top.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use till::id::WalletId;
use till::ledger::{Command, Decision, WalletRef, decide};
use till::meta::Meta;
use till::time::Timestamp;
use till_actors::journal::Journal;
use till_actors::service::{ListQuery, ListRow, Order, Period};
use till_actors::views::{Facet, Standing, Views, catch_up};

use super::{Failure, work};

/// Sizes, where nobody says.
const PAYMENTS: [u64; 2] = [1_000, 100_000];
/// Sales that are written at once.
const BATCH: u64 = 1_000;
/// How often each query is made.
const READS: usize = 100;
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
        let all = || ListQuery::all(vec![WALLET]);
        time(*payments, "history by day and by month", || {
            Ok(views.history(&all(), Period::Day)?.points.len())
        })?;
        time(*payments, "history by hour", || {
            Ok(views.history(&all(), Period::Hour)?.points.len())
        })?;
        time(*payments, "counts by tag", || {
            Ok(views.counts(&all(), Facet::Tag)?.0.len())
        })?;
        println!("| {payments} | (written in {secs:.0} s) | | |");
        views.close();
    }
    Ok(())
}

/// What is asked, and in which words. Every page has twenty rows.
fn queries(payments: u64) -> Vec<(&'static str, ListQuery)> {
    let page = |query: ListQuery| ListQuery { limit: 20, ..query };
    let all = || page(ListQuery::all(vec![WALLET]));
    let deep = usize::try_from(payments).unwrap_or(0) * 9 / 10;
    let success = || ListQuery {
        standings: Some(vec![Standing::Success]),
        ..all()
    };
    let tagged = |tag: &str| ListQuery {
        tags: Some(vec![tag.to_owned()]),
        ..all()
    };
    let middle = BEGIN_MILLIS + payments / 2 * APART_MILLIS;
    let words = |row: &ListRow| match row {
        ListRow::Invoice(invoice) => invoice.external_id.as_deref() == Some("order-7"),
        ListRow::Payment(_) => false,
    };
    vec![
        ("newest page, and how many there are", all()),
        (
            "page after nine tenths",
            ListQuery {
                offset: deep,
                ..all()
            },
        ),
        ("settled, newest", success()),
        (
            "settled, after eight tenths of all",
            ListQuery {
                offset: deep * 8 / 9,
                ..success()
            },
        ),
        ("a tag of one in ten", tagged("tpos")),
        (
            "a tag of one in a hundred, its last page",
            ListQuery {
                order: Order::Oldest,
                ..tagged("lnurlp")
            },
        ),
        (
            "settled with a tag, in the second half of the time",
            ListQuery {
                from: Some(Timestamp::from_millis(middle)),
                ..ListQuery {
                    tags: Some(vec!["tpos".into()]),
                    ..success()
                }
            },
        ),
        (
            "whatever came",
            ListQuery {
                amount_msat: Some((1, i64::MAX)),
                ..all()
            },
        ),
        (
            "free search (the newest 10,000)",
            ListQuery {
                matches: Some(Arc::new(words)),
                ..all()
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
    for _ in 0..READS {
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
