//! Copies of a journal: taken beside a writer, checked, and what a start makes of them.

use till::ledger::{Fact, Record};
use till::time::Timestamp;

use super::*;

const NODE: &str = "02aa";

/// A folder whose journal has `records` records and a node.
fn folder(records: u64) -> (tempfile::TempDir, Journal) {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(&dir.path().join(JOURNAL), "regtest").unwrap();
    journal.before_node(false).unwrap();
    journal.claim_node(NODE).unwrap();
    append(&mut journal, records);
    (dir, journal)
}

fn append(journal: &mut Journal, records: u64) {
    for _ in 0..records {
        let at = Timestamp::from_millis(journal.last_seq() + 1);
        let record = Record {
            at,
            ..Record::default()
        };
        journal.append([record].iter()).unwrap();
    }
}

#[test]
fn a_copy_is_the_journal_as_it_was_though_it_is_written_on() {
    let (dir, mut journal) = folder(7);
    let copy = dir.path().join("copy");
    let network = bitcoin::Network::Regtest;
    // Its writer has it open, as a till that serves has.
    let (copied, source) = copy_journal(dir.path(), network, &copy).unwrap();
    assert_eq!(
        (copied.head, copied.node_id.as_deref()),
        (journal.head(), Some(NODE))
    );
    assert!(matches!(source, Source::Stopped(Err(_))), "{source:?}");
    append(&mut journal, 3);
    assert_eq!(check_journal(&copy, network).unwrap().head.seq, 7);
    assert!(!dir.path().join("copy-wal").exists(), "a copy is one file");

    let _lock = DataDirLock::take(dir.path()).unwrap();
    let again = dir.path().join("again");
    let (copied, source) = copy_journal(dir.path(), network, &again).unwrap();
    assert_eq!(copied.head.seq, 10);
    assert!(matches!(source, Source::Running), "{source:?}");
}

#[test]
fn a_copy_with_a_changed_record_or_of_another_network_is_refused() {
    let (dir, _journal) = folder(3);
    let copy = dir.path().join("copy");
    copy_journal(dir.path(), bitcoin::Network::Regtest, &copy).unwrap();
    let foreign = check_journal(&copy, bitcoin::Network::Signet).unwrap_err();
    assert!(matches!(foreign, JournalError::Foreign { .. }), "{foreign}");
    let db = rusqlite::Connection::open(&copy).unwrap();
    db.execute("UPDATE record SET body = x'a0' WHERE seq = 2", [])
        .unwrap();
    let damaged = check_journal(&copy, bitcoin::Network::Regtest).unwrap_err();
    assert!(
        matches!(damaged, JournalError::Damaged { seq: 2, .. }),
        "{damaged}"
    );
}

#[test]
fn a_restored_journal_starts_with_a_new_node_only_and_takes_none_that_is_there() {
    let (dir, _journal) = folder(3);
    let copy = dir.path().join("copy");
    copy_journal(dir.path(), bitcoin::Network::Regtest, &copy).unwrap();
    make_ready(&copy, bitcoin::Network::Regtest).unwrap();

    let open = || Journal::open(&copy, "regtest").unwrap();
    let beside = open().before_node(true).unwrap_err();
    assert!(
        matches!(beside, JournalError::NodeBesideRestored),
        "{beside}"
    );
    open().before_node(false).unwrap();
    // A start that ended before the node was there goes on; so does one that ended just after.
    open().before_node(false).unwrap();
    let mut journal = open();
    journal.before_node(true).unwrap();
    assert!(journal.claim_node("02bb").is_err(), "another seed");
    journal.claim_node(NODE).unwrap();
    drop(journal);
    open().before_node(true).unwrap();
    assert!(open().was_restored());
    // Behind the copy's records there is one more: its payments are held back.
    assert_eq!(open().verify().unwrap().seq, 4);
    let mut last = Record::default();
    open()
        .replay::<JournalError>(3, |entry| {
            last = entry.record;
            Ok(())
        })
        .unwrap();
    let [Fact::RestorationSet(row)] = last.facts[..] else {
        unreachable!("{last:?}");
    };
    assert!(row.holds_payments());
    assert_eq!(row.known_until, Timestamp::from_millis(3));
}

#[test]
fn a_node_that_is_gone_is_not_made_anew_in_passing() {
    let (_dir, mut journal) = folder(1);
    let lost = journal.before_node(false).unwrap_err();
    assert!(matches!(lost, JournalError::NodeLost { .. }), "{lost}");
    assert!(lost.to_string().contains(NODE), "{lost}");
    journal.before_node(true).unwrap();
}
