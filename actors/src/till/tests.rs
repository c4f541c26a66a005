//! The whole on one folder: what refuses to start.

use super::StartError;
use crate::testing::start;

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
