//! What a till's past costs: start-up, memory, disk and lists after many sales. The journal is a
//! genuine one, decided record by record; the till that opens it is whole but for its node.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::fake_node::FakeNode;
use till::ledger::{Decision, WalletRef, decide};
use till_actors::chain::ChainSource;
use till_actors::hub::HubLimits;
use till_actors::journal::Journal;
use till_actors::service::{InvoiceQuery, Policy, Service};
use till_actors::till::{NodeSource, Till, TillConfig};
use till_actors::views::{Views, catch_up};

use super::{Failure, work};

/// Sizes, where nobody says.
const PAYMENTS: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Sales that are written at once.
const BATCH: u64 = 1_000;
/// How often each list is read.
const READS: usize = 200;

pub(crate) async fn run(sizes: &[u64]) -> Result<(), Failure> {
    let sizes = if sizes.is_empty() { &PAYMENTS } else { sizes };
    println!(
        "| payments | start | start with the views lost | memory | journal | views | newest page, p50 / p99 | oldest page, p50 / p99 |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for payments in sizes {
        one(*payments).await?;
    }
    Ok(())
}

async fn one(payments: u64) -> Result<(), Failure> {
    let dir = tempfile::tempdir_in(".")?;
    write(dir.path(), payments)?;
    // A start of its own process would have no other memory; the growth is what counts.
    let before = rss_mb()?;
    let begun = Instant::now();
    let till = start(dir.path()).await?;
    let started = begun.elapsed();
    let service = till.service();
    let newest = read(&service, 0).await?;
    let oldest = read(&service, usize::try_from(payments)?.saturating_sub(20)).await?;
    let memory = rss_mb()? - before;
    drop(service);
    till.stop().await;
    let (journal, views) = (
        size_mb(&dir.path().join("journal.sqlite"))?,
        size_mb(&dir.path().join("views"))?,
    );
    std::fs::remove_dir_all(dir.path().join("views"))?;
    let begun = Instant::now();
    let till = start(dir.path()).await?;
    let rebuilt = begun.elapsed();
    till.stop().await;
    println!(
        "| {payments} | {:.2} s | {:.1} s | {memory} MB | {journal} MB | {views} MB | {newest} | {oldest} |",
        started.as_secs_f64(),
        rebuilt.as_secs_f64(),
    );
    Ok(())
}

fn write(dir: &Path, payments: u64) -> Result<(), Failure> {
    let mut journal = Journal::open(&dir.join("journal.sqlite"), "regtest")?;
    let views = Views::open(&dir.join("views"))?;
    let mut state = catch_up(&journal, &views)?;
    for first in (0..payments).step_by(usize::try_from(BATCH)?) {
        let (mut records, mut changes) = (Vec::new(), Vec::new());
        for command in (first..payments.min(first + BATCH)).flat_map(work::sale) {
            let Decision::Commit(record) = decide(&state, command, work::now())? else {
                return Err("a repeat".into());
            };
            changes.push(state.evolve(&record)?);
            records.push(record);
        }
        journal.append(records.iter())?;
        views.apply(&changes.iter().collect::<Vec<_>>(), journal.head())?;
        state.forget_through(u64::MAX);
    }
    views.close();
    Ok(())
}

async fn start(dir: &Path) -> Result<Till, Failure> {
    let config = TillConfig {
        data_dir: dir.to_owned(),
        network: bitcoin::Network::Regtest,
        chain: ChainSource::Esplora("http://127.0.0.1:9".into()),
        policy: Policy::default(),
        max_in_flight: 4,
        recheck: Duration::from_secs(3_600),
        credit_depth: 1,
        scan_every: Duration::from_secs(3_600),
        sync_too: false,
        outbound: till_actors::outbound::OutboundPolicy::default(),
        rates: till_actors::rates::RatesConfig::default(),
        disk_floor_bytes: 0,
        health_every: Duration::from_secs(60),
        hub: HubLimits {
            max_subscribers: 2,
            max_lag: 3,
        },
    };
    let source = NodeSource::Running(Arc::new(FakeNode::default()));
    Ok(Till::start(config, [7; 64].into(), source).await?)
}

/// Twenty rows, after `offset` newer ones.
async fn read(service: &Service, offset: usize) -> Result<String, Failure> {
    let mut took = Vec::new();
    for _ in 0..READS {
        let query = InvoiceQuery {
            wallet: WalletRef::House,
            paid_only: true,
            from: None,
            to: None,
            external_id: None,
            offset,
            limit: 20,
        };
        let begun = Instant::now();
        let rows = service.incoming(query).await?;
        took.push(begun.elapsed());
        if rows.len() != 20 {
            return Err(format!("{} rows", rows.len()).into());
        }
    }
    took.sort_unstable();
    let ms = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    Ok(format!("{:.2} / {:.2} ms", ms(50), ms(99)))
}

/// What this process has in memory.
fn rss_mb() -> Result<i64, Failure> {
    Ok(i64::try_from(rss_kb()? / 1_024)?)
}

pub(crate) fn rss_kb() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.ok_or("no VmRSS")?.parse::<u64>()?)
}

fn size_mb(path: &Path) -> Result<u64, Failure> {
    if path.is_file() {
        return Ok(path.metadata()?.len() / 1_000_000);
    }
    let mut bytes = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?.path();
        bytes += if entry.is_dir() {
            size_mb(&entry)? * 1_000_000
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes / 1_000_000)
}
