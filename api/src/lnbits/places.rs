//! Places for calls during which somebody else's server is waited for. Owns how many there are: such a
//! server may take its time, and what needs none of them is served meanwhile.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::Error;

/// Calls that wait for servers of others at a time.
const MAX_CALLS: usize = 64;
/// Of these, cards that pay: anybody may have a card read, and some places are kept for those with keys.
const MAX_CARDS: usize = 32;

/// The places.
#[derive(Debug)]
pub(super) struct Places {
    calls: Semaphore,
    cards: Semaphore,
}

/// A place, free again once this is dropped.
pub(super) struct Place<'a> {
    _call: SemaphorePermit<'a>,
    _card: Option<SemaphorePermit<'a>>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            calls: Semaphore::new(MAX_CALLS),
            cards: Semaphore::new(MAX_CARDS),
        }
    }

    /// A place for whoever has a key; 503 where there is none.
    pub(super) fn take(&self) -> Result<Place<'_>, Error> {
        let busy = |_| Error::busy("Too many servers of others are being waited for");
        Ok(Place {
            _call: self.calls.try_acquire().map_err(busy)?,
            _card: None,
        })
    }

    /// A place for a card.
    pub(super) fn take_for_card(&self) -> Result<Place<'_>, Error> {
        let busy = |_| Error::busy("Too many cards are being read");
        let card = self.cards.try_acquire().map_err(busy)?;
        Ok(Place {
            _card: Some(card),
            ..self.take()?
        })
    }
}
