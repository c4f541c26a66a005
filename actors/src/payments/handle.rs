//! What the rest of the program sees of outgoing payments. Owns the bound on those in flight.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ractor::ActorRef;
use till::flow::Waiting;
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

/// What pending payments wait for, as the check last saw it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits(Arc<Mutex<HashMap<PaymentId, Waiting>>>);

impl Waits {
    pub(crate) fn set(&self, waiting: Vec<(PaymentId, Waiting)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = waiting.into_iter().collect();
    }

    fn get(&self, id: PaymentId) -> Option<Waiting> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(&id).copied()
    }
}

/// Starts payments. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PaymentsHandle {
    actor: ActorRef<Msg>,
    places: Arc<Semaphore>,
    waits: Waits,
}

impl PaymentsHandle {
    pub(crate) fn new(actor: ActorRef<Msg>, places: Arc<Semaphore>, waits: Waits) -> Self {
        Self {
            actor,
            waits,
            places,
        }
    }

    /// Starts a payment and returns once its money is set aside; the payment goes on by itself.
    ///
    /// # Errors
    /// [`PayError`]; only after a ledger's `Unknown` may the payment have begun.
    pub async fn start(&self, order: PaymentOrder) -> Result<PaymentId, PayError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PayError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let pay = Pay {
            order,
            reply,
            place,
        };
        self.actor
            .send_message(Msg::Pay(Box::new(pay)))
            .map_err(|_| PayError::Stopped)?;
        answer.await.map_err(|_| PayError::Stopped)?
    }

    /// Why the check leaves a payment pending; `None` if it has not looked at it yet.
    #[must_use]
    pub fn waits_for(&self, id: PaymentId) -> Option<Waiting> {
        self.waits.get(id)
    }

    pub(crate) fn stop(&self) {
        self.places.close();
        self.actor.stop(None);
    }
}
