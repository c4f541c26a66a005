//! Starts one saga per payment and looks after the ones that an earlier process left behind.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::flow::{Check, CheckTimes, Handed, NotReserved, Reserve, Reserved, Send};
use till::id::PaymentId;
use till::ledger::PaymentOrder;
use till::node::SendTarget;
use till::payment::{Payment, State as PaymentState};
use till::treasury::Channel;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

use super::handing::Handing;
use super::handle::{PayError, Waits};
use super::retries::{self, Retries};
use crate::ledger::now;
use crate::node::NodeError;
use crate::runner::Runner;
use crate::views::{ViewError, Views};
use crate::watcher::Gate;

/// How long a payment waits for the gate after a start before its caller is told to come back.
const GATE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a payment to an offer waits for another one to be linked. The node answers within
/// milliseconds; whoever waits in vain is told by the ledger that something is wrong.
const OFFER_TURN_TIMEOUT: Duration = Duration::from_secs(10);
/// A saga looks at its payment at least this often while it is in flight.
const LOOK_EVERY: Duration = Duration::from_secs(60);

pub(crate) enum Msg {
    /// Pay. Answered once the money is set aside, before the node has answered.
    Pay(Box<Pay>),
    /// Look at payments that have been pending for long.
    Check,
    /// The pause after a failed attempt is over.
    Retry(PaymentId),
}

pub(crate) struct Pay {
    pub(super) order: PaymentOrder,
    pub(super) reply: oneshot::Sender<Result<PaymentId, PayError>>,
    /// The place of this payment among those in flight; free again when it is final, or only waits.
    pub(super) place: OwnedSemaphorePermit,
}

/// What the actor starts from.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) runner: Runner,
    pub(crate) gate: Gate,
    /// The time between two looks of the check.
    pub(crate) recheck: Duration,
    /// Where the check tells what pending payments wait for.
    pub(crate) waits: Waits,
    /// What is between its reservation and the node's answer.
    pub(crate) handing: Handing,
    /// Whose turn it is to pay an offer: one after the other, from the reservation to the link.
    pub(crate) offers: Arc<Mutex<()>>,
    /// Places for payments in flight.
    pub(crate) places: Arc<Semaphore>,
    /// Who waits for another attempt.
    pub(crate) retries: Retries,
}

/// The actor.
pub(crate) struct PaymentsActor;

/// The actor's state.
pub(crate) struct Payments {
    args: Args,
    /// Attempts that the last look found nowhere.
    absent: HashSet<(PaymentId, u32)>,
    started: Instant,
}

impl Actor for PaymentsActor {
    type Msg = Msg;
    type State = Payments;
    type Arguments = Args;

    async fn pre_start(
        &self,
        myself: ActorRef<Msg>,
        args: Args,
    ) -> Result<Payments, ActorProcessingErr> {
        myself.send_interval(args.recheck, || Msg::Check);
        retries::adopt(&args, &myself)?;
        Ok(Payments {
            args,
            absent: HashSet::new(),
            started: Instant::now(),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        message: Msg,
        payments: &mut Payments,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Pay(pay) => drop(tokio::spawn(saga(payments.args.clone(), myself, *pay))),
            Msg::Check => {
                payments.check().await?;
                retries::adopt(&payments.args, &myself)?;
            }
            Msg::Retry(id) => retries::due(&payments.args, &myself, id),
        }
        Ok(())
    }
}

impl Payments {
    /// One look; nothing is concluded before the node has told what happened before the start.
    async fn check(&mut self) -> Result<(), ViewError> {
        let before = std::mem::take(&mut self.absent);
        if !self.args.gate.is_open() {
            return Ok(());
        }
        let views = &self.args.runner.views;
        let (mut pending, channels) = (views.pending_payments()?, views.all::<Channel>()?);
        pending.retain(|payment| payment.spend.is_none() && !self.args.handing.has(payment));
        let times = CheckTimes::from_pause(millis(self.args.recheck));
        let clock = (now(), millis(self.started.elapsed()));
        let check = Check::new(pending, channels, before, clock, times);
        if let Some(checked) = self.args.runner.run_for_node(check).await {
            self.absent = checked.absent;
            self.args.waits.set(checked.waiting);
        }
        Ok(())
    }
}

/// Set aside, answer, send, and hold the place until the payment is final or only waits.
async fn saga(args: Args, actor: ActorRef<Msg>, pay: Pay) {
    let Pay {
        mut order,
        reply,
        place,
    } = pay;
    if !args.retries.has_room() {
        order.retry_secs = 0;
    }
    let handing = args.handing.begin(&order);
    let turn = offer_turn(&args, &order).await;
    let reserved = reserve(&args, order).await;
    let wanted = reserved.as_ref().ok().copied();
    // The caller may be gone; the payment goes on.
    let _ = reply.send(reserved.map(|reserved| reserved.id));
    let Some(Reserved { id, send }) = wanted else {
        return;
    };
    if send {
        hand_over(&args, id).await;
    }
    drop(turn);
    drop(handing);
    let left = until_final_or_waiting(&args.runner.views, id).await;
    drop(place);
    if let Some(payment) = left {
        args.retries.arm(&actor, &payment);
    }
}

/// Asks the node to pay what is set aside.
pub(super) async fn hand_over(args: &Args, id: PaymentId) {
    match args.runner.run_for_node(Send::new(id)).await {
        Some(Handed::Voided(reason)) => tracing::info!(%id, ?reason, "payment not sent"),
        Some(Handed::Over | Handed::Final) => tracing::info!(%id, "payment handed over"),
        // It stays pending: the check voids it later.
        None => tracing::warn!(%id, "the till stopped before the payment was handed over"),
    }
}

/// The ledger lets one payment to an offer be unlinked at a time. Callers that come together wait here
/// for each other instead of being refused.
async fn offer_turn(args: &Args, order: &PaymentOrder) -> Option<OwnedMutexGuard<()>> {
    match order.target {
        SendTarget::Bolt11 { .. } => None,
        SendTarget::Offer { .. } => {
            let turn = Arc::clone(&args.offers).lock_owned();
            tokio::time::timeout(OFFER_TURN_TIMEOUT, turn).await.ok()
        }
    }
}

async fn reserve(args: &Args, order: PaymentOrder) -> Result<Reserved, PayError> {
    if !args.gate.passed(GATE_TIMEOUT).await {
        return Err(PayError::Node(NodeError::Unavailable(
            "the node has not yet told what happened before the last stop".into(),
        )));
    }
    match args.runner.run(Reserve::new(order)).await {
        Ok(Ok(reserved)) => Ok(reserved),
        Ok(Err(NotReserved::Refused(refusal))) => Err(PayError::Ledger(refusal.into())),
        Ok(Err(NotReserved::Away)) => Err(PayError::Node(NodeError::Unavailable(
            "the node does not tell whether the earlier attempt is over".into(),
        ))),
        Err(error) => Err(PayError::Ledger(error)),
    }
}

/// The payment, once nothing of it is under way; `None` if it cannot be read.
pub(super) async fn until_final_or_waiting(views: &Views, id: PaymentId) -> Option<Payment> {
    let is_over = |views: &Views| {
        let payment = views.get::<Payment>(&id)?;
        Ok(payment.filter(|payment| payment.state != PaymentState::Pending))
    };
    loop {
        match views.wait_for(LOOK_EVERY, is_over).await {
            Ok(Some(payment)) => return Some(payment),
            Ok(None) => {}
            Err(_) => return None, // A view that cannot be read stops the till elsewhere.
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
