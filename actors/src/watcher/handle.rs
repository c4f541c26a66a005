//! What the rest of the program sees of the watcher: settling and cancelling hold invoices. Owns
//! the bound on those that wait.

use std::sync::Arc;

use ractor::ActorRef;
use till::flow::NotDone;
use till::id::{PaymentHash, Preimage};
use tokio::sync::{Semaphore, oneshot};

use super::actor::Msg;

/// Settlings and cancellations that may wait while events are handled.
const PLACES: usize = 256;

/// Why a hold invoice was not settled or cancelled.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum HoldError {
    /// Too many wait; nothing has changed.
    #[error("too many settlings and cancellations are waiting")]
    Busy,
    /// The ledger refuses, or the node does not answer; nothing has changed.
    #[error(transparent)]
    NotDone(#[from] NotDone),
    /// The till is shutting down.
    #[error("the till is shutting down")]
    Stopped,
}

/// Settles and cancels. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct WatcherHandle {
    actor: ActorRef<Msg>,
    places: Arc<Semaphore>,
}

impl WatcherHandle {
    pub(crate) fn new(actor: ActorRef<Msg>) -> Self {
        let places = Arc::new(Semaphore::new(PLACES));
        Self { actor, places }
    }

    /// Settles; done means that the claim is decided and durable, not that the money has come.
    pub(crate) async fn settle(
        &self,
        hash: PaymentHash,
        preimage: Option<Preimage>,
    ) -> Result<(), HoldError> {
        self.ask(|reply| Msg::Settle {
            hash,
            preimage,
            reply,
        })
        .await
    }

    /// Cancels; done means that nothing will be taken any more.
    pub(crate) async fn cancel(&self, hash: PaymentHash) -> Result<(), HoldError> {
        self.ask(|reply| Msg::Cancel { hash, reply }).await
    }

    async fn ask(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<(), NotDone>>) -> Msg,
    ) -> Result<(), HoldError> {
        let _place = self.places.try_acquire().map_err(|_| HoldError::Busy)?;
        let (reply, answer) = oneshot::channel();
        self.actor
            .send_message(message(reply))
            .map_err(|_| HoldError::Stopped)?;
        Ok(answer.await.map_err(|_| HoldError::Stopped)??)
    }
}
