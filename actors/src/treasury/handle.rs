//! What the rest of the program sees of the treasury. Owns the bound on waiting requests.

use std::sync::Arc;

use ractor::ActorRef;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::actor::Msg;
use crate::ledger::LedgerError;
use crate::node::{NodeError, OpenChannelRequest, SpliceRequest};
use crate::service::types::{OpenedChannel, SplicedChannel};
use crate::views::ViewError;

/// Requests that may wait while one is under way.
const PLACES: usize = 8;

/// Why the treasury did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TreasuryError {
    /// Too many requests wait.
    #[error("too many on-chain requests are waiting")]
    Busy,
    /// The node or the peer refused.
    #[error(transparent)]
    Node(NodeError),
    /// The peer has not decided in time; the channel may yet come.
    #[error("the peer has not decided in time")]
    Undecided,
    /// The ledger refused, or did not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The views cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The till is shutting down.
    #[error("the till is shutting down")]
    Stopped,
}

/// Asks for on-chain work. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TreasuryHandle {
    actor: ActorRef<Msg>,
    places: Arc<Semaphore>,
}

impl TreasuryHandle {
    pub(crate) fn new(actor: ActorRef<Msg>) -> Self {
        Self {
            actor,
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// Opens a channel and returns once its funding transaction is known.
    ///
    /// # Errors
    /// [`TreasuryError`]; after `Undecided` the channel may still come.
    pub async fn open_channel(
        &self,
        request: OpenChannelRequest,
    ) -> Result<OpenedChannel, TreasuryError> {
        let place = self.place()?;
        let (reply, answer) = oneshot::channel();
        let message = Msg::Open {
            request,
            reply,
            place,
        };
        self.actor
            .send_message(message)
            .map_err(|_| TreasuryError::Stopped)?;
        answer.await.map_err(|_| TreasuryError::Stopped)?
    }

    /// Opens a channel like one that is closed: with the same peer, and of the same size.
    ///
    /// # Errors
    /// As [`open_channel`](Self::open_channel).
    pub async fn reopen_channel(
        &self,
        user_channel_id: [u8; 16],
    ) -> Result<OpenedChannel, TreasuryError> {
        let place = self.place()?;
        let (reply, answer) = oneshot::channel();
        let message = Msg::Reopen {
            user_channel_id,
            reply,
            place,
        };
        self.actor
            .send_message(message)
            .map_err(|_| TreasuryError::Stopped)?;
        answer.await.map_err(|_| TreasuryError::Stopped)?
    }

    /// Splices a channel and returns once the transaction is known.
    ///
    /// # Errors
    /// As [`open_channel`](Self::open_channel).
    pub async fn splice(&self, request: SpliceRequest) -> Result<SplicedChannel, TreasuryError> {
        let place = self.place()?;
        let (reply, answer) = oneshot::channel();
        let message = Msg::Splice {
            request,
            reply,
            place,
        };
        self.actor
            .send_message(message)
            .map_err(|_| TreasuryError::Stopped)?;
        answer.await.map_err(|_| TreasuryError::Stopped)?
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, TreasuryError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| TreasuryError::Busy)
    }

    pub(crate) fn stop(&self) {
        self.places.close();
        self.actor.stop(None);
    }
}
