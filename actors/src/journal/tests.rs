//! The journal against damage: whatever is changed in its file, a record is read as it was written
//! or the journal is refused, with the record's number where there is one.

use std::fs;
use std::path::Path;

use till::ledger::Record;
use till::time::Timestamp;

use super::*;

/// Positions tried in each file.
const SAMPLES: u64 = 1_500;

fn record(at: u64) -> Record {
    Record {
        at: Timestamp::from_millis(at),
        ..Record::default()
    }
}

fn made(path: &Path, records: u64) -> Journal {
    let mut journal = Journal::open(path, "regtest").unwrap();
    for n in 1..=records {
        journal.append([record(n)].iter()).unwrap();
    }
    journal
}

/// Opened, checked and read, as a start does.
fn read(path: &Path, after: u64) -> Result<Vec<u64>, JournalError> {
    let journal = Journal::open(path, "regtest")?;
    journal.verify()?;
    let mut times = Vec::new();
    journal.replay(after, |entry| {
        times.push(entry.record.at.as_millis());
        Ok::<_, JournalError>(())
    })?;
    Ok(times)
}

#[test]
fn what_was_appended_is_read_back_in_order_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    let mut journal = Journal::open(&path, "regtest").unwrap();
    journal.append([record(1), record(2)].iter()).unwrap();
    journal.append([record(3)].iter()).unwrap();
    let head = journal.head();
    drop(journal);
    let journal = Journal::open(&path, "regtest").unwrap();
    assert_eq!(journal.head(), head);
    assert_eq!(journal.head_at(3).unwrap(), head);
    assert_eq!(read(&path, 0).unwrap(), [1, 2, 3]);
    assert_eq!(read(&path, 2).unwrap(), [3]);
}

#[test]
fn a_changed_or_missing_record_is_named() {
    let table = [
        ("UPDATE record SET body = x'00' WHERE seq = 2", 2),
        ("UPDATE record SET body = x'' WHERE seq = 1", 1),
        ("UPDATE record SET version = 0 WHERE seq = 2", 2),
        ("UPDATE record SET version = 99 WHERE seq = 2", 2),
        ("UPDATE record SET hash = x'00' WHERE seq = 3", 3),
        ("UPDATE record SET seq = 7 WHERE seq = 2", 2),
        ("DELETE FROM record WHERE seq = 1", 1),
        ("DELETE FROM record WHERE seq = 2", 2),
        // The end: the note of the last record knows that there was one.
        ("DELETE FROM record WHERE seq = 3", 3),
        ("DELETE FROM record WHERE seq > 1", 2),
        ("DELETE FROM record", 1),
    ];
    for (sql, named) in table {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        let journal = made(&path, 3);
        journal.db.execute(sql, []).unwrap();
        drop(journal);
        let error = read(&path, 0).unwrap_err();
        assert!(
            matches!(error, JournalError::Damaged { seq, .. } if seq == named),
            "{sql}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.contains(&format!("record {named} is damaged")),
            "{text}"
        );
        assert!(text.contains("restore the journal from a backup"), "{text}");
    }
}

#[test]
fn records_of_a_newer_program_ask_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    let mut journal = made(&path, 2);
    journal.append_as(9, &[record(3)]).unwrap();
    drop(journal);
    let text = read(&path, 0).unwrap_err().to_string();
    assert!(text.contains("version 9 of records"), "{text}");
    assert!(text.contains("use a newer one"), "{text}");
}

#[test]
fn a_changed_description_is_damage_and_never_another_till_s() {
    let table = [
        "UPDATE meta SET value = 'mainnet' WHERE key = 'network'",
        "UPDATE meta SET value = '02bb' WHERE key = 'node'",
        "UPDATE meta SET value = '9' WHERE key = 'schema'",
        "UPDATE meta SET value = '0' WHERE key = 'schema'",
        "UPDATE meta SET key = 'nodf' WHERE key = 'node'",
        "UPDATE meta SET value = '00' WHERE key = 'check'",
        "UPDATE meta SET value = '1 00' WHERE key = 'head'",
        "UPDATE meta SET value = replace(value, 'a', 'b') WHERE key = 'head'",
        "DELETE FROM meta WHERE key = 'node'",
        "DELETE FROM meta WHERE key = 'network'",
        "DELETE FROM meta WHERE key = 'head'",
        "DELETE FROM meta",
    ];
    for sql in table {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        let mut journal = made(&path, 3);
        journal.claim_node("02aa").unwrap();
        journal.db.execute(sql, []).unwrap();
        drop(journal);
        let error = read(&path, 0).unwrap_err();
        assert!(
            matches!(error, JournalError::MetaDamaged { .. }),
            "{sql}: {error}"
        );
    }
}

