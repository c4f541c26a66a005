//! One node event. When the flow is done, its effect is durable, and harmless when it comes again.

use super::{Answer, Effect, Flow, Step, row};
use crate::id::{NodePaymentId, PaymentHash, Preimage};
use crate::invoice::{Invoice, State as InvoiceState};
use crate::ledger::entity::Damaged;
use crate::ledger::{Archive, Command, Which};
use crate::money::Msat;
use crate::node::{ChannelChange, NodeEvent};
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
    Intending(PaymentHash, Msat),
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

    fn begin(event: NodeEvent) -> (Stage, Step<()>) {
        match event {
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
                (Stage::Intending(hash, amount), Step::execute(intend))
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
            NodeEvent::SendFailed { id, hash, reason } => {
                let void = Command::VoidPayment {
                    which: Which::Node { id, hash },
                    attempt: None,
                    reason,
                };
                (Stage::Last, Step::execute(void))
            }
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
                };
                (Stage::Last, Step::execute(Command::RecordChannel(channel)))
            }
            NodeEvent::Other(_) => (Stage::Last, Step::Done(())),
        }
    }
}

impl Flow for OnEvent {
    type Outcome = ();

    fn step(&mut self, rows: &dyn Archive, answer: Option<Answer>) -> Result<Step<()>, Damaged> {
        let (stage, step) = match (std::mem::replace(&mut self.stage, Stage::Last), answer) {
            (Stage::Begin(event), _) => Self::begin(event),
            (Stage::Intending(hash, amount), Some(Answer::Executed(Ok(_)))) => {
                (Stage::Last, claim(rows, hash, amount)?)
            }
            (Stage::Intending(hash, _), Some(Answer::Executed(Err(_)))) => {
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
            (Stage::Intending(..) | Stage::Asking(..) | Stage::Last, _) => {
                (Stage::Last, Step::Done(()))
            }
        };
        self.stage = stage;
        Ok(step)
    }
}

/// The ledger took the HTLC: to be claimed, or to be held.
fn claim(rows: &dyn Archive, hash: PaymentHash, amount: Msat) -> Result<Step<()>, Damaged> {
    let invoice = row::<Invoice>(rows, &hash)?;
    let claiming = invoice.filter(|invoice| invoice.state == InvoiceState::Claiming);
    Ok(match claiming.and_then(|invoice| invoice.preimage) {
        Some(preimage) => Step::effect(Effect::Claim {
            hash,
            amount,
            preimage,
        }),
        None => Step::Done(()),
    })
}

const fn state_after(change: ChannelChange) -> ChannelState {
    match change {
        ChannelChange::Pending => ChannelState::Pending,
        ChannelChange::Ready => ChannelState::Ready,
        ChannelChange::Closed => ChannelState::Closed,
    }
}
