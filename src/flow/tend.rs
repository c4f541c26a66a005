//! Looks after invoices whose money has come and is not booked: claims are repeated, what is held
//! too long goes back, and a claim whose HTLC is gone is given up.
//!
//! A node that died may not have heard a claim, and takes it silently when there is nothing left to
//! claim. Only its event says that the money is ours.
//!
//! MUST run between events, never beside one, and only when the node has none to tell: a claim that
//! is repeated while the news of the first is on its way would take a second HTLC, and that would
//! look like the same news told twice.

use std::collections::{HashSet, VecDeque};

use super::hold::claim;
use super::{Answer, Effect, Flow, Step, row};
use crate::id::PaymentHash;
use crate::invoice::{Held, Invoice, State as InvoiceState};
use crate::ledger::entity::Damaged;
use crate::ledger::{Archive, Command, HoldCommand, is_too_late};
use crate::node::Look;
use crate::time::Timestamp;

/// One round.
#[derive(Clone, Debug)]
pub struct Tend {
    invoices: VecDeque<PaymentHash>,
    before: Tended,
    now: Timestamp,
    internal_hold_max_millis: u64,
    look: Look,
    stage: Stage,
    tended: Tended,
}

/// What a round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Claims that were seen under way: the next round repeats those that are so still.
    pub claiming: HashSet<PaymentHash>,
    /// Claims whose HTLC was found nowhere past its deadline, for the next round.
    pub absent: HashSet<PaymentHash>,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin,
    Looking,
    /// The ledger cancels, then the node is asked to give back.
    Cancelling(PaymentHash),
    /// The node gives back, then the ledger notes it.
    Failing(PaymentHash),
    /// Whatever the answer, the next one.
    Next,
}

impl Tend {
    /// A round at `now` over invoices that are claimed or held, or were cancelled and still hold an
    /// HTLC, with what the last round came to; before the first one, what was being claimed when
    /// the process started.
    #[must_use]
    pub fn new(
        invoices: Vec<PaymentHash>,
        before: Tended,
        now: Timestamp,
        internal_hold_max_millis: u64,
    ) -> Self {
        Self {
            invoices: invoices.into(),
            before,
            now,
            internal_hold_max_millis,
            look: Look::default(),
            stage: Stage::Begin,
            tended: Tended::default(),
        }
    }

    fn next(&mut self, rows: &dyn Archive) -> Result<Step<Tended>, Damaged> {
        while let Some(hash) = self.invoices.pop_front() {
            let Some(invoice) = row::<Invoice>(rows, &hash)? else {
                continue;
            };
            self.stage = Stage::Next;
            let step = match (invoice.state, invoice.held) {
                (InvoiceState::Claiming, _) => self.claim_or_lapse(rows, &invoice)?,
                (InvoiceState::Held, Some(held)) if self.is_over(&held) => {
                    self.stage = Stage::Cancelling(hash);
                    Some(Step::execute(Command::Hold(HoldCommand::Cancel { hash })))
                }
                (InvoiceState::Cancelled, Some(Held::Htlc(held))) => {
                    self.stage = Stage::Failing(hash);
                    let gone = held.deadline_height.is_some_and(|at| self.look.height > at);
                    Some(if gone {
                        self.stage = Stage::Next;
                        Step::execute(Command::Hold(HoldCommand::Release { hash }))
                    } else {
                        Step::effect(Effect::Fail(hash))
                    })
                }
                (_, _) => None,
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
        Ok(Step::Done(std::mem::take(&mut self.tended)))
    }

    /// Whether what is held has to go back now.
    const fn is_over(&self, held: &Held) -> bool {
        match held {
            Held::Htlc(claim) => is_too_late(claim.deadline_height, self.look.height),
            Held::Internal { since, .. } => {
                self.now.millis_since(*since) > self.internal_hold_max_millis
            }
        }
    }

    /// Past its deadline, with no HTLC to be seen in two rounds and no event, a claim came too late.
    fn claim_or_lapse(
        &mut self,
        rows: &dyn Archive,
        invoice: &Invoice,
    ) -> Result<Option<Step<Tended>>, Damaged> {
        let hash = invoice.hash;
        let deadline = invoice.claim.and_then(|claim| claim.deadline_height);
        let is_past = deadline.is_some_and(|deadline| self.look.height > deadline);
        if is_past && !self.look.incoming.contains(&hash) {
            if self.before.absent.contains(&hash) {
                return Ok(Some(Step::execute(Command::LapseClaim { hash })));
            }
            self.tended.absent.insert(hash);
        }
        self.tended.claiming.insert(hash);
        // One that began since is under way.
        if !self.before.claiming.contains(&hash) {
            return Ok(None);
        }
        Ok(claim(rows, hash)?.map(Step::effect))
    }
}

impl Flow for Tend {
    type Outcome = Tended;

    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Tended>, Damaged> {
        match (self.stage, answer) {
            (Stage::Begin, _) if self.invoices.is_empty() => {
                Ok(Step::Done(std::mem::take(&mut self.tended)))
            }
            (Stage::Begin, _) => {
                self.stage = Stage::Looking;
                Ok(Step::effect(Effect::Look))
            }
            (Stage::Looking, Some(Answer::Look(Ok(look)))) => {
                self.look = look;
                self.next(rows)
            }
            // Without a look nothing may be concluded.
            (Stage::Looking, _) => Ok(Step::Done(Tended::default())),
            (Stage::Cancelling(hash), Some(Answer::Executed(Ok(_)))) => {
                // An HTLC is still in the row, and is given back when its turn comes at once.
                self.invoices.push_front(hash);
                self.next(rows)
            }
            (Stage::Failing(hash), Some(Answer::Failed(true))) => {
                self.stage = Stage::Next;
                Ok(Step::execute(Command::Hold(HoldCommand::Release { hash })))
            }
            (Stage::Cancelling(_) | Stage::Failing(_) | Stage::Next, _) => self.next(rows),
        }
    }
}
