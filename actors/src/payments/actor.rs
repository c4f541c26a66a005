//! Starts one saga per payment and looks after the ones that an earlier process left behind.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::id::{PaymentHash, PaymentId};
use till::ledger::entity::Idempotency;
use till::ledger::{Command, PaymentOrder, Refusal};
use till::payment::{FailureReason, Payment, State as PaymentState};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::check::Check;
use super::handle::PayError;
use crate::ledger::{Done, LedgerError, LedgerHandle};
use crate::node::handle::NodeHandle;
use crate::node::{NodeError, SendError, SendRequest};
use crate::views::Views;
use crate::watcher::Gate;

/// How long a payment waits for the gate after a start before its caller is told to come back.
const GATE_TIMEOUT: Duration = Duration::from_secs(20);
/// A saga looks at its payment at least this often while it is in flight.
const LOOK_EVERY: Duration = Duration::from_secs(60);

pub(crate) enum Msg {
    /// Pay. Answered once the money is set aside, before the node has answered.
    Pay(Box<Pay>),
    /// Look at payments that have been pending for long.
    Check,
}

pub(crate) struct Pay {
    pub(super) order: PaymentOrder,
    /// Whether the invoice leaves the amount to the payer.
    pub(super) amount_is_open: bool,
    pub(super) reply: oneshot::Sender<Result<PaymentId, PayError>>,
    /// The place of this payment among those in flight; free again when it is final.
    pub(super) place: OwnedSemaphorePermit,
}

/// What the actor starts from.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) ledger: LedgerHandle,
    pub(crate) node: NodeHandle,
    pub(crate) views: Views,
    pub(crate) gate: Gate,
    /// The time between the two looks of the check.
    pub(crate) recheck: Duration,
}

/// The actor.
pub(crate) struct PaymentsActor;

impl Actor for PaymentsActor {
    type Msg = Msg;
    type State = (Args, Check);
    type Arguments = Args;

    async fn pre_start(
        &self,
        myself: ActorRef<Msg>,
        args: Args,
    ) -> Result<Self::State, ActorProcessingErr> {
        myself.send_interval(args.recheck, || Msg::Check);
        let check = Check::new(args.clone());
        Ok((args, check))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Msg>,
        message: Msg,
        (args, check): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Pay(pay) => drop(tokio::spawn(saga(args.clone(), *pay))),
            Msg::Check => check.look().await?,
        }
        Ok(())
    }
}

/// Set aside, answer, send, and hold the place until the payment is final.
async fn saga(args: Args, pay: Pay) {
    let Pay {
        order,
        amount_is_open,
        reply,
        place,
    } = pay;
    let (bolt11, hash) = (order.bolt11.clone(), order.hash);
    let reserved = reserve(&args, order).await;
    let id = match &reserved {
        Ok((id, _)) => Some(*id),
        Err(_) => None,
    };
    let is_new = matches!(reserved, Ok((_, true)));
    // The caller may be gone; the payment goes on.
    let _ = reply.send(reserved.map(|(id, _)| id));
    let Some(id) = id else { return };
    if is_new {
        send(
            &args,
            id,
            SendRequestDraft {
                bolt11,
                hash,
                amount_is_open,
            },
        )
        .await;
    }
    hold_until_final(&args.views, id).await;
    drop(place);
}

/// The payment's id, and whether it is to be sent now.
async fn reserve(args: &Args, order: PaymentOrder) -> Result<(PaymentId, bool), PayError> {
    if !args.gate.passed(GATE_TIMEOUT).await {
        return Err(PayError::Node(NodeError::Unavailable(
            "the node has not yet told what happened before the last stop".into(),
        )));
    }
    let hash = order.hash;
    // Only a failed payment can get another attempt; whatever else there is, the ledger knows what
    // to say of it, a repeat under the caller's key first of all.
    if let Some(earlier) = find(&args.views, hash)
        && earlier.state == PaymentState::Failed
        && !is_repeat(args, &order)
        && is_in_flight(args, hash).await?
    {
        // The node reported a failure, but an HTLC of it is not resolved: no second attempt.
        return Err(PayError::Ledger(Refusal::InFlight(earlier.id).into()));
    }
    match args
        .ledger
        .execute(Command::ReservePayment(Box::new(order)))
        .await
    {
        Ok(Done::Repeat(id)) => Ok((id, false)),
        Ok(Done::Changed | Done::Unchanged) => match find(&args.views, hash) {
            Some(payment) => Ok((payment.id, true)),
            None => crate::abort::abort("a payment vanished after it was reserved"),
        },
        Err(error) => Err(PayError::Ledger(error)),
    }
}

fn is_repeat(args: &Args, order: &PaymentOrder) -> bool {
    let Some((key, _)) = &order.idempotency else {
        return false;
    };
    matches!(args.views.get::<Idempotency>(key), Ok(Some(_)))
}

async fn is_in_flight(args: &Args, hash: PaymentHash) -> Result<bool, PayError> {
    let in_flight = args
        .node
        .run(|node| node.in_flight())
        .await
        .map_err(PayError::Node)?;
    Ok(in_flight.hashes.contains(&hash))
}

struct SendRequestDraft {
    bolt11: String,
    hash: PaymentHash,
    amount_is_open: bool,
}

/// Hands the payment to the node. Only a clear "nothing was sent" voids it here.
async fn send(args: &Args, id: PaymentId, draft: SendRequestDraft) {
    let Ok(Some(payment)) = args.views.get::<Payment>(&id) else {
        crate::abort::abort("a payment vanished before it was sent")
    };
    let request = SendRequest {
        bolt11: draft.bolt11,
        hash: draft.hash,
        amount: payment.amount,
        amount_is_open: draft.amount_is_open,
        fee_cap: payment.fee_cap,
        attempt: payment.attempt,
    };
    let sent = args.node.run(move |node| node.send(&request)).await;
    let reason = match sent {
        Ok(Ok(())) => return,
        Ok(Err(SendError::Unknown)) => {
            tracing::warn!(%id, "the node did not say whether it sent; the check will tell");
            return;
        }
        Ok(Err(SendError::NotSent(reason))) => reason,
        // The call was never made: the node is stopping.
        Err(_) => FailureReason::NeverSent,
    };
    let void = Command::VoidPayment {
        hash: draft.hash,
        attempt: Some(payment.attempt),
        reason,
    };
    match args.ledger.execute_for_node(void).await {
        Ok(_) => tracing::info!(%id, ?reason, "payment not sent"),
        // It stays pending: the check voids it later.
        Err(error) => tracing::warn!(%id, %error, "a payment was not sent and not voided"),
    }
}

async fn hold_until_final(views: &Views, id: PaymentId) {
    let is_final = |views: &Views| {
        let payment = views.get::<Payment>(&id)?;
        Ok(payment.filter(|payment| payment.state != PaymentState::Pending))
    };
    while let Ok(None) = views.wait_for(LOOK_EVERY, is_final).await {}
}

fn find(views: &Views, hash: PaymentHash) -> Option<Payment> {
    use till::ledger::entity::OutgoingHash;
    let found = views.get::<OutgoingHash>(&hash).ok()??;
    views.get::<Payment>(&found.payment).ok()?
}

impl From<LedgerError> for PayError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}
