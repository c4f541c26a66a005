//! Rules for hold invoices: settle, cancel, and the deadline. The ledger takes one command at a
//! time, so of those that come at once the first wins, and the others are told so.

use super::draft::Draft;
use super::internal;
use crate::id::{PaymentHash, PaymentId, Preimage};
use crate::invoice::{Held, Input, Invoice, State as InvoiceState};
use crate::ledger::command::{HoldCommand, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::payment::{FailureReason, Payment};

/// So many blocks before the node would fail a held HTLC, it is too late to claim it: a claim that
/// the node takes past its deadline says Ok and brings nothing.
pub const SETTLE_MARGIN_BLOCKS: u32 = 1;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: HoldCommand,
) -> Result<Record, Refusal> {
    match command {
        HoldCommand::Settle {
            hash,
            preimage,
            height,
        } => settle(state, draft, hash, preimage, height),
        HoldCommand::Cancel { hash } => cancel(state, draft, hash),
        HoldCommand::Release { hash } => release(state, draft, hash),
    }
}

/// Settles: an HTLC is claimed, and credited when the node has it; money of this till's own changes
/// hands at once. Settling again is no error.
fn settle<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    preimage: Option<Preimage>,
    height: u32,
) -> Result<Record, Refusal> {
    let invoice = find(state, hash)?;
    if !invoice.hold {
        return Err(Refusal::WrongState);
    }
    let opens = |preimage: &Preimage| preimage.payment_hash() == hash;
    if preimage.as_ref().is_some_and(|told| !opens(told)) {
        return Err(Refusal::WrongPreimage);
    }
    if matches!(invoice.state, InvoiceState::Claiming | InvoiceState::Paid) {
        return Ok(draft.finish());
    }
    let held = match (invoice.state, invoice.held) {
        (InvoiceState::Held, Some(held)) => held,
        (InvoiceState::Cancelled, _) => return Err(Refusal::InvoiceCancelled),
        (_, _) => return Err(Refusal::WrongState),
    };
    let known = invoice.preimage.clone().or(preimage);
    let known = known.ok_or(Refusal::WrongPreimage)?;
    let draft = if invoice.preimage.is_none() {
        let preimage = known.clone();
        draft.fact(Fact::PreimageTold { hash, preimage })
    } else {
        draft
    };
    match held {
        Held::Htlc(claim) if is_too_late(claim.deadline_height, height) => {
            Err(Refusal::DeadlinePassed)
        }
        Held::Htlc(claim) => Ok(draft.fact(Fact::ClaimIntended { hash, claim }).finish()),
        Held::Internal { payer, .. } => {
            let payment = paying(state, payer)?;
            let invoice = Invoice {
                preimage: Some(known),
                ..invoice
            };
            let draft = internal::release(draft, &payment, &invoice);
            Ok(internal::settle(state, draft, &payment, &invoice)?.finish())
        }
    }
}

/// Whether a held HTLC has to go back at `height`.
#[must_use]
pub const fn is_too_late(deadline_height: Option<u32>, height: u32) -> bool {
    match deadline_height {
        Some(deadline) => height.saturating_add(SETTLE_MARGIN_BLOCKS) >= deadline,
        None => false,
    }
}

/// Cancels: what is held goes back, and nothing is taken any more. Cancelling again is no error; a
/// claim that is intended is not called back.
fn cancel<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
) -> Result<Record, Refusal> {
    let invoice = find(state, hash)?;
    if invoice.state == InvoiceState::Cancelled {
        return Ok(draft.finish());
    }
    if invoice.state.after(Input::Cancel).is_none() {
        return Err(Refusal::WrongState);
    }
    let told = EventBody::InvoiceCancelled {
        hash,
        external_id: invoice.external_id.clone(),
    };
    let draft = draft
        .fact(Fact::InvoiceCancelled(hash))
        .event(invoice.wallet, told);
    let Some(Held::Internal { payer, .. }) = invoice.held else {
        return Ok(draft.finish());
    };
    let payment = paying(state, payer)?;
    let (id, reason) = (payment.id, FailureReason::RecipientRejected);
    let failed = EventBody::PaymentFailed {
        id,
        hash: payment.hash,
        amount: payment.amount,
        reason,
    };
    Ok(internal::release(draft, &payment, &invoice)
        .fact(Fact::PaymentFailed { id, reason })
        .event(payment.wallet, failed)
        .finish())
}

/// Notes that the node has failed a cancelled invoice's HTLC back: nobody need ask it again.
fn release<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
) -> Result<Record, Refusal> {
    let invoice = find(state, hash)?;
    if invoice.state != InvoiceState::Cancelled || invoice.held.is_none() {
        return Ok(draft.finish());
    }
    Ok(draft.fact(Fact::HtlcReleased(hash)).finish())
}

fn find<A: Archive>(state: &State<A>, hash: PaymentHash) -> Result<Invoice, Refusal> {
    state.get::<Invoice>(&hash)?.ok_or(Refusal::UnknownInvoice)
}

fn paying<A: Archive>(state: &State<A>, id: PaymentId) -> Result<Payment, Refusal> {
    state.get::<Payment>(&id)?.ok_or(Refusal::WrongState)
}
