//! Who wants to hear of what. Owns the way of an event from the log to those, and to no others; how it is
//! read from the log, and what is on the wire, is not known here.
//!
//! One part reads the log, once, for everybody: an event costs as much as there are subscribers to its
//! wallet or its hash, not as many as there are in all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use till::ledger::Event;
use tokio::sync::{Semaphore, mpsc};

use super::Topic;

/// Subscribers that read the past from the log at the same moment: more would keep the threads from those
/// who wait for the present.
const READERS: usize = 2;

/// Those who listen now.
#[derive(Debug)]
pub(super) struct Board {
    max_lag: usize,
    /// Whoever reads a page of the past has one of these.
    turns: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last event that was handed out.
    through: u64,
    /// What the next line is called.
    next: u64,
    lines: HashMap<Topic, HashMap<u64, Line>>,
}

/// The hub's end of a subscription.
#[derive(Debug)]
struct Line {
    tell: mpsc::Sender<Arc<Event>>,
    lags: Arc<AtomicBool>,
}

/// The subscriber's end.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) name: u64,
    pub(super) events: mpsc::Receiver<Arc<Event>>,
    /// Set when it was cut off because it did not read.
    pub(super) lags: Arc<AtomicBool>,
}

impl Board {
    pub(super) fn new(through: u64, max_lag: u64) -> Self {
        let state = State {
            through,
            ..State::default()
        };
        Self {
            max_lag: usize::try_from(max_lag).unwrap_or(usize::MAX).max(1),
            turns: Arc::new(Semaphore::new(READERS)),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is to read the past.
    pub(super) fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }

    /// The last event that was handed out.
    pub(super) fn through(&self) -> u64 {
        self.state().through
    }

    /// Listens from now on: to everything after the event whose id is returned beside it.
    pub(super) fn join(&self, topic: Topic) -> (Live, u64) {
        let (tell, events) = mpsc::channel(self.max_lag);
        let lags = Arc::new(AtomicBool::new(false));
        let mut state = self.state();
        state.next += 1;
        let name = state.next;
        let line = Line {
            tell,
            lags: Arc::clone(&lags),
        };
        state.lines.entry(topic).or_default().insert(name, line);
        (Live { name, events, lags }, state.through)
    }

    pub(super) fn leave(&self, topic: Topic, name: u64) {
        let mut state = self.state();
        if let Some(lines) = state.lines.get_mut(&topic) {
            lines.remove(&name);
            if lines.is_empty() {
                state.lines.remove(&topic);
            }
        }
    }

    /// Hands an event to those who want it. Whoever has no room for it is cut off.
    pub(super) fn hand_out(&self, event: Event) {
        let mut state = self.state();
        state.through = event.id;
        let event = Arc::new(event);
        for topic in Topic::of(&event) {
            let Some(lines) = state.lines.get_mut(&topic) else {
                continue;
            };
            lines.retain(|_, line| {
                let told = line.tell.try_send(Arc::clone(&event)).is_ok();
                if !told {
                    line.lags.store(true, Ordering::Release);
                }
                told
            });
            if lines.is_empty() {
                state.lines.remove(&topic);
            }
        }
    }
}
