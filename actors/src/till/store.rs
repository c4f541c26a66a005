//! Opening what is on disk: the journal, checked from its first record, and the views, checked
//! entry by entry and brought up to it. Owns what refuses to start; nothing is repaired here but
//! what the journal can bring back.

use std::path::Path;

use till::ledger::State;

use super::{StartError, TillConfig};
use crate::journal::{Journal, verify_aside};
use crate::service::network_name;
use crate::views::{Views, catch_up};

/// The journal's file in the data folder.
pub(crate) const JOURNAL: &str = "journal.sqlite";
/// The views' folder in the data folder.
pub(crate) const VIEWS: &str = "views";

/// The folder of an audit's replay in the data folder, while there is one.
pub(crate) const AUDIT: &str = "audit-scratch";

/// Everything that is on disk, in agreement with itself.
pub(super) struct Opened {
    pub(super) journal: Journal,
    pub(super) views: Views,
    pub(super) state: State<Views>,
}

/// Opens both and brings the views up to the journal. Reads all there is: off the async threads.
pub(super) async fn open(config: &TillConfig) -> Result<Opened, StartError> {
    let (dir, network) = (config.data_dir.clone(), config.network);
    let task = tokio::task::spawn_blocking(move || open_now(&dir, network));
    match task.await {
        Ok(opened) => opened,
        Err(error) => Err(std::io::Error::other(error).into()),
    }
}

pub(super) fn open_now(dir: &Path, network: bitcoin::Network) -> Result<Opened, StartError> {
    let path = dir.join(JOURNAL);
    let views = dir.join(VIEWS);
    refuse_a_lost_journal(dir, &path, &views)?;
    // Of an audit that did not live to remove it; if it stays, the next audit removes it.
    let _ = std::fs::remove_dir_all(dir.join(AUDIT));
    let journal = Journal::open(&path, network_name(network))?;
    // Both are read from end to end, so side by side.
    let check = verify_aside(path)?;
    let views = Views::open(&views);
    match check.join() {
        Ok(checked) => checked?,
        Err(_) => return Err(std::io::Error::other("the journal's check panicked").into()),
    };
    let views = views?;
    let state = catch_up(&journal, &views)?;
    Ok(Opened {
        journal,
        views,
        state,
    })
}

/// A journal that is not there, or has nothing in it, beside what came after it: somebody lost it.
fn refuse_a_lost_journal(dir: &Path, journal: &Path, views: &Path) -> Result<(), StartError> {
    let is_there = std::fs::metadata(journal).is_ok_and(|file| file.len() > 0);
    let beside = if is_there {
        None
    } else if node_exists(dir) {
        Some(("a node", dir.join("node")))
    } else if std::fs::read_dir(views).is_ok_and(|mut entries| entries.next().is_some()) {
        Some(("views of a journal", views.to_owned()))
    } else {
        None
    };
    match beside {
        Some((what, path)) => Err(StartError::JournalMissing {
            path: path.display().to_string(),
            what,
        }),
        None => Ok(()),
    }
}

/// Whether a node has ever been made in this data folder.
pub(super) fn node_exists(dir: &Path) -> bool {
    dir.join("node").join("ldk_node_data.sqlite").exists()
}
