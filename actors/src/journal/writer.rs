//! The one thread that writes the journal. Owns group commit and the order in which a change
//! becomes durable, visible, acknowledged and announced; it decides nothing.
//!
//! Architecture invariant: nothing is visible in the views, answered or announced before the
//! transaction that holds it has been committed. A refusal passes through here too, because it
//! rests on changes that may still wait for their commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use till::ledger::{Changes, Event, Record};
use tokio::sync::mpsc;

use super::store::Journal;
use crate::views::Views;

/// How many jobs may wait for the disk before callers wait too.
const QUEUE: usize = 1_024;
/// How many jobs one commit takes at most: bounds the delay of the first.
const GROUP: usize = 256;

/// One decided command on its way to the disk.
pub struct Job {
    /// What shall be written; `None` where nothing changes and only the order matters.
    pub change: Option<(Record, Changes)>,
    /// Called once everything before and including this job is durable and visible.
    pub done: Box<dyn FnOnce() + Send>,
}

/// How far the views have come, for whoever holds newer rows in memory.
#[derive(Clone, Debug, Default)]
pub struct Applied(Arc<AtomicU64>);

impl Applied {
    /// The last record that the views have.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// The running thread. Ends when every sender is gone and the queue is empty.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
    applied: Applied,
}

impl Writer {
    /// Starts the thread. `announce` hears of events once they are durable and visible.
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub fn start(
        mut journal: Journal,
        views: Views,
        announce: impl Fn(Vec<Event>) + Send + 'static,
    ) -> std::io::Result<(Self, mpsc::Sender<Job>)> {
        let (sender, mut jobs) = mpsc::channel::<Job>(QUEUE);
        let applied = Applied(Arc::new(AtomicU64::new(journal.last_seq())));
        let progress = applied.clone();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || {
                let mut group = Vec::with_capacity(GROUP);
                while let Some(first) = jobs.blocking_recv() {
                    group.push(first);
                    while group.len() < GROUP
                        && let Ok(job) = jobs.try_recv()
                    {
                        group.push(job);
                    }
                    commit(&mut journal, &views, &progress, &announce, &mut group);
                }
                views.close();
            })?;
        Ok((Self { thread, applied }, sender))
    }

    /// How far the views have come.
    #[must_use]
    pub fn applied(&self) -> Applied {
        self.applied.clone()
    }

    /// Waits for the queue to drain. Every sender MUST have been dropped.
    pub fn join(self) {
        // The thread aborts the process rather than panic, so there is no error to report.
        let _ = self.thread.join();
    }
}

/// Commits a group. A failure leaves memory ahead of the disk: the process ends on the spot, and
/// the next start finds what was committed.
fn commit(
    journal: &mut Journal,
    views: &Views,
    applied: &Applied,
    announce: &impl Fn(Vec<Event>),
    group: &mut Vec<Job>,
) {
    let changes: Vec<&Changes> = group
        .iter()
        .filter_map(|job| job.change.as_ref().map(|(_, changes)| changes))
        .collect();
    if let Some(last) = changes.last() {
        let records = group
            .iter()
            .filter_map(|job| job.change.as_ref().map(|(record, _)| record));
        if let Err(error) = journal.append(records) {
            crate::abort::abort(&format!("the journal could not be written: {error}"));
        }
        if let Err(error) = views.apply(&changes, journal.head()) {
            crate::abort::abort(&format!("the view could not be written: {error}"));
        }
        applied.0.store(last.seq, Ordering::Release);
    }
    let mut events = Vec::new();
    for job in group.drain(..) {
        (job.done)();
        events.extend(job.change.into_iter().flat_map(|(record, _)| record.events));
    }
    if !events.is_empty() {
        announce(events);
    }
}
