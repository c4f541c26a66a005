//! What the rest of the program sees of the treasury. Owns the bound on waiting requests.

use std::sync::Arc;

use ractor::ActorRef;
use till::ledger::OpeningOrder;
use tokio::sync::{Semaphore, oneshot};

use super::actor::Msg;
use crate::ledger::LedgerError;
use crate::node::{NodeError, OpenChannelRequest};
use crate::service::types::ChannelOpening;
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

    /// Opens a channel, unless the order is a repeat, and returns once its funding transaction is
    /// known or the peer has had its time.
    ///
    /// # Errors
    /// [`TreasuryError`]; there will be no channel then, but where the ledger did not answer.
    pub async fn open_channel(
        &self,
        order: Box<OpeningOrder>,
        request: OpenChannelRequest,
    ) -> Result<ChannelOpening, TreasuryError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| TreasuryError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let message = Msg::Open {
            order,
            request,
            reply,
            place,
        };
        self.actor
            .send_message(message)
            .map_err(|_| TreasuryError::Stopped)?;
        answer.await.map_err(|_| TreasuryError::Stopped)?
    }

    pub(crate) fn stop(&self) {
        self.places.close();
        self.actor.stop(None);
    }
}
