//! Another attempt of a payment that waits for one. The ledger begins it, or gives the payment up if its
//! time is over; whoever runs this then runs [`Send`](super::Send), and only if it has begun.

use super::{Answer, Effect, Flow, Step, row};
use crate::id::PaymentId;
use crate::ledger::entity::Damaged;
use crate::ledger::{Archive, Command, Done, RetryOrder};
use crate::node::Look;
use crate::payment::{Payment, State as PaymentState};

/// Begins another attempt if no channel has, or may have, an HTLC of the last one.
#[derive(Clone, Debug)]
pub struct Retry {
    id: PaymentId,
    stage: Retrying,
}

#[derive(Clone, Debug)]
enum Retrying {
    Begin,
    Looking(Box<Payment>),
    Executing { attempt: u32 },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// The attempt is durable, and nobody but the runner of this flow sends it.
    Begun,
    /// There is nothing to send: it waits still, is final, or somebody else was quicker.
    Not,
}

impl Retry {
    /// The flow of this payment.
    ///
    /// While it runs, and until the node has been asked, the payment MUST be left out of the check.
    #[must_use]
    pub const fn new(id: PaymentId) -> Self {
        let stage = Retrying::Begin;
        Self { id, stage }
    }

    fn begin(&mut self, rows: &dyn Archive) -> Result<Step<Retried>, Damaged> {
        let payment = row::<Payment>(rows, &self.id)?;
        let waiting = payment.filter(|payment| payment.state == PaymentState::Waiting);
        let Some(payment) = waiting else {
            return Ok(Step::Done(Retried::Not));
        };
        self.stage = Retrying::Looking(Box::new(payment));
        Ok(Step::effect(Effect::Look))
    }

    fn execute(&mut self, attempt: u32, cleared: bool) -> Step<Retried> {
        self.stage = Retrying::Executing { attempt };
        let id = self.id;
        Step::execute(Command::RetryPayment(RetryOrder {
            id,
            attempt,
            cleared,
        }))
    }

    /// Whether what has been asked for is what is: a second one who asked for it sends nothing.
    fn begun(&self, rows: &dyn Archive, attempt: u32, done: Done) -> Result<Retried, Damaged> {
        match done {
            Done::Changed => {}
            Done::Unchanged | Done::Repeat(_) => return Ok(Retried::Not),
        }
        let payment = row::<Payment>(rows, &self.id)?;
        let begun = payment.filter(|payment| {
            payment.state == PaymentState::Pending
                && payment.attempt.checked_sub(1) == Some(attempt)
        });
        Ok(match begun {
            Some(_) => Retried::Begun,
            None => Retried::Not,
        })
    }
}

impl Flow for Retry {
    type Outcome = Retried;

    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Retried>, Damaged> {
        Ok(match (&self.stage, answer) {
            (Retrying::Begin, _) => self.begin(rows)?,
            (Retrying::Looking(payment), Some(Answer::Look(look))) => {
                let cleared = look.is_ok_and(|look| is_nowhere(payment, &look));
                let attempt = payment.attempt;
                self.execute(attempt, cleared)
            }
            (Retrying::Executing { attempt }, Some(Answer::Executed(Ok(done)))) => {
                Step::Done(self.begun(rows, *attempt, done)?)
            }
            (Retrying::Looking(_) | Retrying::Executing { .. }, _) => Step::Done(Retried::Not),
        })
    }
}

/// The node has reported the failure; a channel may show an HTLC for a moment longer. Dust shows only as
/// a sum, so that a part of this payment may be in it.
fn is_nowhere(payment: &Payment, look: &Look) -> bool {
    let listed = payment
        .hash
        .is_some_and(|hash| look.outgoing.contains(&hash));
    !listed && !look.has_unlisted_dust()
}
