//! A disk that is full: a process that writes until the system refuses, and what it had acknowledged
//! by then. The limit is the system's own, on the length of a file (`ulimit -f`), so it falls on
//! whichever file grows into it: SQLite's log, SQLite's file, sled's.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

use till::id::Preimage;
use till::ledger::{Command, Decision, InvoiceDraft, decide};
use till::time::Timestamp;

use super::{Job, Journal, Writer};
use crate::abort::{abort, abort_on_panic};
use crate::testing::{Books, draft};

/// Where the writing process finds its folder; unset when its test runs for its own sake.
const FOLDER: &str = "TILL_TEST_FULL_DISK";
/// Set where each record shall have its own commit: SQLite's log then grows fastest, else sled does.
const ONE_BY_ONE: &str = "TILL_TEST_ONE_BY_ONE";
/// Before each acknowledged record in its output.
const ACKNOWLEDGED: &str = "acknowledged ";
/// It gives up if nothing refuses: far more than any budget has room for.
const MAX_RECORDS: u32 = 20_000;
/// Bytes in a block of `ulimit -f`, by POSIX.
const BLOCK: u64 = 512;

/// Not a test of its own: the process that writes. It answers as the ledger does, after the commit.
#[test]
fn the_writer() {
    let Some(dir) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    abort_on_panic();
    let one_by_one = std::env::var_os(ONE_BY_ONE).is_some();
    let (tell, told) = std::sync::mpsc::channel();
    let books = Books::open(&dir);
    let (mut state, mut now) = (books.state, books.now);
    let (writer, jobs) = Writer::start(books.journal, books.views, |_| ()).unwrap();
    for n in 0..MAX_RECORDS {
        now += 1;
        let wanted = numbered(n, now);
        // As the ledger does where it cannot read.
        let record = match decide(&state, wanted, Timestamp::from_millis(now)) {
            Ok(Decision::Commit(record)) => record,
            Ok(Decision::Repeat(_)) => unreachable!("a repeat"),
            Err(refusal) => abort(&refusal.to_string()),
        };
        let changes = state.evolve(&record).unwrap();
        let seq = changes.seq;
        let tell = tell.clone();
        let done = Box::new(move || {
            let mut out = std::io::stdout().lock();
            writeln!(out, "\n{ACKNOWLEDGED}{seq}").unwrap();
            out.flush().unwrap();
            tell.send(()).unwrap();
        });
        let change = Some((record, changes));
        jobs.blocking_send(Job { change, done }).unwrap();
        if one_by_one {
            told.recv().unwrap();
        }
        state.forget_through(writer.applied().seq());
    }
    drop(jobs);
    writer.join();
}

/// An invoice that nobody else has, with a reference long enough to fill a disk.
fn numbered(n: u32, salt: u64) -> Command {
    let mut preimage = [0; 32];
    preimage[..4].copy_from_slice(&n.to_be_bytes());
    preimage[4..12].copy_from_slice(&salt.to_be_bytes());
    Command::DraftInvoice(Box::new(InvoiceDraft {
        hash: Preimage::from_bytes(preimage).payment_hash(),
        preimage: Some(Preimage::from_bytes(preimage)),
        external_id: Some("reference ".repeat(150)),
        ..draft(0)
    }))
}

/// Runs the writer with a limit on the length of every file. The signal that comes with it is
/// ignored, so that the write fails as it does on a full disk.
fn write_until_full(dir: &Path, bytes: u64, one_by_one: bool) -> Output {
    let script = r#"trap "" XFSZ; ulimit -f "$1"; shift; exec "$@""#;
    let program = std::env::current_exe().unwrap();
    let test = "journal::full_disk_tests::the_writer";
    let mut process = Process::new("sh");
    if one_by_one {
        process.env(ONE_BY_ONE, "1");
    }
    process
        .args(["-c", script, "sh", &(bytes / BLOCK).to_string()])
        .arg(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, dir)
        .output()
        .unwrap()
}

fn acknowledged(output: &Output) -> BTreeSet<u64> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix(ACKNOWLEDGED));
    lines.map(|seq| seq.parse().unwrap()).collect()
}

#[test]
fn what_was_acknowledged_before_the_disk_was_full_is_there_after_it() {
    const KIB: u64 = 1_024;
    const BUDGETS: [(u64, bool); 6] = [
        (700, true),
        (1_500, true),
        (1_500, false),
        (3_000, false),
        (6_000, false),
        (12_000, false),
    ];
    let mut refused_by = BTreeSet::new();
    for (budget, one_by_one) in BUDGETS {
        let dir = tempfile::tempdir().unwrap();
        drop(Books::open(dir.path()));
        let output = write_until_full(dir.path(), budget * KIB, one_by_one);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{budget} KiB were enough");
        let parts = ["the journal could not be written", "the view c"];
        let part = parts.into_iter().find(|part| said.contains(part));
        refused_by.insert(part.unwrap_or_else(|| unreachable!("{budget} KiB: {said}")));
        let acknowledged = acknowledged(&output);
        let last = acknowledged.last().copied().unwrap_or_default();
        assert_eq!(
            u64::try_from(acknowledged.len()).unwrap(),
            last,
            "{budget} KiB: a gap"
        );
        println!("{budget} KiB: {last} acknowledged; {said}");

        // There is room again: all of it is there, and there is a next record.
        let journal = Journal::open(&dir.path().join("journal.sqlite"), "regtest").unwrap();
        let end = journal.verify().unwrap();
        assert!(
            end.seq >= last,
            "{budget} KiB: {last} were acknowledged, {} are left",
            end.seq
        );
        drop(journal);
        let mut books = Books::open(dir.path());
        assert_eq!(books.views.head(), end);
        books.ask(1, None);
        let report = {
            drop(books);
            crate::audit::audit_folder(dir.path(), bitcoin::Network::Regtest).unwrap()
        };
        assert!(report.agrees(), "{budget} KiB: {report:?}");
    }
    assert_eq!(refused_by.len(), 2, "no budget fell on {refused_by:?}");
}

#[test]
fn a_start_on_a_full_disk_fails_and_throws_nothing_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Books::open(dir.path());
    books.ask(1, None);
    drop(books);
    // Less than one segment of sled's.
    let output = write_until_full(dir.path(), 100 * 1_024, true);
    assert!(acknowledged(&output).is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("File too large"), "{said}");
    let books = Books::open(dir.path());
    assert_eq!(books.journal.last_seq(), 2);
}
