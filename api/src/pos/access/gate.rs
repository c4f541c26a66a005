//! The one place where a password or PIN is tried or hashed. Owns the memory bound of Argon2id,
//! and that the stop on guessing cannot be outrun by guessing in parallel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use till::access::PasswordHash;
use till::time::Timestamp;
use till_actors::service::Service;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::lockout::{Key, Lockout};
use super::{Secret, password};
use crate::http::BUSY_RETRY_SECS;
use crate::pos::error::{Case, Error};
use crate::pos::settings::LockoutSettings;

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
pub(crate) enum Denied {
    /// It was wrong.
    Wrong,
    /// It was not looked at: locked, busy or broken.
    Unheard(Error),
}

/// Tries and hashes secrets.
pub(crate) struct Gate {
    places: Arc<Semaphore>,
    lockout: Mutex<Lockout>,
}

impl Gate {
    pub(crate) fn new(settings: LockoutSettings) -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
            lockout: Mutex::new(Lockout::new(settings)),
        }
    }

    /// Tries a guess, and counts it.
    pub(crate) async fn open(&self, service: &Service, guess: Guess) -> Result<(), Denied> {
        let keys: Vec<Key> = [Some(guess.account.clone()), guess.address]
            .into_iter()
            .flatten()
            .collect();
        let place = self.place().await.map_err(Denied::Unheard)?;
        self.check(&keys, service.now()).map_err(Denied::Unheard)?;
        let (secret, stored) = (guess.secret, guess.stored);
        let right = work(place, move || password::verify(&secret, stored.as_ref()))
            .await
            .map_err(Denied::Unheard)?;
        if right {
            self.counts().succeeded(&guess.account);
            Ok(())
        } else {
            self.counts().failed(&keys, service.now());
            Err(Denied::Wrong)
        }
    }

    /// Runs `hashing` off the async threads, where its memory is accounted for.
    pub(crate) async fn hash<T: Send + 'static>(
        &self,
        hashing: impl FnOnce() -> Result<T, password::HashError> + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.place().await?;
        work(place, hashing).await?.map_err(|e| Error::internal(&e))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let place = Arc::clone(&self.places).acquire_owned();
        match timeout(PLACE_WAIT, place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Error::new(Case::Busy, "Too many logins, try again")
                .retry_after(BUSY_RETRY_SECS.into())),
        }
    }

    fn check(&self, keys: &[Key], now: Timestamp) -> Result<(), Error> {
        match self.counts().wait_secs(keys, now) {
            Some(secs) => Err(Error::locked_out(secs)),
            None => Ok(()),
        }
    }

    /// Counts are plain numbers, whole at any moment: a panic elsewhere does not spoil them.
    fn counts(&self) -> MutexGuard<'_, Lockout> {
        self.lockout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place goes with the work: a caller that hangs up does not make room for another hash while
/// its own is still being computed.
async fn work<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let job = move || {
        let done = job();
        drop(place);
        done
    };
    spawn_blocking(job).await.map_err(|e| Error::internal(&e))
}
