//! Places for subscribers. Owns how many there are in all, and how many one account may take; who listens
//! to what is not known here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use till::id::HolderId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An account has one place of so many: all streams of all its wallets together.
const ACCOUNT_SHARE: usize = 16;
/// Places that an account may have, however few there are in all.
const MIN_SHARE: usize = 8;

/// On whose account somebody listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The till's own people, or strangers whom the surface counts itself.
    Till,
    /// Whoever shows a key of a wallet of this account.
    Holder(HolderId),
}

/// All places.
#[derive(Clone, Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    all: usize,
    share: usize,
    taken: Arc<Mutex<HashMap<HolderId, usize>>>,
}

/// A place. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _share: Option<Share>,
}

/// One of an account's places.
#[derive(Debug)]
struct Share {
    taken: Arc<Mutex<HashMap<HolderId, usize>>>,
    holder: HolderId,
}

impl Places {
    pub(super) fn new(all: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(all)),
            all,
            share: (all / ACCOUNT_SHARE).max(MIN_SHARE),
            taken: Arc::default(),
        }
    }

    /// A place, unless all are taken, or all that this account may have.
    pub(super) fn take(&self, listener: Listener) -> Option<Place> {
        let share = match listener {
            Listener::Till => None,
            Listener::Holder(holder) => Some(self.share_of(holder)?),
        };
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(Place {
            _permit: permit,
            _share: share,
        })
    }

    fn share_of(&self, holder: HolderId) -> Option<Share> {
        let mut counts = lock(&self.taken);
        let count = counts.entry(holder).or_default();
        if *count >= self.share {
            return None;
        }
        *count += 1;
        Some(Share {
            taken: Arc::clone(&self.taken),
            holder,
        })
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.all.saturating_sub(self.free.available_permits())
    }

    /// Returns once none is.
    pub(super) async fn emptied(&self) {
        let all = u32::try_from(self.all).unwrap_or(u32::MAX);
        // The semaphore is never closed; whoever has all places has seen everybody leave.
        let _ = self.free.acquire_many(all).await;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = lock(&self.taken);
        if let Some(count) = counts.get_mut(&self.holder) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.holder);
            }
        }
    }
}

fn lock(taken: &Mutex<HashMap<HolderId, usize>>) -> MutexGuard<'_, HashMap<HolderId, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Listener = Listener::Holder(HolderId::from_bytes([1; 16]));
    const BEN: Listener = Listener::Holder(HolderId::from_bytes([2; 16]));

    #[test]
    fn an_account_has_its_share_and_no_more() {
        let places = Places::new(320);
        let anas: Vec<Place> = std::iter::from_fn(|| places.take(ANA)).collect();
        assert_eq!(anas.len(), 20);
        assert!(places.take(BEN).is_some());
        assert!(places.take(Listener::Till).is_some());
        drop(anas);
        assert_eq!(places.taken(), 0);
        assert!(places.take(ANA).is_some());
        assert!(lock(&places.taken).is_empty(), "who has left is forgotten");
    }

    #[test]
    fn nobody_has_more_than_there_is() {
        let places = Places::new(10);
        let anas: Vec<Place> = std::iter::from_fn(|| places.take(ANA)).collect();
        let bens: Vec<Place> = std::iter::from_fn(|| places.take(BEN)).collect();
        assert_eq!((anas.len(), bens.len()), (MIN_SHARE, 2));
        assert!(places.take(Listener::Till).is_none());
        // What was refused for want of a place has not used up a share.
        drop(anas);
        let more: Vec<Place> = std::iter::from_fn(|| places.take(BEN)).collect();
        assert_eq!(bens.len() + more.len(), MIN_SHARE);
    }
}
