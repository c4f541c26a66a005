//! Records a second through decide, evolve, the journal's thread and the views, alone and in groups,
//! beside bare SQLite on the same disk. The two take turns, and each is shown with its spread.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use till::ledger::{Decision, decide};
use till_actors::journal::{Job, Journal, Writer};
use till_actors::views::{Views, catch_up};

use super::{Failure, work};

/// Records of one measurement, where nobody says.
const RECORDS: u64 = 4_000;
/// How many callers wait at once.
const IN_FLIGHT: [usize; 3] = [1, 64, 256];
/// How often each is measured.
const TURNS: usize = 5;
/// As long as a record of a sale is on average, in bytes.
const ROW_BYTES: usize = 260;

pub(crate) fn run(records: Option<u64>) -> Result<(), Failure> {
    let records = records.unwrap_or(RECORDS);
    println!(
        "| in flight | till, records/s | its answer, p50 / p99 | bare SQLite, rows/s | till / SQLite |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for in_flight in IN_FLIGHT {
        let (mut till, mut bare, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            till.push(through_till(records, in_flight, &mut answers)?);
            bare.push(through_sqlite(records, in_flight)?);
        }
        answers.sort_unstable();
        let at = |percent: usize| answers[(answers.len() - 1) * percent / 100];
        let (till, bare) = (Spread::of(till), Spread::of(bare));
        println!(
            "| {in_flight} | {till} | {:.2} / {:.2} ms | {bare} | {:.2} |",
            millis(at(50)),
            millis(at(99)),
            till.median / bare.median
        );
    }
    Ok(())
}

/// A median with what was seen around it.
pub(crate) struct Spread {
    pub(crate) median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        Self {
            median: at(figures.len() / 2),
            low: at(0),
            high: at(figures.len().saturating_sub(1)),
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.median < 100.0 { 1 } else { 0 };
        write!(
            f,
            "{:.digits$} ({:.digits$}–{:.digits$})",
            self.median, self.low, self.high
        )
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn through_till(
    records: u64,
    in_flight: usize,
    answers: &mut Vec<Duration>,
) -> Result<f64, Failure> {
    let dir = tempfile::tempdir_in(".")?;
    let journal = Journal::open(&dir.path().join("journal.sqlite"), "regtest")?;
    let views = Views::open(&dir.path().join("views"))?;
    let mut state = catch_up(&journal, &views)?;
    let (writer, jobs) = Writer::start(journal, views, |_| ())?;
    let (tell, told) = mpsc::channel();
    let begun = Instant::now();
    let mut waiting = 0;
    for n in 0..records {
        let sent = Instant::now();
        let Decision::Commit(record) = decide(&state, work::draft(n), work::now())? else {
            return Err("a repeat".into());
        };
        let changes = state.evolve(&record)?;
        let tell = tell.clone();
        // Whoever waited has what they need once the last answer came.
        let done = Box::new(move || tell.send(sent.elapsed()).unwrap_or_default());
        let change = Some((record, changes));
        let sent = jobs.blocking_send(Job { change, done });
        sent.map_err(|_| "the journal's thread is gone")?;
        waiting += 1;
        if waiting == in_flight {
            answers.push(told.recv()?);
            waiting -= 1;
        }
        if n.is_multiple_of(1_000) {
            state.forget_through(writer.applied().seq());
        }
    }
    for _ in 0..waiting {
        answers.push(told.recv()?);
    }
    let rate = per_second(records, begun);
    drop(jobs);
    writer.join();
    Ok(rate)
}

/// The same number of rows of the same length, `group` in each transaction.
fn through_sqlite(rows: u64, group: usize) -> Result<f64, Failure> {
    let dir = tempfile::tempdir_in(".")?;
    let mut db = open(&dir.path().join("bare.sqlite"))?;
    let body = vec![7_u8; ROW_BYTES];
    let begun = Instant::now();
    let mut next = 0;
    while next < rows {
        let transaction = db.transaction()?;
        for _ in 0..group {
            transaction.execute(
                "INSERT INTO record (body, hash) VALUES (?1, ?2)",
                params![body, [7_u8; 32]],
            )?;
            next += 1;
        }
        transaction.commit()?;
    }
    Ok(per_second(next, begun))
}

fn open(path: &Path) -> Result<Connection, Failure> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch(
        "CREATE TABLE record (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;",
    )?;
    Ok(db)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn per_second(count: u64, begun: Instant) -> f64 {
    count as f64 / begun.elapsed().as_secs_f64()
}
