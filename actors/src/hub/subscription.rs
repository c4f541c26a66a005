//! One subscriber's end: a cursor over the event log, and once it has caught up, the hub's word.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use till::ledger::Event;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use super::Topic;
use super::board::{Board, Live};
use super::places::Place;
use crate::views::{ViewError, Views};

/// Events read from the log at once. It is read on a thread that others wait for: between two pages they
/// have their turn.
const PAGE: usize = 64;

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An event, in order, none left out.
    Event(Event),
    /// The reader was too slow and is cut off.
    Lagged {
        /// Subscribe again with this as `since`.
        resume_from: u64,
    },
    /// The hub has stopped; subscribe again with the last event's id.
    Closed,
}

/// A subscriber's end.
#[derive(Debug)]
pub struct Subscription {
    views: Views,
    topic: Topic,
    /// The last event that was looked at.
    cursor: u64,
    /// The past up to here is read from the log.
    past: u64,
    page: VecDeque<Event>,
    turns: Arc<Semaphore>,
    /// Set once the subscriber has caught up with the log: from then on it must keep up.
    live: Option<Live>,
    /// Gone when the hub is.
    board: Weak<Board>,
    _place: Place,
}

impl Subscription {
    /// After `since`, or with what comes next.
    pub(super) fn new(
        views: Views,
        topic: Topic,
        since: Option<u64>,
        board: &Arc<Board>,
        place: Place,
    ) -> Self {
        let newest = board.through();
        // An id from another journal's life, ahead of this one, would hear of nothing.
        let since = since
            .map(|since| since.min(newest))
            .filter(|since| *since < newest);
        let (live, cursor) = match since {
            Some(since) => (None, since),
            None => {
                let (live, through) = board.join(topic);
                (Some(live), through)
            }
        };
        Self {
            views,
            topic,
            cursor,
            past: if live.is_some() { cursor } else { newest },
            page: VecDeque::new(),
            turns: board.turns(),
            live,
            board: Arc::downgrade(board),
            _place: place,
        }
    }

    /// The last event that was looked at: whoever subscribes with it as `since` misses nothing.
    #[must_use]
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The next delivery. After [`Delivery::Lagged`] or [`Delivery::Closed`] there is no other.
    /// Cancel safe: what was not returned is returned by the next call.
    pub async fn next(&mut self) -> Delivery {
        loop {
            if self.lags() {
                return Delivery::Lagged {
                    resume_from: self.cursor,
                };
            }
            if let Some(event) = self.next_of_the_page() {
                return Delivery::Event(event);
            }
            if self.cursor < self.past {
                if let Err(error) = self.turn_the_page().await {
                    tracing::error!(%error, "the event log cannot be read");
                    return Delivery::Closed;
                }
                continue;
            }
            let Some(live) = &mut self.live else {
                if !self.join() {
                    return Delivery::Closed;
                }
                continue;
            };
            match live.events.recv().await {
                Some(event) => {
                    self.cursor = event.id;
                    // The last of its readers takes it, the others copy.
                    return Delivery::Event(Arc::unwrap_or_clone(event));
                }
                None if self.lags() => {}
                None => return Delivery::Closed,
            }
        }
    }

    /// Has the hub tell what comes from now on; what came meanwhile is read from the log first.
    fn join(&mut self) -> bool {
        let Some(board) = self.board.upgrade() else {
            return false;
        };
        let newest = board.through();
        if newest > self.past {
            // Others may write faster than this one reads: it need not keep up before it has caught up.
            self.past = newest;
            return true;
        }
        let (live, through) = board.join(self.topic);
        self.past = through;
        self.live = Some(live);
        true
    }

    fn lags(&self) -> bool {
        let live = self.live.as_ref();
        live.is_some_and(|live| live.lags.load(Ordering::Acquire))
    }

    /// The next event of what was read of the past, if there is any left.
    fn next_of_the_page(&mut self) -> Option<Event> {
        while let Some(event) = self.page.pop_front() {
            if event.id > self.past {
                // The hub tells these.
                self.page.clear();
                break;
            }
            self.cursor = event.id;
            if self.topic.covers(&event) {
                return Some(event);
            }
        }
        None
    }

    /// Reads on in the past, when it is this one's turn, and lets others have theirs.
    async fn turn_the_page(&mut self) -> Result<(), ViewError> {
        {
            // The semaphore is never closed.
            let _turn = self.turns.acquire().await;
            let events = self.views.events_after(self.cursor, PAGE)?;
            match events.first() {
                Some(first) if first.id <= self.past => self.page = events.into(),
                Some(_) | None => self.cursor = self.past,
            }
        }
        yield_now().await;
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let (Some(board), Some(live)) = (self.board.upgrade(), &self.live) {
            board.leave(self.topic, live.name);
        }
    }
}
