//! The whole on one folder: what refuses to start.

use std::path::Path;

use super::StartError;
use crate::testing::{Books, reserve, start};

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_has_one_till_and_is_free_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let (till, _) = start(dir.path()).await.unwrap();
    let refused = start(dir.path()).await.unwrap_err();
    assert!(matches!(refused, StartError::Lock(_)), "{refused}");
    till.stop().await;
    start(dir.path()).await.unwrap().0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_journal_is_not_started() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("node")).unwrap();
    std::fs::write(dir.path().join("node/ldk_node_data.sqlite"), "").unwrap();
    let refused = start(dir.path()).await.unwrap_err();
    assert!(
        matches!(refused, StartError::JournalMissing { .. }),
        "{refused}"
    );
    assert!(
        !dir.path().join("journal.sqlite").exists(),
        "nothing was made in its place"
    );
}

/// A payment that an earlier process left behind, and a till on its folder.
fn leave_a_payment(dir: &Path) {
    let mut books = Books::open(dir);
    books.ask(1, None);
    books.earn(1);
    books.run(reserve(100, 500));
}

/// What happens to a till's folder, and what its next start says.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_replaced_journal_is_refused() {
    let table: [(&[&str], &str); 5] = [
        (&["journal.sqlite"], "holds views of a journal"),
        (&["journal.sqlite", "views", "+node"], "holds a node"),
        (&["=journal.sqlite", "views", "+node"], "holds a node"),
        (&["@journal.sqlite"], "the view has seen record"),
        (&["@journal.sqlite", "views", "+node"], "made anew"),
    ];
    for (damage, said) in table {
        let dir = tempfile::tempdir().unwrap();
        leave_a_payment(dir.path());
        for name in damage {
            let path = dir.path().join(name.trim_start_matches(['+', '=', '@']));
            match name.as_bytes()[0] {
                b'+' => {
                    std::fs::create_dir(&path).unwrap();
                    std::fs::write(path.join("ldk_node_data.sqlite"), "").unwrap();
                }
                b'=' => std::fs::write(&path, "").unwrap(),
                b'@' => {
                    std::fs::remove_file(&path).unwrap();
                    drop(crate::journal::Journal::open(&path, "regtest").unwrap());
                }
                _ if path.is_dir() => std::fs::remove_dir_all(&path).unwrap(),
                _ => std::fs::remove_file(&path).unwrap(),
            }
        }
        let refused = refusal(dir.path()).await;
        assert!(refused.contains(said), "{damage:?}: {refused}");
    }
}

/// What a start says that builds a node of its own, if it gets so far.
async fn refusal(dir: &Path) -> String {
    let mut journal = match super::store::open(&crate::testing::config(dir)).await {
        Ok(opened) => opened.journal,
        Err(refused) => return refused.to_string(),
    };
    let refused = journal.before_node(super::store::node_exists(dir));
    refused.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_named_though_the_views_have_it() {
    let dir = tempfile::tempdir().unwrap();
    leave_a_payment(dir.path());
    let db = rusqlite::Connection::open(dir.path().join("journal.sqlite")).unwrap();
    db.execute("UPDATE record SET body = x'a0' WHERE seq = 2", [])
        .unwrap();
    drop(db);
    let refused = start(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains("journal record 2 is damaged"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_with_another_history_is_refused() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    leave_a_payment(dir.path());
    let mut books = Books::open(other.path());
    for n in 0..10 {
        books.ask(n, None);
    }
    drop(books);
    let journal = "journal.sqlite";
    std::fs::copy(other.path().join(journal), dir.path().join(journal)).unwrap();
    let refused = start(dir.path()).await.unwrap_err().to_string();
    assert!(refused.contains("replaced by another one"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_sqlite_s_that_is_gone_is_missed() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut books = Books::open(dir.path());
    books.ask(1, None);
    books.earn(1);
    books.views.close();
    // What a kill leaves behind, but for the log in which the records are.
    std::fs::create_dir(copy.path().join("views")).unwrap();
    for name in ["journal.sqlite", "views/conf", "views/db"] {
        std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    let refused = start(copy.path()).await.unwrap_err().to_string();
    assert!(refused.contains("the view has seen record"), "{refused}");
    drop(books);
}
