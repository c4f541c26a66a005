//! Audits that find nothing, and audits that find what was done to the views.

use std::fs;
use std::path::Path;

use super::*;
use crate::testing::{Books, config, hash, reserve, start};
use crate::views::Views;

/// A till's folder after sales, a payment under way and one that failed.
fn shop(dir: &Path) {
    let mut books = Books::open(dir);
    for n in 0..6 {
        books.ask(n, Some("table 4"));
        if n % 2 == 0 {
            books.earn(n);
        }
    }
    books.run(reserve(100, 500));
    books.run(reserve(101, 300));
    books.run(till::ledger::Command::VoidPayment {
        which: till::ledger::Which::to_invoice(hash(101)),
        attempt: None,
        reason: till::payment::FailureReason::NoRoute,
    });
    books.views.close();
}

fn audit(dir: &Path) -> Result<AuditReport, AuditError> {
    audit_folder(dir, bitcoin::Network::Regtest)
}

fn damage(dir: &Path, change: impl FnOnce(&Views)) {
    let views = Views::open(&dir.join("views")).unwrap();
    change(&views);
    views.close();
}

#[test]
fn an_audit_of_good_books_finds_nothing_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path());
    let report = audit(dir.path()).unwrap();
    assert!(report.agrees(), "{report:?}");
    assert_eq!(report.differences, []);
    assert_eq!(report.invariants.len(), 5);
    assert_eq!((report.views.seq, report.views.behind), (report.records, 0));
    assert!(report.records > 15 && report.compared > 40, "{report:?}");
    assert!(!dir.path().join("audit-scratch").exists());
    // And again: nothing was changed.
    assert_eq!(audit(dir.path()).unwrap(), report);
}

type Change<'a> = &'a dyn Fn(&Views);

#[test]
fn what_differs_is_named_in_words() {
    let invoice = [&[3], hash(1).as_bytes().as_slice()].concat();
    let payment = [&[4], [100; 16].as_slice()].concat();
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path());
    let mut keys = Vec::new();
    damage(dir.path(), |views| {
        for entry in views.entries() {
            keys.push(entry.unwrap().0.to_vec());
        }
    });
    let house = keys.iter().find(|key| key[0] == 2).unwrap().clone();
    let paid = keys.iter().find(|key| key[0] == 0x82).unwrap().clone();
    let (from, to) = (keys[0].clone(), payment.clone());
    let table: [(Change<'_>, &str, &str, &str); 6] = [
        (
            &|v| v.remove(&invoice),
            "invoice ",
            "Open, number 2, asks for",
            "nothing",
        ),
        (
            &|v| v.copy(&house, &invoice),
            "invoice ",
            "Open",
            "bytes, digest",
        ),
        (
            &|v| v.remove(&payment),
            "payment ",
            "Pending, number 1",
            "nothing",
        ),
        (
            &|v| v.copy(&from, &to),
            "payment ",
            "Pending, number 1",
            "bytes, digest",
        ),
        (
            &|v| v.remove(&paid),
            "index of received payments",
            "bytes",
            "nothing",
        ),
        (
            &|v| v.copy(&paid, b"\x77odd"),
            "unknown entry 776f6464",
            "nothing",
            "bytes",
        ),
    ];
    for (change, subject, expected, found) in table {
        let dir = tempfile::tempdir().unwrap();
        shop(dir.path());
        damage(dir.path(), change);
        let report = audit(dir.path()).unwrap();
        assert!(!report.agrees());
        let [difference] = report.differences.as_slice() else {
            unreachable!("{report:?}")
        };
        assert!(difference.subject.starts_with(subject), "{difference:?}");
        assert!(difference.expected.contains(expected), "{difference:?}");
        assert!(difference.found.contains(found), "{difference:?}");
    }
}

#[test]
fn a_wrong_balance_is_told_in_msat() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path());
    damage(dir.path(), |views| {
        let mut house = views
            .get::<till::ledger::Balance>(&till::ledger::Account::HOUSE)
            .unwrap()
            .unwrap();
        house.credits_posted += 1_000_000;
        views.overwrite(&house);
    });
    let report = audit(dir.path()).unwrap();
    let [difference] = report.differences.as_slice() else {
        unreachable!("{report:?}")
    };
    assert_eq!(difference.subject, "balance of the house");
    assert!(
        difference.expected.starts_with("3000 msat credited"),
        "{difference:?}"
    );
    assert!(
        difference.found.starts_with("1003000 msat credited"),
        "{difference:?}"
    );
    // The ledger itself is sound: the journal was not touched.
    assert!(report.invariants.iter().all(|invariant| invariant.holds));
}

