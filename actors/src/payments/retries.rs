//! Attempts that follow by themselves: a timer for each payment that waits for one, and what happens when
//! it is over. Owns the timers and how many there may be; when an attempt is due, and whether there is one
//! at all, the core says. A process that dies forgets the timers, and the next one finds the payments.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ractor::ActorRef;
use till::flow::{Retried, Retry};
use till::id::PaymentId;
use till::payment::Payment;
use till::restoration::Restoration;
use tokio::sync::OwnedSemaphorePermit;

use super::actor::{Args, Msg, hand_over, until_final_or_waiting};
use crate::ledger::now;
use crate::views::ViewError;

/// So many payments wait for another attempt at most. What comes above fails as it would without retries.
const MAX_WAITING: usize = 256;
/// When an attempt is due and cannot be made yet, it is looked at again so much later.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The timers. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retries(Arc<Mutex<HashSet<PaymentId>>>);

impl Retries {
    /// Whether another payment may wait.
    pub(super) fn has_room(&self) -> bool {
        self.armed().len() < MAX_WAITING
    }

    /// Sees to it that a payment that waits for another attempt gets it; once, however often it is asked.
    pub(super) fn arm(&self, actor: &ActorRef<Msg>, payment: &Payment) {
        if let Some(at) = payment.retry_at() {
            let pause = Duration::from_millis(at.millis_since(now()));
            self.arm_for(actor, payment.id, pause);
        }
    }

    fn arm_for(&self, actor: &ActorRef<Msg>, id: PaymentId, pause: Duration) {
        if self.armed().insert(id) {
            // An actor that has stopped is told nothing.
            drop(actor.send_after(pause, move || Msg::Retry(id)));
        }
    }

    fn disarm(&self, id: PaymentId) {
        self.armed().remove(&id);
    }

    fn armed(&self) -> MutexGuard<'_, HashSet<PaymentId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Arms the timers of payments that wait and that nobody sees to: after a start, and where a timer was lost.
pub(super) fn adopt(args: &Args, actor: &ActorRef<Msg>) -> Result<(), ViewError> {
    let pending = args.runner.views.pending_payments()?;
    let restored = args.runner.views.get::<Restoration>(&())?;
    // What may have been paid after the backup is not attempted again by itself.
    let is_open = |payment: &&Payment| restored.is_some_and(|row| row.leaves_open(payment));
    let alone = pending
        .iter()
        .filter(|payment| !is_open(payment) && !args.handing.has(payment));
    for payment in alone {
        args.retries.arm(actor, payment);
    }
    Ok(())
}

/// A timer is over. Nothing is sent before the node has told what happened before the start, nor while as
/// many payments are in flight as there may be.
pub(super) fn due(args: &Args, actor: &ActorRef<Msg>, id: PaymentId) {
    args.retries.disarm(id);
    let place = match args.gate.is_open() {
        true => Arc::clone(&args.places).try_acquire_owned().ok(),
        false => None,
    };
    match place {
        Some(place) => drop(tokio::spawn(again(args.clone(), actor.clone(), id, place))),
        None => args.retries.arm_for(actor, id, LOOK_AGAIN),
    }
}

/// Another attempt, from its look at the channels to its outcome.
async fn again(args: Args, actor: ActorRef<Msg>, id: PaymentId, place: OwnedSemaphorePermit) {
    let Ok(Some(payment)) = args.runner.views.get::<Payment>(&id) else {
        return; // A view that cannot be read stops the till elsewhere.
    };
    let handing = args.handing.again(id, payment.hash);
    let retried = args.runner.run_for_node(Retry::new(id)).await;
    match retried {
        Some(Retried::Begun) => {
            tracing::info!(%id, "another attempt");
            hand_over(&args, id).await;
        }
        // It waits still, or is final; or the till stops.
        Some(Retried::Not) | None => {}
    }
    drop(handing);
    let left = until_final_or_waiting(&args.runner.views, id).await;
    drop(place);
    match (left, retried) {
        (Some(left), Some(Retried::Begun)) => args.retries.arm(&actor, &left),
        // Its time has come, but not its moment.
        (Some(left), Some(Retried::Not)) if left.retry_at().is_some() => {
            args.retries.arm_for(&actor, id, LOOK_AGAIN);
        }
        (Some(_) | None, _) => {}
    }
}
