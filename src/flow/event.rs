//! One node event. When the flow is done, its effect is durable, and harmless when it comes again.

use super::hold::claim;
use super::{Answer, Effect, Flow, Step, row};
use crate::id::{NodePaymentId, PaymentHash, Preimage};
use crate::invoice::{Invoice, State as InvoiceState};
use crate::ledger::entity::{Damaged, OutgoingHash};
use crate::ledger::{Archive, Command, Done, Which};
use crate::money::Msat;
use crate::node::{ChannelChange, NodeEvent};
use crate::payment::{FailureReason, Payment};
use crate::time::Timestamp;
use crate::treasury::{Channel, ChannelState};

/// Applies a node event.
#[derive(Clone, Debug)]
pub struct OnEvent {
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Begin(NodeEvent),
    /// The ledger decides what becomes of an HTLC.
    Intending(PaymentHash),
    /// Likewise, while an earlier claim may have been taken and its news be on their way.
    Correcting(PaymentHash),
    /// A failure of a payment that is at a later attempt may be an earlier one's, told again.
    Doubting(PaymentHash, Box<Command>),
    /// The node's row may know the amount of a payment that we do not know.
    Asking(NodePaymentId, PaymentHash, Option<Preimage>, Msat),
    /// Whatever the answer, nothing is left to do.
    Last,
}

impl OnEvent {
    /// The flow of this event.
    #[must_use]
    pub const fn new(event: NodeEvent) -> Self {
        Self {
            stage: Stage::Begin(event),
        }
    }

    fn begin(rows: &dyn Archive, event: NodeEvent) -> Result<(Stage, Step<()>), Damaged> {
        Ok(match event {
            NodeEvent::Claimable {
                hash,
                amount,
                lsp_fee,
                deadline_height,
            } => {
                let intend = Command::IntendClaim {
                    hash,
                    amount,
                    lsp_fee,
                    deadline_height,
                };
                (claiming(rows, hash)?, Step::execute(intend))
            }
            NodeEvent::Received {
                hash,
                amount,
                lsp_fee,
            } => {
                let book = Command::BookReceipt {
                    hash,
                    amount,
                    lsp_fee,
                };
                (Stage::Last, Step::execute(book))
            }
            NodeEvent::Sent {
                id,
                hash,
                preimage,
                fee,
            } => (
                Stage::Asking(id, hash, preimage, fee),
                Step::effect(Effect::Row(id)),
            ),
            NodeEvent::SendFailed { id, hash, reason } => failed(rows, id, hash, reason)?,
            NodeEvent::Channel {
                change,
                user_channel_id,
                channel_id,
                counterparty,
                funding,
                given_by_peer,
            } => {
                let channel = Channel {
                    user_channel_id,
                    channel_id,
                    counterparty: counterparty.unwrap_or_default(),
                    funding_tx: funding.map(|(tx, _)| tx),
                    funding_index: funding.map_or(0, |(_, index)| index),
                    got: given_by_peer,
                    given: Msat::ZERO,
                    state: state_after(change),
                    opened_at: Timestamp::default(),
                    closing: None,
                };
                (Stage::Last, Step::execute(Command::RecordChannel(channel)))
            }
            NodeEvent::Forwarded { earned } => {
                (Stage::Last, Step::execute(Command::NoteRouting { earned }))
            }
            NodeEvent::Other(_) => (Stage::Last, Step::Done(())),
        })
    }
}

impl Flow for OnEvent {
    type Outcome = ();

    fn step(&mut self, rows: &dyn Archive, answer: Option<Answer>) -> Result<Step<()>, Damaged> {
        let (stage, step) = match (std::mem::replace(&mut self.stage, Stage::Last), answer) {
            (Stage::Begin(event), _) => Self::begin(rows, event)?,
            (Stage::Intending(hash), Some(Answer::Executed(Ok(Done::Changed)))) => (
                Stage::Last,
                claim(rows, hash)?.map_or(Step::Done(()), Step::effect),
            ),
            // Whether a claim has to be repeated is seen when the node has told everything else.
            (Stage::Intending(_) | Stage::Correcting(_), Some(Answer::Executed(Ok(_)))) => {
                (Stage::Last, Step::Done(()))
            }
            (Stage::Intending(hash) | Stage::Correcting(hash), Some(Answer::Executed(Err(_)))) => {
                (Stage::Last, Step::effect(Effect::Fail(hash)))
            }
            (Stage::Doubting(hash, void), Some(Answer::Look(Ok(look)))) => {
                let may_be_under_way = look.outgoing.contains(&hash) || !look.dust.is_zero();
                let step = if may_be_under_way {
                    Step::Done(()) // The check will tell.
                } else {
                    Step::execute(*void)
                };
                (Stage::Last, step)
            }
            (Stage::Asking(id, hash, preimage, fee), Some(Answer::Row(answer))) => {
                let found = answer.ok().flatten();
                let post = Command::PostPayment {
                    which: Which::Node {
                        id,
                        hash: Some(hash),
                    },
                    hash,
                    preimage,
                    fee,
                    node_amount: found.and_then(|found| found.amount),
                };
                (Stage::Last, Step::execute(post))
            }
            (
                Stage::Intending(_)
                | Stage::Correcting(_)
                | Stage::Doubting(..)
                | Stage::Asking(..)
                | Stage::Last,
                _,
            ) => (Stage::Last, Step::Done(())),
        };
        self.stage = stage;
        Ok(step)
    }
}

/// While an invoice is being claimed already, another HTLC only corrects what is written of it.
fn claiming(rows: &dyn Archive, hash: PaymentHash) -> Result<Stage, Damaged> {
    let invoice = row::<Invoice>(rows, &hash)?;
    let is_claiming = invoice.is_some_and(|invoice| invoice.state == InvoiceState::Claiming);
    Ok(if is_claiming {
        Stage::Correcting(hash)
    } else {
        Stage::Intending(hash)
    })
}

fn failed(
    rows: &dyn Archive,
    id: NodePaymentId,
    hash: Option<PaymentHash>,
    reason: FailureReason,
) -> Result<(Stage, Step<()>), Damaged> {
    let void = Command::VoidPayment {
        which: Which::Node { id, hash },
        attempt: None,
        reason,
    };
    Ok(match hash {
        Some(hash) if is_later_attempt(rows, hash)? => (
            Stage::Doubting(hash, Box::new(void)),
            Step::effect(Effect::Look),
        ),
        Some(_) | None => (Stage::Last, Step::execute(void)),
    })
}

/// A node whose manager was written too late tells a failure again that has been acknowledged; by
/// then another attempt may be under way.
fn is_later_attempt(rows: &dyn Archive, hash: PaymentHash) -> Result<bool, Damaged> {
    let Some(found) = row::<OutgoingHash>(rows, &hash)? else {
        return Ok(false);
    };
    let payment = row::<Payment>(rows, &found.payment)?;
    Ok(payment.is_some_and(|payment| payment.attempt > 1))
}

const fn state_after(change: ChannelChange) -> ChannelState {
    match change {
        ChannelChange::Pending => ChannelState::Pending,
        ChannelChange::Ready => ChannelState::Ready,
        ChannelChange::Closed => ChannelState::Closed,
    }
}
