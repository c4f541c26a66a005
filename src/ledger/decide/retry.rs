//! Rules for attempts that nobody asks for. A failure that may pass leaves the money set aside, once, until
//! an attempt goes through or the time is over; nobody is told of anything before that.

use super::draft::Draft;
use super::payment::fail;
use super::restoration;
use crate::ledger::account::Origin;
use crate::ledger::command::{PaymentOrder, Refusal, RetryOrder};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::node::SendTarget;
use crate::payment::{Input, Payment};
use crate::time::Timestamp;

/// Until when attempts of this order follow each other. What the invoice's own time ends is over then.
pub(super) fn until(order: &PaymentOrder, at: Timestamp) -> Option<Timestamp> {
    let is_invoice = match &order.target {
        SendTarget::Bolt11 { .. } => true,
        // A node asks whoever made the offer for an invoice anew: nobody knows what became of the old.
        SendTarget::Offer { .. } => false,
    };
    let is_asked_for = match order.origin {
        Origin::Lnbot => order.retry_secs > 0,
        Origin::Pos | Origin::Node | Origin::Lnbits => false,
    };
    let until = at.plus_secs(order.retry_secs.into()).min(order.expires_at);
    (is_invoice && is_asked_for).then_some(until)
}

/// Begins another attempt, or gives the payment up. Whatever else has happened meanwhile stands.
pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: RetryOrder,
) -> Result<Record, Refusal> {
    let RetryOrder { id, attempt, .. } = order;
    let Some(payment) = state.get::<Payment>(&id)? else {
        return Ok(draft.finish());
    };
    // Nothing but a payment that waits has a failure to get over.
    let waits = payment.retry_at().is_some() && payment.attempt == attempt;
    let Some(deferred) = payment.deferred.filter(|_| waits) else {
        return Ok(draft.finish());
    };
    if restoration::leaves_open(state, &payment)? {
        return Ok(draft.finish());
    }
    let at = draft.at();
    let in_time = payment.retry_until.is_some_and(|until| at < until);
    if !in_time {
        return fail(draft, &payment, deferred.reason);
    }
    if !order.cleared || payment.state.after(Input::Retry).is_none() {
        return Ok(draft.finish());
    }
    Ok(draft.fact(Fact::PaymentResumed(id)).finish())
}
