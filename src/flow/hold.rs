//! What the maker of a hold invoice asks for: its money, or that the payer gets it back.

use super::{Answer, Effect, Flow, Step, row};
use crate::id::{PaymentHash, Preimage};
use crate::invoice::{Held, Invoice, State as InvoiceState};
use crate::ledger::entity::Damaged;
use crate::ledger::{Archive, Command, Done, HoldCommand, Refusal};

/// Settles. Done means that the claim is decided and durable; that the money is ours the credit
/// tells, which is there at once where it is this till's own.
#[derive(Clone, Debug)]
pub struct Settle {
    hash: PaymentHash,
    preimage: Option<Preimage>,
    stage: Settling,
}

#[derive(Clone, Copy, Debug)]
enum Settling {
    Begin,
    Looking,
    Deciding,
    Claiming,
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The ledger refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The node does not tell how high the chain is.
    #[error("the node does not answer")]
    Away,
}

impl Settle {
    /// The flow of this wish.
    #[must_use]
    pub const fn new(hash: PaymentHash, preimage: Option<Preimage>) -> Self {
        Self {
            hash,
            preimage,
            stage: Settling::Begin,
        }
    }
}

impl Flow for Settle {
    type Outcome = Result<(), NotDone>;

    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Self::Outcome>, Damaged> {
        Ok(match (self.stage, answer) {
            (Settling::Begin, _) => {
                self.stage = Settling::Looking;
                Step::effect(Effect::Look)
            }
            (Settling::Looking, Some(Answer::Look(Ok(look)))) => {
                self.stage = Settling::Deciding;
                Step::execute(Command::Hold(HoldCommand::Settle {
                    hash: self.hash,
                    preimage: self.preimage.take(),
                    height: look.height,
                }))
            }
            (Settling::Deciding, Some(Answer::Executed(Ok(Done::Changed)))) => {
                self.stage = Settling::Claiming;
                claim(rows, self.hash)?.map_or(Step::Done(Ok(())), Step::effect)
            }
            (Settling::Deciding, Some(Answer::Executed(Err(refusal)))) => {
                Step::Done(Err(refusal.into()))
            }
            // It was settled before.
            (Settling::Deciding, Some(Answer::Executed(Ok(_)))) => Step::Done(Ok(())),
            // A claim that the node did not take is repeated until it does, or until it is too late.
            (Settling::Claiming, _) => Step::Done(Ok(())),
            (Settling::Looking | Settling::Deciding, _) => Step::Done(Err(NotDone::Away)),
        })
    }
}

/// The claim of an invoice whose claim is decided.
pub(super) fn claim(rows: &dyn Archive, hash: PaymentHash) -> Result<Option<Effect>, Damaged> {
    let invoice = row::<Invoice>(rows, &hash)?;
    let claiming = invoice.filter(|invoice| invoice.state == InvoiceState::Claiming);
    Ok(claiming.and_then(|invoice| {
        let (preimage, amount) = (invoice.preimage?, invoice.claim?.amount);
        Some(Effect::Claim {
            hash,
            amount,
            preimage,
        })
    }))
}

/// Cancels, and has the node give an HTLC back.
#[derive(Clone, Debug)]
pub struct Cancel {
    hash: PaymentHash,
    stage: Cancelling,
}

#[derive(Clone, Copy, Debug)]
enum Cancelling {
    Begin,
    Deciding,
    Failing,
    Releasing,
}

impl Cancel {
    /// The flow of this wish.
    #[must_use]
    pub const fn new(hash: PaymentHash) -> Self {
        let stage = Cancelling::Begin;
        Self { hash, stage }
    }
}

impl Flow for Cancel {
    type Outcome = Result<(), NotDone>;

    fn step(
        &mut self,
        rows: &dyn Archive,
        answer: Option<Answer>,
    ) -> Result<Step<Self::Outcome>, Damaged> {
        let hash = self.hash;
        Ok(match (self.stage, answer) {
            (Cancelling::Begin, _) => {
                self.stage = Cancelling::Deciding;
                Step::execute(Command::Hold(HoldCommand::Cancel { hash }))
            }
            (Cancelling::Deciding, Some(Answer::Executed(Ok(_)))) => {
                self.stage = Cancelling::Failing;
                let invoice = row::<Invoice>(rows, &hash)?;
                match invoice.and_then(|invoice| invoice.held) {
                    Some(Held::Htlc(_)) => Step::effect(Effect::Fail(hash)),
                    Some(Held::Internal { .. }) | None => Step::Done(Ok(())),
                }
            }
            (Cancelling::Deciding, Some(Answer::Executed(Err(refusal)))) => {
                Step::Done(Err(refusal.into()))
            }
            (Cancelling::Failing, Some(Answer::Failed(true))) => {
                self.stage = Cancelling::Releasing;
                Step::execute(Command::Hold(HoldCommand::Release { hash }))
            }
            // The node will be asked again.
            (Cancelling::Failing | Cancelling::Releasing, _) => Step::Done(Ok(())),
            (Cancelling::Deciding, _) => Step::Done(Err(NotDone::Away)),
        })
    }
}
