//! One subscriber's end: a cursor over the event log.

use std::collections::VecDeque;

use till::ledger::Event;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Topic;
use crate::views::Views;

/// Events read from the log at once.
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
    head: watch::Receiver<u64>,
    page: VecDeque<Event>,
    /// Set once the subscriber has caught up with the log: from then on it must keep up.
    live: bool,
    max_lag: u64,
    _place: OwnedSemaphorePermit,
}

impl Subscription {
    pub(super) fn new(
        views: Views,
        topic: Topic,
        cursor: u64,
        head: watch::Receiver<u64>,
        max_lag: u64,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let page = VecDeque::new();
        Self {
            views,
            topic,
            cursor,
            head,
            page,
            live: false,
            max_lag,
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
            let head = *self.head.borrow_and_update();
            if self.live && head.saturating_sub(self.cursor) > self.max_lag {
                return Delivery::Lagged {
                    resume_from: self.cursor,
                };
            }
            while let Some(event) = self.page.pop_front() {
                self.cursor = event.id;
                if self.topic.covers(&event) {
                    return Delivery::Event(event);
                }
            }
            if self.cursor < head {
                match self.views.events_after(self.cursor, PAGE) {
                    Ok(events) if !events.is_empty() => self.page = events.into(),
                    Ok(_) => self.cursor = head,
                    Err(error) => {
                        tracing::error!(%error, "the event log cannot be read");
                        return Delivery::Closed;
                    }
                }
                continue;
            }
            self.live = true;
            if self.head.changed().await.is_err() {
                return Delivery::Closed;
            }
        }
    }
}
