//! The one place where a password or PIN is tried or hashed. Owns the memory bound of Argon2id,
//! and that the stop on guessing cannot be outrun by guessing in parallel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use till::access::PasswordHash;
use till::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::lockout::{Key, Lockout, LockoutSettings};
use super::{Secret, password};

/// How many hashes are computed at a time; each takes 19 MiB. It is also by how many guesses a
/// caller can outrun a lock, since the lock is looked at when a place is free.
const PLACES: usize = 4;

/// How long a caller waits for a place before it is sent away.
const PLACE_WAIT: Duration = Duration::from_secs(10);

/// One guess.
pub(crate) struct Guess {
    /// The account that it is about.
    pub(crate) account: Key,
    /// Where it comes from, if that is known.
    pub(crate) address: Option<Key>,
    /// What was typed.
    pub(crate) secret: Secret,
    /// What it has to match; `None` where there is no such account.
    pub(crate) stored: Option<PasswordHash>,
}

/// Why a guess does not open the gate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It was wrong.
    Wrong,
    /// It was not looked at.
    Unheard(Unheard),
}

/// Why a secret was neither tried nor hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unheard {
    /// Guessing has been stopped for so many seconds.
    #[error("too many failed attempts, {0} seconds to wait")]
    LockedOut(u64),
    /// Too many others are being tried.
    #[error("too many logins at once")]
    Busy,
    /// The machine could not: no memory, no randomness, or it is stopping.
    #[error("{0}")]
    Broken(String),
}

impl Unheard {
    fn broken(cause: &dyn std::fmt::Display) -> Self {
        Self::Broken(cause.to_string())
    }
}

/// Tries and hashes secrets. Cheap to clone. There is one for all surfaces: they share the bound on
/// memory, and whoever guesses at one of them is stopped at all.
#[derive(Clone)]
pub struct Gate {
    places: Arc<Semaphore>,
    lockout: Arc<Mutex<Lockout>>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate at which nobody has failed yet.
    #[must_use]
    pub fn new(settings: LockoutSettings) -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
            lockout: Arc::new(Mutex::new(Lockout::new(settings))),
        }
    }

    /// Tries a guess, and counts it before its place is free again, whether the caller is still
    /// there or not. The clock is read once there is a place.
    pub(crate) async fn open(
        &self,
        now: impl Fn() -> Timestamp,
        guess: Guess,
    ) -> Result<(), Denied> {
        let keys: Vec<Key> = [Some(guess.account.clone()), guess.address.clone()]
            .into_iter()
            .flatten()
            .collect();
        let place = self.place().await.map_err(Denied::Unheard)?;
        let now = now();
        if let Some(secs) = counts(&self.lockout).wait_secs(&keys, now) {
            return Err(Denied::Unheard(Unheard::LockedOut(secs)));
        }
        let lockout = Arc::clone(&self.lockout);
        let tried = move || {
            let right = password::verify(&guess.secret, guess.stored.as_ref());
            if right {
                counts(&lockout).succeeded(&guess.account);
            } else {
                counts(&lockout).failed(&keys, now);
            }
            right
        };
        match work(place, tried).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Denied::Wrong),
            Err(error) => Err(Denied::Unheard(error)),
        }
    }

    /// Runs `hashing` off the async threads, where its memory is accounted for.
    pub(crate) async fn hash<T: Send + 'static>(
        &self,
        hashing: impl FnOnce() -> Result<T, password::HashError> + Send + 'static,
    ) -> Result<T, Unheard> {
        self.work(hashing).await?.map_err(|e| Unheard::broken(&e))
    }

    /// Runs anything else that takes as much time and memory as a hash.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unheard> {
        let place = self.place().await?;
        work(place, job).await
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Unheard> {
        let place = Arc::clone(&self.places).acquire_owned();
        match timeout(PLACE_WAIT, place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Unheard::Busy),
        }
    }
}

/// Counts are plain numbers, whole at any moment: a panic elsewhere does not spoil them.
fn counts(lockout: &Mutex<Lockout>) -> MutexGuard<'_, Lockout> {
    lockout.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place goes with the work: a caller that hangs up does not make room for another hash while
/// its own is still being computed.
async fn work<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unheard> {
    let job = move || {
        let done = job();
        drop(place);
        done
    };
    spawn_blocking(job).await.map_err(|e| Unheard::broken(&e))
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn stored() -> PasswordHash {
        password::hash(&Secret::new("1234".into())).expect("hashing works")
    }

    fn guess(secret: &str, stored: Option<PasswordHash>) -> Guess {
        Guess {
            account: Key::Login("ana".into()),
            address: None,
            secret: Secret::new(secret.to_owned()),
            stored,
        }
    }

    #[tokio::test]
    async fn only_the_right_secret_opens() {
        let gate = Gate::new(LockoutSettings::default());
        let stored = stored();
        let open = |secret, stored| gate.open(|| NOW, guess(secret, stored));
        assert_eq!(open("1234", Some(stored.clone())).await, Ok(()));
        assert_eq!(open("4321", Some(stored)).await, Err(Denied::Wrong));
        assert_eq!(open("1234", None).await, Err(Denied::Wrong));
    }

    #[tokio::test]
    async fn the_right_secret_waits_out_the_lock_too() {
        let gate = Gate::new(LockoutSettings::default());
        let stored = stored();
        for _ in 0..5 {
            let denied = gate.open(|| NOW, guess("4321", Some(stored.clone()))).await;
            assert_eq!(denied, Err(Denied::Wrong));
        }
        let denied = gate.open(|| NOW, guess("1234", Some(stored.clone()))).await;
        assert_eq!(denied, Err(Denied::Unheard(Unheard::LockedOut(30))));
        let later = || NOW.plus_secs(30);
        let opened = gate.open(later, guess("1234", Some(stored))).await;
        assert_eq!(opened, Ok(()));
    }

    #[tokio::test]
    async fn parallel_guesses_do_not_outrun_the_lock() {
        let gate = Gate::new(LockoutSettings::default());
        let stored = stored();
        let guesses = (0..40).map(|_| gate.open(|| NOW, guess("4321", Some(stored.clone()))));
        let denied = join_all(guesses).await;
        let tried = denied.iter().filter(|d| **d == Err(Denied::Wrong)).count();
        assert!(
            (5..5 + PLACES).contains(&tried),
            "{tried} guesses were tried"
        );
    }
}
