//! What the rest of the program sees of the ledger. Owns the bound on waiting commands, the time
//! limit, and the clock.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ractor::ActorRef;
use till::ledger::{Command, Done, Refusal, SpendCommand};
use till::time::Timestamp;
use tokio::sync::{Semaphore, oneshot};

use super::actor::Execute;
use crate::disk::DiskFloor;

/// How many commands may wait for the ledger at once.
const PLACES: usize = 1_024;
/// How long a caller waits for its answer. The command is carried out all the same.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no [`Done`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The rules say no; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// All places are taken; nothing has changed.
    #[error("the ledger's queue is full")]
    Busy,
    /// No answer in time: the command may or may not be carried out.
    #[error("the ledger did not answer in time")]
    Unknown,
    /// There is too little room on the disk to begin anything; nothing has changed.
    #[error("the disk is nearly full")]
    DiskLow,
    /// The ledger has stopped; nothing has changed.
    #[error("the ledger has stopped")]
    Stopped,
}

/// Sends commands to the ledger. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LedgerHandle {
    actor: ActorRef<Execute>,
    places: Arc<Semaphore>,
    floor: Arc<DiskFloor>,
}

impl LedgerHandle {
    pub(crate) fn new(actor: ActorRef<Execute>, floor: DiskFloor) -> Self {
        Self {
            actor,
            floor: Arc::new(floor),
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// Carries out a command for somebody who can be told to come back later.
    ///
    /// # Errors
    /// [`LedgerError`]; only after `Unknown` may something have changed.
    pub async fn execute(&self, command: impl Into<Command>) -> Result<Done, LedgerError> {
        let command = command.into();
        if begins_something(&command) && self.floor.is_low() {
            return Err(LedgerError::DiskLow);
        }
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| LedgerError::Busy)?;
        self.send(command, place).await
    }

    /// Carries out a command that the node's word demands: waits for a place however long it takes.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), but never `Busy`.
    pub async fn execute_for_node(&self, command: Command) -> Result<Done, LedgerError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| LedgerError::Stopped)?;
        self.send(command, place).await
    }

    async fn send(
        &self,
        command: Command,
        place: tokio::sync::OwnedSemaphorePermit,
    ) -> Result<Done, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let message = Execute {
            command,
            now: now(),
            reply,
            place,
        };
        self.actor
            .send_message(message)
            .map_err(|_| LedgerError::Stopped)?;
        match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(_)) | Err(_) => Err(LedgerError::Unknown),
        }
    }

    /// Lets the queue drain and stops the actor.
    pub(crate) async fn stop(&self) {
        self.places.close();
        if self
            .actor
            .drain_and_wait(Some(ANSWER_TIMEOUT))
            .await
            .is_err()
        {
            tracing::warn!("the ledger did not drain in time");
        }
    }
}

/// Whether a command begins what needs more records later. All others end something, or report what
/// happened: they are taken as long as there is a byte to write to.
fn begins_something(command: &Command) -> bool {
    matches!(
        command,
        Command::DraftInvoice(_)
            | Command::KeepOffer(_)
            | Command::ReservePayment(_)
            | Command::IntendOpening(_)
            | Command::Spend(SpendCommand::Reserve(_))
    )
}

/// The time by the system's clock.
#[must_use]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
