//! An outgoing payment: money set aside, then the node asked, once. How it ends the node's events
//! tell, or the check.

use super::{Answer, Effect, Flow, Step, row};
use crate::id::{PaymentHash, PaymentId};
use crate::ledger::entity::{Damaged, Idempotency, OutgoingHash};
use crate::ledger::{Archive, Command, Done, PaymentOrder, Reference, Refusal, Which};
use crate::node::{SendRequest, SendTarget};
use crate::payment::{FailureReason, Payment, State as PaymentState};

/// Sets money aside. A failed payment gets another attempt only when no channel has an HTLC of the
/// old one. If the failure is told again after a restart, it does not fail the new attempt: see
/// [`OnEvent`](super::OnEvent).
#[derive(Clone, Debug)]
pub struct Reserve {
    order: Box<PaymentOrder>,
    stage: Reserving,
}

#[derive(Clone, Copy, Debug)]
enum Reserving {
    Begin,
    Looking(Earlier),
    Executing,
}

/// The failed attempt before this one.
#[derive(Clone, Copy, Debug)]
struct Earlier {
    id: PaymentId,
    hash: PaymentHash,
    attempt: u32,
}

/// Money is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The payment.
    pub id: PaymentId,
    /// Whether it is to be sent now; not if the order was a repeat.
    pub send: bool,
}

/// Why no money is set aside. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReserved {
    /// The ledger refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The node does not tell whether an earlier attempt is over.
    #[error("the node does not answer")]
    Away,
}

impl Reserve {
    /// The flow of this order.
    #[must_use]
    pub fn new(order: PaymentOrder) -> Self {
        Self {
            order: Box::new(order),
            stage: Reserving::Begin,
        }
    }

    fn execute(&mut self) -> Step<Result<Reserved, NotReserved>> {
        self.stage = Reserving::Executing;
        Step::execute(Command::ReservePayment(self.order.clone()))
    }

    fn begin(
        &mut self,
        rows: &dyn Archive,
    ) -> Result<Step<Result<Reserved, NotReserved>>, Damaged> {
        Ok(match self.earlier(rows)? {
            Some(earlier) => {
                self.stage = Reserving::Looking(earlier);
                Step::effect(Effect::Look)
            }
            None => self.execute(),
        })
    }

    /// The failed payment that this would be another attempt of.
    fn earlier(&self, rows: &dyn Archive) -> Result<Option<Earlier>, Damaged> {
        let SendTarget::Bolt11 { hash, .. } = self.order.target else {
            return Ok(None);
        };
        if let Some((key, _)) = &self.order.idempotency
            && row::<Idempotency>(rows, key)?.is_some()
        {
            return Ok(None); // A repeat, or a clash: the ledger says which.
        }
        let payment = match row::<OutgoingHash>(rows, &hash)? {
            Some(found) => row::<Payment>(rows, &found.payment)?,
            None => None,
        };
        let failed = payment.filter(|payment| payment.state == PaymentState::Failed);
        Ok(failed.map(|payment| Earlier {
            id: payment.id,
            hash,
            attempt: payment.attempt,
        }))
    }

    fn reserved(
        &self,
        rows: &dyn Archive,
        done: Done,
    ) -> Result<Result<Reserved, NotReserved>, Damaged> {
        match done {
            Done::Repeat(Reference::Payment(id)) => return Ok(Ok(Reserved { id, send: false })),
            // A key names its operation too, so that is somebody's mistake.
            Done::Repeat(Reference::Opening(_) | Reference::Splice(_) | Reference::Invoice(_)) => {
                return Ok(Err(Refusal::IdempotencyConflict.into()));
            }
            Done::Changed | Done::Unchanged => {}
        }
        let found = match &self.order.target {
            SendTarget::Bolt11 { hash, .. } => row::<OutgoingHash>(rows, hash)?,
            SendTarget::Offer { .. } => None,
        };
        let id = found.map_or(self.order.id, |found| found.payment);
        Ok(Ok(Reserved { id, send: true }))
    }
}