#[test]
fn another_network_or_node_or_a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let mut journal = Journal::open(&path, "regtest").unwrap();
    journal.claim_node("02aa").unwrap();
    let other = journal.claim_node("02bb");
    assert!(matches!(other, Err(JournalError::Foreign { .. })));
    let other = Journal::open(&path, "mainnet");
    assert!(matches!(other, Err(JournalError::Foreign { .. })));
    journal.set_meta("schema", "3").unwrap();
    let newer = Journal::open(&path, "regtest").unwrap_err();
    assert!(matches!(newer, JournalError::Newer { .. }), "{newer}");
    let old = "DELETE FROM meta WHERE key IN ('check', 'head');
               UPDATE meta SET value = '1' WHERE key = 'schema'";
    journal.db.execute_batch(old).unwrap();
    let older = Journal::open(&path, "regtest").unwrap_err();
    assert!(matches!(older, JournalError::Older { found: 1 }), "{older}");
}

#[test]
fn a_node_that_the_journal_never_heard_of_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let mut journal = Journal::open(&path, "regtest").unwrap();
    let refused = journal.before_node(true).unwrap_err();
    assert!(
        matches!(refused, JournalError::EmptyBesideNode),
        "{refused}"
    );
    // A first start that ended between the node's making and its binding goes on.
    journal.before_node(false).unwrap();
    drop(journal);
    let mut journal = Journal::open(&path, "regtest").unwrap();
    journal.before_node(true).unwrap();
    journal.claim_node("02aa").unwrap();
    journal.before_node(true).unwrap();
}

/// Flips bits all over a file of a journal and reads each result: all of the records, or a refusal.
fn flip(source: &Path, name: &str, whole: &[u64]) {
    let bytes = fs::read(source.join(name)).unwrap();
    let mut state: u64 = 0x6a6f_7572_6e61_6c01;
    let (mut refused, mut read_all) = (0, 0);
    for n in 0..SAMPLES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // The first hundred bytes, SQLite's header, one by one.
        let at = if n < 100 {
            n
        } else {
            state % bytes.len() as u64
        };
        let at = usize::try_from(at).unwrap();
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (state >> 40 & 7);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        for file in ["journal.sqlite", "journal.sqlite-wal"] {
            if source.join(file).exists() {
                fs::copy(source.join(file), dir.path().join(file)).unwrap();
            }
        }
        fs::write(dir.path().join(name), &flipped).unwrap();
        match read(&path, 0) {
            Ok(times) => {
                assert_eq!(times, whole, "{name}, byte {at}");
                read_all += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    println!("{name}: {refused} refused, {read_all} read in full");
    assert!(refused > 0 && read_all > 0);
}

#[test]
fn a_flipped_byte_is_harmless_or_refused_and_never_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    drop(made(&path, 200));
    // Closed in order: all of it is in one file.
    assert!(!dir.path().join("journal.sqlite-wal").exists());
    flip(dir.path(), "journal.sqlite", &(1..=200).collect::<Vec<_>>());
}

#[test]
fn a_truncated_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    drop(made(&path, 500));
    let bytes = fs::read(&path).unwrap();
    for keep in [
        1,
        50,
        99,
        100,
        2_000,
        4_096,
        8_192,
        bytes.len() / 2,
        bytes.len() - 1,
    ] {
        fs::write(&path, &bytes[..keep]).unwrap();
        let error = read(&path, 0).unwrap_err();
        assert!(
            matches!(
                error,
                JournalError::FileDamaged { .. } | JournalError::Damaged { .. }
            ),
            "cut at {keep}: {error}"
        );
    }
}

#[test]
fn what_is_no_journal_is_said_to_be_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    fs::write(&path, vec![b'x'; 8_192]).unwrap();
    let text = read(&path, 0).unwrap_err().to_string();
    assert!(text.contains("the journal's file is damaged"), "{text}");
    assert!(text.contains("do not delete it"), "{text}");
}

#[test]
fn a_full_disk_fails_the_commit_and_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    let mut journal = made(&path, 10);
    let pages: u32 = journal
        .db
        .query_row("PRAGMA page_count", [], |r| r.get(0))
        .unwrap();
    // What SQLite answers where the file system has no room.
    let limit = format!("PRAGMA max_page_count = {}", pages + 1);
    journal.db.query_row(&limit, [], |_| Ok(())).unwrap();
    let mut acknowledged = 10;
    let error = loop {
        match journal.append([record(acknowledged + 1)].iter()) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("full"), "{error}");
    drop(journal);
    assert_eq!(
        read(&path, 0).unwrap(),
        (1..=acknowledged).collect::<Vec<_>>()
    );
}

#[test]
fn records_can_be_read_while_others_are_appended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.sqlite");
    let mut journal = made(&path, 5);
    let reader = Journal::open_to_read(&path, "regtest").unwrap();
    journal.append([record(6)].iter()).unwrap();
    assert_eq!(reader.verify().unwrap(), journal.head());
    let missing = dir.path().join("none.sqlite");
    Journal::open_to_read(&missing, "regtest").unwrap_err();
    assert!(!missing.exists());
}
