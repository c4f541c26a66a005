//! Interface skeleton.
use till::ledger::Event;

/// A subscriber's end. Bounded: a reader that falls behind gets `Lagged` once, then nothing.
#[derive(Debug)]
pub struct Subscription {}

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Event(Event),
    /// The reader was too slow and is cut off; resume with `since = resume_from`.
    Lagged { resume_from: u64 },
    /// The till is shutting down.
    Closed,
}

impl Subscription {
    /// The next delivery; after `Lagged` or `Closed` there is no other. Cancel safe.
    pub async fn next(&mut self) -> Delivery { unimplemented!() }
}
