//! One node event. When the flow is done, its effect is durable, and harmless when it comes again.

use super::hold::claim;
use super::{Answer, Effect, Flow, Step, row};
use crate::id::{NodePaymentId, PaymentHash, Preimage};
use crate::invoice::{Invoice, State as InvoiceState};
use crate::ledger::entity::{Damaged, OutgoingHash};
use crate::ledger::{Archive, Command, Done, Which};
use crate::money::Msat;
use crate::node::{ChannelChange, NodeEvent};
use crate::payment::Payment;
use crate::time::Timestamp;
use crate::treasury::{Channel, ChannelState, Funding};

/// Applies a node event.
#[derive(Clone, Debug)]
pub struct OnEvent {
    stage: Stage,
    may_be_old: bool,
}

#[derive(Clone, Debug)]
enum Stage {
    Begin(NodeEvent),
    /// The ledger decides what becomes of an HTLC.
    Intending(PaymentHash),
    /// Likewise, while an earlier claim may have been taken and its news be on their way.
    Correcting(PaymentHash),
    /// The node's row may know the amount of a payment that we do not know.
    Asking(NodePaymentId, PaymentHash, Option<Preimage>, Msat),
    /// Whatever the answer, nothing is left to do.
    Last,
}

impl OnEvent {
    /// The flow of this event. It may be old as long as the node has not told everything that
    /// happened before the process started.
    #[must_use]
    pub const fn new(event: NodeEvent, may_be_old: bool) -> Self {
        Self {
            stage: Stage::Begin(event),
            may_be_old,
        }
    }

    fn begin(&self, rows: &dyn Archive, event: NodeEvent) -> Result<(Stage, Step<()>), Damaged> {
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
                offer,
            } => {
                let book = Command::BookReceipt {
                    hash,
                    amount,
                    lsp_fee,
                    offer,
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
            // The check will tell what became of the later attempt.
            NodeEvent::SendFailed {
                hash: Some(hash), ..
            } if self.may_be_of_earlier(rows, hash)? => (Stage::Last, Step::Done(())),
            NodeEvent::SendFailed { id, hash, reason } => {
                let void = Command::VoidPayment {
                    which: Which::Node { id, hash },
                    attempt: None,
                    reason,
                };
                (Stage::Last, Step::execute(void))
            }
            NodeEvent::Channel { .. } => (Stage::Last, channel(event)),
            NodeEvent::Splice {
                user_channel_id,
                funding,
            } => {
                let splice = Command::RecordSplice {
                    channel: user_channel_id,
                    funding: funding.map(|(tx_id, index)| Funding { tx_id, index }),
                };
                (Stage::Last, Step::execute(splice))
            }
            NodeEvent::Forwarded { earned } => {
                (Stage::Last, Step::execute(Command::NoteRouting { earned }))
            }
            NodeEvent::Other(_) => (Stage::Last, Step::Done(())),
        })
    }
}

impl OnEvent {
    /// Whether a reported failure may be that of an attempt before the present one. A node whose manager
    /// was written too late tells a failure again after a restart, though it was acknowledged; and an
    /// attempt that the check gave up may have left a report in the queue.
    fn may_be_of_earlier(&self, rows: &dyn Archive, hash: PaymentHash) -> Result<bool, Damaged> {
        let Some(found) = row::<OutgoingHash>(rows, &hash)? else {
            return Ok(false);
        };
        let payment = row::<Payment>(rows, &found.payment)?;
        let may_be =
            |payment: &Payment| payment.attempt > 1 && (self.may_be_old || payment.unreported);
        Ok(payment.as_ref().is_some_and(may_be))
    }
}

impl Flow for OnEvent {
    type Outcome = ();

    fn step(&mut self, rows: &dyn Archive, answer: Option<Answer>) -> Result<Step<()>, Damaged> {
        let (stage, step) = match (std::mem::replace(&mut self.stage, Stage::Last), answer) {
            (Stage::Begin(event), _) => self.begin(rows, event)?,
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
            (Stage::Intending(_) | Stage::Correcting(_) | Stage::Asking(..) | Stage::Last, _) => {
                (Stage::Last, Step::Done(()))
            }
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

/// What a channel event tells of the channel.
fn channel(event: NodeEvent) -> Step<()> {
    let NodeEvent::Channel {
        change,
        user_channel_id,
        channel_id,
        counterparty,
        funding,
        given_by_peer,
    } = event
    else {
        return Step::Done(());
    };
    Step::execute(Command::RecordChannel(Channel {
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
        address: None,
        announced: false,
        splicing: None,
        spliced: Vec::new(),
    }))
}

const fn state_after(change: ChannelChange) -> ChannelState {
    match change {
        ChannelChange::Pending => ChannelState::Pending,
        ChannelChange::Ready => ChannelState::Ready,
        ChannelChange::Closed => ChannelState::Closed,
    }
}