impl Flow for Reserve {
    type Outcome = Result<Reserved, NotReserved>;

    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Self::Outcome>, Damaged> {
        Ok(match (self.stage, answer) {
            (Reserving::Begin, _) => self.begin(rows)?,
            // It failed between the look at it and the ledger's.
            (Reserving::Executing, Some(Answer::Executed(Err(Refusal::NotCleared(_))))) => {
                self.begin(rows)?
            }
            (Reserving::Looking(earlier), Some(Answer::Look(Ok(look)))) => {
                if look.outgoing.contains(&earlier.hash) {
                    Step::Done(Err(Refusal::InFlight(earlier.id).into()))
                } else {
                    self.order.cleared = Some(earlier.attempt);
                    self.execute()
                }
            }
            (Reserving::Executing, Some(Answer::Executed(Ok(done)))) => {
                Step::Done(self.reserved(rows, done)?)
            }
            (Reserving::Executing, Some(Answer::Executed(Err(refusal)))) => {
                Step::Done(Err(refusal.into()))
            }
            (Reserving::Looking(..) | Reserving::Executing, _) => {
                Step::Done(Err(NotReserved::Away))
            }
        })
    }
}

/// Asks the node to pay what was reserved. It asks once; a process that dies meanwhile leaves a
/// pending payment to the check, and nobody sends again.
#[derive(Clone, Debug)]
pub struct Send {
    id: PaymentId,
    stage: Sending,
}

#[derive(Clone, Copy, Debug)]
enum Sending {
    Begin,
    Asking {
        attempt: u32,
        is_offer: bool,
        earlier_over: bool,
    },
    Ending(Handed),
}

/// What became of the asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The node sends, or may: an event tells, or the check.
    Over,
    /// Nothing was sent, and it was voided.
    Voided(FailureReason),
    /// There was nothing to ask: it is final already.
    Final,
}

impl Send {
    /// The flow of this payment.
    #[must_use]
    pub const fn new(id: PaymentId) -> Self {
        let stage = Sending::Begin;
        Self { id, stage }
    }

    fn end(&mut self, handed: Handed, command: Command) -> Step<Handed> {
        self.stage = Sending::Ending(handed);
        Step::execute(command)
    }
}

impl Flow for Send {
    type Outcome = Handed;

    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Handed>, Damaged> {
        Ok(match (self.stage, answer) {
            (Sending::Begin, _) => {
                let payment = row::<Payment>(rows, &self.id)?;
                let pending = payment.filter(|payment| payment.state == PaymentState::Pending);
                let wanted = pending.and_then(|payment| Some((payment.target()?, payment)));
                let Some((target, payment)) = wanted else {
                    return Ok(Step::Done(Handed::Final));
                };
                let (attempt, is_offer) = (payment.attempt, payment.offer.is_some());
                self.stage = Sending::Asking {
                    attempt,
                    is_offer,
                    earlier_over: attempt == 1 || payment.retry_until.is_some(),
                };
                Step::effect(Effect::Send(SendRequest {
                    target,
                    amount: payment.amount,
                    fee_cap: payment.fee_cap,
                    attempt,
                }))
            }
            (Sending::Asking { is_offer, .. }, Some(Answer::Sent(Ok(node_id)))) => {
                let id = self.id;
                if !is_offer {
                    return Ok(Step::Done(Handed::Over));
                }
                self.end(Handed::Over, Command::LinkOffer { id, node_id })
            }
            (
                Sending::Asking {
                    attempt,
                    earlier_over,
                    ..
                },
                Some(Answer::Sent(Err(fault))),
            ) => {
                let Some(reason) = fault.proves_nothing_sent(earlier_over) else {
                    return Ok(Step::Done(Handed::Over));
                };
                let void = Command::VoidPayment {
                    which: Which::Ours(self.id),
                    attempt: Some(attempt),
                    reason,
                };
                self.end(Handed::Voided(reason), void)
            }
            (Sending::Ending(handed), _) => Step::Done(handed),
            (Sending::Asking { .. }, _) => Step::Done(Handed::Over),
        })
    }
}
