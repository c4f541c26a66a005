//! What the rest of the program sees of outgoing payments. Owns the bound on those in flight.

use std::sync::Arc;

use ractor::ActorRef;
use till::id::PaymentId;
use till::ledger::PaymentOrder;
use tokio::sync::{Semaphore, oneshot};

use super::actor::{Msg, Pay};
use crate::ledger::LedgerError;
use crate::node::NodeError;

/// Why a payment was not taken on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayError {
    /// As many payments are in flight as the channels bear.
    #[error("too many payments are in flight")]
    Busy,
    /// The ledger refused, or did not answer.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The node cannot pay now.
    #[error(transparent)]
    Node(NodeError),
    /// The till is shutting down.
    #[error("the till is shutting down")]
    Stopped,
}

/// Starts payments. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PaymentsHandle {
    actor: ActorRef<Msg>,
    places: Arc<Semaphore>,
}

impl PaymentsHandle {
    pub(crate) fn new(actor: ActorRef<Msg>, max_in_flight: usize) -> Self {
        Self {
            actor,
            places: Arc::new(Semaphore::new(max_in_flight)),
        }
    }

    /// Starts a payment and returns once its money is set aside; the payment goes on by itself.
    ///
    /// # Errors
    /// [`PayError`]; only after a ledger's `Unknown` may the payment have begun.
    pub async fn start(
        &self,
        order: PaymentOrder,
        amount_is_open: bool,
    ) -> Result<PaymentId, PayError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PayError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let pay = Pay {
            order,
            amount_is_open,
            reply,
            place,
        };
        self.actor
            .send_message(Msg::Pay(Box::new(pay)))
            .map_err(|_| PayError::Stopped)?;
        answer.await.map_err(|_| PayError::Stopped)?
    }

    pub(crate) fn stop(&self) {
        self.places.close();
        self.actor.stop(None);
    }
}
