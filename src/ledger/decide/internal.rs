//! Rules for payments between wallets of this till: one record, no node. Both rows of such a
//! payment share the invoice's hash.

use super::draft::Draft;
use super::payment::{keep_key, new_payment};
use super::{Decision, shown_change_sat};
use crate::invoice::{Held, Invoice, Receipt, State as InvoiceState};
use crate::ledger::account::{Account, Origin};
use crate::ledger::command::{PaymentOrder, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{EventBody, Fact};
use crate::ledger::state::State;
use crate::ledger::transfer::{Cause, Phase};
use crate::money::{Msat, Sat};
use crate::node::SendTarget;
use crate::payment::{Payment, Sent};

/// Pays an invoice of another wallet of this till's, at once and for nothing, or sets the money
/// aside where its maker wants it held. An HTLC that is being claimed or held comes first.
pub(super) fn pay<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: PaymentOrder,
    invoice: &Invoice,
) -> Result<Decision, Refusal> {
    // Anybody can make a hold invoice on a hash that they have seen elsewhere: what is to be paid is what
    // the text says, and another text with the same hash is somebody else's.
    if !is_text_of(&order.target, invoice) {
        return Err(Refusal::HashInUse);
    }
    if let Some(earlier) = state.payment_of(&invoice.hash)? {
        use crate::payment::State as PaymentState;
        return Err(match earlier.state {
            PaymentState::Pending | PaymentState::Waiting => Refusal::InFlight(earlier.id),
            PaymentState::Succeeded => Refusal::AlreadyPaid(earlier.id),
            PaymentState::Failed => Refusal::InvoiceCancelled,
        });
    }
    if invoice.wallet == order.wallet && !may_pay_itself(order.origin) {
        return Err(Refusal::SelfPayment);
    }
    match invoice.state {
        InvoiceState::Open => {}
        InvoiceState::Draft | InvoiceState::Abandoned => return Err(Refusal::UnknownInvoice),
        InvoiceState::Claiming | InvoiceState::Held | InvoiceState::Paid => {
            return Err(Refusal::TakenInvoice);
        }
        InvoiceState::Expired => return Err(Refusal::InvoiceExpired),
        InvoiceState::Cancelled => return Err(Refusal::InvoiceCancelled),
    }
    if draft.at() >= invoice.expires_at {
        return Err(Refusal::InvoiceExpired);
    }
    if !invoice.is_paid_by(order.amount, Msat::ZERO) {
        return Err(Refusal::Underpaid);
    }
    let available = state.balance(Account::Wallet(order.wallet))?.available();
    if available < order.amount {
        let needed = order.amount;
        return Err(Refusal::InsufficientFunds { needed, available });
    }
    let payment = Payment {
        fee_cap: Msat::ZERO,
        service_fee: Msat::ZERO,
        retry_until: None,
        internal: true,
        ..new_payment(state, draft.at(), &order)?
    };
    let created = EventBody::PaymentCreated { id: payment.id };
    let draft = keep_key(draft, &order, payment.id)
        .fact(Fact::PaymentReserved(Box::new(payment.clone())))
        .event_of_wallet(order.wallet, created);
    let draft = if invoice.hold {
        hold(draft, &payment, invoice)
    } else {
        settle(state, draft, &payment, invoice)?
    };
    Ok(Decision::Commit(draft.finish()))
}

/// Whether the payer was shown this invoice. BOLT 11 texts are the same in either case.
fn is_text_of(target: &SendTarget, invoice: &Invoice) -> bool {
    match (target, &invoice.bolt11) {
        (SendTarget::Bolt11 { text, .. }, Some(own)) => text.eq_ignore_ascii_case(own),
        // A draft has no text yet: it is refused for that.
        (SendTarget::Bolt11 { .. }, None) => true,
        (SendTarget::Offer { .. }, _) => false,
    }
}

/// LNbits and ln.bot let a wallet pay its own invoice: both rows are there, and the money stays where it is.
/// Elsewhere that is a mistake, and is said to be one.
const fn may_pay_itself(origin: Origin) -> bool {
    match origin {
        Origin::Lnbits | Origin::Lnbot => true,
        Origin::Pos | Origin::Node => false,
    }
}

fn accounts(payment: &Payment, invoice: &Invoice) -> (Account, Account) {
    (
        Account::Wallet(payment.wallet),
        Account::Wallet(invoice.wallet),
    )
}

fn hold(draft: Draft, payment: &Payment, invoice: &Invoice) -> Draft {
    let held = Held::Internal {
        payer: payment.id,
        since: draft.at(),
    };
    let hash = invoice.hash;
    let told = EventBody::InvoiceHeld {
        hash,
        amount: payment.amount,
        deadline_height: None,
        external_id: invoice.external_id.clone(),
    };
    draft
        .fact(Fact::InvoiceHeld { hash, held })
        .transfer(
            Phase::Reserve,
            accounts(payment, invoice),
            payment.amount,
            Cause::Internal(payment.id),
        )
        .event(invoice.wallet, told)
}

/// The money changes hands: both rows are final, both sides hear of it.
pub(super) fn settle<A: Archive>(
    state: &State<A>,
    draft: Draft,
    payment: &Payment,
    invoice: &Invoice,
) -> Result<Draft, Refusal> {
    let hash = invoice.hash;
    hand_over(state, draft, payment, invoice, |receipt| {
        Fact::InvoicePaid { hash, receipt }
    })
}

/// The same, with a fact of one's own for how the recipient's row comes to be paid.
pub(super) fn hand_over<A: Archive>(
    state: &State<A>,
    draft: Draft,
    payment: &Payment,
    invoice: &Invoice,
    received_by: impl FnOnce(Receipt) -> Fact,
) -> Result<Draft, Refusal> {
    let (id, hash, amount) = (payment.id, invoice.hash, payment.amount);
    let change = i128::from(amount.get());
    let sent_sat = sat(-shown_change_sat(state, payment.wallet, -change)?)?;
    let amount_sat = sat(shown_change_sat(state, invoice.wallet, change)?)?;
    let at = draft.at();
    let sent = Sent {
        preimage: invoice.preimage.clone(),
        fee: Msat::ZERO,
        sent_sat,
        at,
    };
    let receipt = Receipt {
        amount,
        amount_sat,
        lsp_fee: Msat::ZERO,
        at,
        payer: Some(id),
    };
    let received = EventBody::PaymentReceived {
        hash,
        amount,
        amount_sat,
        external_id: invoice.external_id.clone(),
        payer_note: None,
    };
    let paid = EventBody::PaymentSent {
        id,
        hash,
        amount,
        fee: Msat::ZERO,
    };
    Ok(draft
        .fact(Fact::PaymentSent { id, sent })
        .fact(received_by(receipt))
        .post(accounts(payment, invoice), amount, Cause::Internal(id))
        .event(payment.wallet, paid)
        .event(invoice.wallet, received))
}

/// What was set aside for a hold invoice is free again.
pub(super) fn release(draft: Draft, payment: &Payment, invoice: &Invoice) -> Draft {
    draft.transfer(
        Phase::Release,
        accounts(payment, invoice),
        payment.amount,
        Cause::Internal(payment.id),
    )
}

fn sat(change: i128) -> Result<Sat, Refusal> {
    u64::try_from(change)
        .ok()
        .and_then(Sat::new)
        .ok_or(Refusal::TooLarge)
}
