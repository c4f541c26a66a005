//! How the till does: measured once a minute, kept for ninety days, told to whoever asks. Owns the rules
//! by which a part is degraded or out, and the samples; it books nothing, and nothing waits for it.
//!
//! Samples are no truth about money and no record can re-derive them (how long the node took to answer is
//! not in the journal). So they are in a small SQLite file of their own beside the journal, which may be
//! lost: the till then starts a new one. Only what happens in wallets is counted, never what the house
//! sells or pays: the status is public.

mod history;
mod rules;
mod sample;
mod sampler;
mod store;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use till::time::Timestamp;
use tokio::task::JoinHandle;

pub use history::{History, Range, Share, Sums};
pub use rules::State;
pub use sample::Sample;

use crate::abort::periphery;
use crate::ledger::now;
use crate::node::handle::NodeHandle;
use crate::views::Views;
use store::Store;

/// What the samples are kept in, in the data folder.
const FILE: &str = "health.sqlite";
/// The pause before the sampler is started again after it failed.
const RESTART_PAUSE: Duration = Duration::from_secs(5);
/// After this time without a sample nobody knows how the till does, in milliseconds.
const STALE_MILLIS: u64 = 5 * 60 * 1_000;
/// What is told of "the last hour", in milliseconds.
const HOUR_MILLIS: u64 = 3_600_000;

/// How the till does right now.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// The newest sample, if there ever was one.
    pub newest: Option<Sample>,
    /// Whether that is so old that nobody knows.
    pub is_stale: bool,
    /// What the last hour's samples add up to.
    pub hour: Sums,
}

/// What the samples are read by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HealthHandle {
    /// `None` while the file cannot be opened.
    store: Arc<Mutex<Option<Arc<Store>>>>,
    /// The newest answer for each range.
    known: Arc<Mutex<Vec<Known>>>,
}

/// An answer, and when the newest sample in it was taken.
#[derive(Debug)]
struct Known {
    ends_with: Timestamp,
    history: Arc<History>,
}

impl HealthHandle {
    /// Opens the samples in `dir` and begins to sample. The task ends when it is aborted.
    pub(crate) fn start(
        dir: &Path,
        every: Duration,
        views: &Views,
        node: &NodeHandle,
    ) -> (Self, JoinHandle<()>) {
        let handle = Self {
            store: Arc::default(),
            known: Arc::default(),
        };
        let (path, place) = (dir.join(FILE), Arc::clone(&handle.store));
        let (views, node) = (views.clone(), node.clone());
        let task = tokio::spawn(async move {
            loop {
                let store = match Store::open(&path) {
                    Ok(store) => Arc::new(store),
                    Err(error) => {
                        tracing::warn!(%error, "the health samples cannot be opened");
                        tokio::time::sleep(RESTART_PAUSE).await;
                        continue;
                    }
                };
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&store));
                let sampling = sampler::run(store, every, views.clone(), node.clone());
                let mut sampling = Ends(tokio::spawn(periphery(sampling)));
                let ended = (&mut sampling.0).await;
                tracing::error!(?ended, "the health sampler failed; restarting it");
                tokio::time::sleep(RESTART_PAUSE).await;
            }
        });
        (handle, task)
    }

    fn store(&self) -> Option<Arc<Store>> {
        let store = self.store.lock();
        store.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How the till does right now. Reads the disk: not for async threads.
    pub(crate) fn now(&self) -> Now {
        let Some(store) = self.store() else {
            return Now {
                is_stale: true,
                ..Now::default()
            };
        };
        let at = now();
        let mut hour = Sums::default();
        let since = Timestamp::from_millis(at.as_millis().saturating_sub(HOUR_MILLIS));
        if let Err(error) = store.each_since(since, |sample| hour.add(&sample)) {
            tracing::warn!(%error, "the health samples cannot be read");
        }
        hour.close();
        let newest = store.newest().ok().flatten();
        let age = newest.as_ref().map(|sample| at.millis_since(sample.at));
        Now {
            is_stale: age.is_none_or(|age| age > STALE_MILLIS),
            newest,
            hour,
        }
    }

    /// How the till did. Reads the disk: not for async threads. A new sample comes once a minute, so an
    /// answer is good that long: nobody can make the till read ninety days again and again.
    pub(crate) fn history(&self, range: Range) -> Arc<History> {
        let newest = self.store().and_then(|store| store.newest().ok().flatten());
        let ends_with = newest.map_or(Timestamp::from_millis(0), |sample| sample.at);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let first = range.first_bucket(now());
        let good = known.iter().find(|known| {
            let of = &known.history;
            of.range == range && of.from == first && known.ends_with == ends_with
        });
        if let Some(known) = good {
            return Arc::clone(&known.history);
        }
        let mut history = History::empty(range, now());
        if let Some(store) = self.store()
            && let Err(error) = store.each_since(history.from, |sample| history.add(&sample))
        {
            tracing::warn!(%error, "the health samples cannot be read");
        }
        history.close();
        let history = Arc::new(history);
        known.retain(|known| known.history.range != range);
        known.push(Known {
            ends_with,
            history: Arc::clone(&history),
        });
        history
    }
}

/// A task that ends with whoever holds it.
struct Ends(JoinHandle<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}