#[test]
fn views_that_are_behind_are_no_difference_and_lost_ones_are_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path());
    let kept = tempfile::tempdir().unwrap();
    crate::testing::copy_all(dir.path(), kept.path());
    let mut books = Books::open(dir.path());
    books.ask(20, None);
    drop(books);
    // The newer journal beside the older views, as a kill leaves them.
    fs::copy(
        dir.path().join("journal.sqlite"),
        kept.path().join("journal.sqlite"),
    )
    .unwrap();
    let report = audit(kept.path()).unwrap();
    assert!(report.agrees(), "{report:?}");
    assert_eq!(report.views.behind, 2);
    fs::remove_dir_all(kept.path().join("views")).unwrap();
    let report = audit(kept.path()).unwrap();
    assert!(report.agrees(), "{report:?}");
    let why = report.views.not_compared.unwrap();
    assert!(why.contains("the next start rebuilds them"), "{why}");
}

#[test]
fn damaged_files_are_a_difference() {
    for (file, at) in [("views/conf", 12), ("views/db", 3)] {
        let dir = tempfile::tempdir().unwrap();
        shop(dir.path());
        let path = dir.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        let report = audit(dir.path()).unwrap();
        assert!(!report.agrees(), "{file}: {report:?}");
        assert_eq!(report.differences[0].subject, "the views", "{file}");
        assert!(report.views.not_compared.is_some(), "{file}");
    }
}

#[test]
fn a_damaged_journal_is_refused_and_named() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path());
    let db = rusqlite::Connection::open(dir.path().join("journal.sqlite")).unwrap();
    db.execute("UPDATE record SET body = x'a0' WHERE seq = 7", [])
        .unwrap();
    drop(db);
    let refused = audit(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("journal record 7 is damaged"), "{refused}");
    let nothing = tempfile::tempdir().unwrap();
    let refused = audit(nothing.path()).unwrap_err();
    assert!(matches!(refused, AuditError::NoJournal(_)), "{refused}");
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_till_is_audited_while_it_works() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path());
    let (till, _) = start(dir.path()).await.unwrap();
    let refused = audit(dir.path()).unwrap_err();
    assert!(matches!(refused, AuditError::Lock(_)), "{refused}");
    // Commands go on while it is audited, again and again.
    let ledger = till.ledger.clone();
    let work = tokio::spawn(async move {
        for n in 0..75_u8 {
            let mut books = crate::testing::draft(n + 20);
            books.expiry_secs = 60;
            let draft = till::ledger::Command::DraftInvoice(Box::new(books));
            ledger.execute(draft).await.unwrap();
        }
    });
    let auditor = till.auditor();
    while !work.is_finished() {
        let report = auditor.audit().await.unwrap();
        assert!(report.agrees(), "{report:?}");
    }
    work.await.unwrap();
    let report = auditor.audit().await.unwrap();
    assert!(report.agrees() && report.records > 90, "{report:?}");
    assert_eq!(report.views.seq, report.records);
    let node = report.node.clone().unwrap();
    assert_eq!(node.ledger_lightning_msat, 3_000);
    assert!(node.explanation.is_some(), "this node tells no figures");
    // What was overwritten under it is found.
    let row = till.service().views().get(&hash(1)).unwrap().unwrap();
    let mut wrong: till::invoice::Invoice = row;
    wrong.number += 1;
    till.service().views().overwrite(&wrong);
    let report = auditor.audit().await.unwrap();
    assert_eq!(report.differences_total, 1, "{report:?}");
    assert!(
        report.differences[0].found.contains("number 3"),
        "{report:?}"
    );
    till.stop().await;
    assert!(matches!(auditor.audit().await, Err(AuditError::Stopping)));
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_disk_s_floor_nothing_new_is_begun() {
    use crate::ledger::LedgerError;
    let dir = tempfile::tempdir().unwrap();
    let mut low = config(dir.path());
    low.disk_floor_bytes = u64::MAX;
    let node = std::sync::Arc::new(crate::testing::QuietNode);
    let source = crate::till::NodeSource::Running(node);
    let till = crate::till::Till::start(low, [1; 64].into(), source)
        .await
        .unwrap();
    let draft = till::ledger::Command::DraftInvoice(Box::new(crate::testing::draft(1)));
    assert_eq!(
        till.ledger.execute(draft.clone()).await,
        Err(LedgerError::DiskLow)
    );
    assert_eq!(
        till.ledger.execute(reserve(1, 5)).await,
        Err(LedgerError::DiskLow)
    );
    // What the node reports is written down all the same.
    till.ledger.execute_for_node(draft).await.unwrap();
    let figures = till.figures().read().await.unwrap();
    assert_eq!((figures.journal_seq, figures.views_seq), (1, 1));
    till.stop().await;
}
