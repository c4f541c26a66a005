//! Rules for a till that was restored from a backup. Its books are older than its money: until the operator
//! has seen that, nothing leaves. Payments that were under way when the backup was taken are neither paid
//! nor given back by themselves, because nobody knows what became of them; the operator may.

use super::draft::Draft;
use super::{inception, payment};
use crate::id::{PaymentHash, PaymentId};
use crate::ledger::command::{Refusal, RestorationCommand, Which};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::money::Msat;
use crate::payment::{FailureReason, Payment};
use crate::restoration::Restoration;

/// Refuses whatever would make money leave a wallet or the node.
pub(super) fn refuse_while_held<A: Archive>(state: &State<A>) -> Result<(), Refusal> {
    match state.get::<Restoration>(&())? {
        Some(row) if row.holds_payments() => Err(Refusal::PaymentsHeld),
        Some(_) | None => Ok(()),
    }
}

/// Whether only the operator can say what became of a payment.
pub(super) fn leaves_open<A: Archive>(
    state: &State<A>,
    payment: &Payment,
) -> Result<bool, Refusal> {
    let row = state.get::<Restoration>(&())?;
    Ok(row.is_some_and(|row| row.leaves_open(payment)))
}

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: RestorationCommand,
) -> Result<Record, Refusal> {
    match command {
        RestorationCommand::Acknowledge => acknowledge(state, draft),
        RestorationCommand::Resolve { id, paid } => resolve(state, draft, id, paid),
        RestorationCommand::Anew(command) => inception::decide(state, draft, command),
    }
}

/// Once is enough; a till that never came from a backup has nothing to acknowledge.
fn acknowledge<A: Archive>(state: &State<A>, draft: Draft) -> Result<Record, Refusal> {
    let held = state.get::<Restoration>(&())?;
    let Some(row) = held.filter(Restoration::holds_payments) else {
        return Ok(draft.finish());
    };
    let acknowledged_at = Some(draft.at());
    let row = Restoration {
        acknowledged_at,
        ..row
    };
    Ok(draft.fact(Fact::RestorationSet(row)).finish())
}

fn resolve<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: PaymentId,
    paid: bool,
) -> Result<Record, Refusal> {
    let payment = state.get::<Payment>(&id)?.ok_or(Refusal::UnknownPayment)?;
    if !leaves_open(state, &payment)? {
        return Err(Refusal::WrongState);
    }
    if !paid {
        return payment::fail(draft, &payment, FailureReason::NeverSent);
    }
    // A payment to an offer may have no hash yet, and what routing cost nobody knows any more.
    let hash = payment.hash.unwrap_or(PaymentHash::from_bytes([0; 32]));
    let which = (Which::Ours(id), hash);
    payment::post(state, draft, which, None, Msat::ZERO, None)
}
