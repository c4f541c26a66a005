//! Rules for transfers between wallets of this till's without an invoice: to a Lightning address or an
//! offer of our own. One record: both rows begin final, and the node hears nothing.

use super::draft::Draft;
use super::{Decision, idempotency, internal, restoration, wallet};
use crate::id::PaymentHash;
use crate::invoice::{Description, Invoice, PaidOffer, State as InvoiceState};
use crate::ledger::account::Account;
use crate::ledger::command::{Refusal, TransferOrder};
use crate::ledger::entity::{Archive, OutgoingHash};
use crate::ledger::record::{EventBody, Fact};
use crate::ledger::reference::Reference;
use crate::ledger::state::State;
use crate::meta::Meta;
use crate::money::Msat;
use crate::payment::{Payment, State as PaymentState};
use crate::time::Timestamp;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: TransferOrder,
) -> Result<Decision, Refusal> {
    if let Some(made) = idempotency::earlier(state, &order.idempotency)? {
        return Ok(Decision::Repeat(made));
    }
    restoration::refuse_while_held(state)?;
    wallet::refuse_deleted(state, order.from)?;
    wallet::refuse_deleted(state, order.to)?;
    if order.from == order.to {
        return Err(Refusal::SelfPayment);
    }
    let hash = order.preimage.payment_hash();
    if state.get::<Invoice>(&hash)?.is_some() || state.get::<OutgoingHash>(&hash)?.is_some() {
        return Err(Refusal::HashInUse);
    }
    let available = state.balance(Account::Wallet(order.from))?.available();
    if available < order.amount {
        let needed = order.amount;
        return Err(Refusal::InsufficientFunds { needed, available });
    }
    let at = draft.at();
    let sent_number = state.counters(order.from)?.payments.saturating_add(1);
    let got_number = state.counters(order.to)?.invoices.saturating_add(1);
    let payment = payment(&order, hash, sent_number, at);
    let invoice = invoice(&order, hash, got_number, at);
    let id = payment.id;
    let draft = idempotency::keep(draft, &order.idempotency, Reference::Payment(id))
        .fact(Fact::PaymentReserved(Box::new(payment.clone())))
        .event_of_wallet(order.from, EventBody::PaymentCreated { id });
    let draft = internal::hand_over(state, draft, &payment, &invoice, |receipt| {
        let receipt = Some(receipt);
        Fact::OfferPaid(Box::new(Invoice {
            receipt,
            ..invoice.clone()
        }))
    })?;
    Ok(Decision::Commit(draft.finish()))
}

fn payment(order: &TransferOrder, hash: PaymentHash, number: u32, at: Timestamp) -> Payment {
    Payment {
        id: order.id,
        hash: Some(hash),
        wallet: order.from,
        origin: order.origin,
        amount: order.amount,
        fee_cap: Msat::ZERO,
        bolt11: None,
        description: Some(order.description.clone()),
        state: PaymentState::Pending,
        attempt: 1,
        created_at: at,
        attempted_at: at,
        number,
        outcome: None,
        offer: None,
        node_id: None,
        internal: true,
        overdue: false,
        spend: None,
        entry: 0,
        meta: order.meta.clone(),
        tx_number: None,
        target: Some(order.named.clone()),
        service_fee: Msat::ZERO,
        retry_until: None,
        deferred: None,
        unreported: false,
    }
}

/// What came whole: nobody has seen an invoice for it.
fn invoice(order: &TransferOrder, hash: PaymentHash, number: u32, at: Timestamp) -> Invoice {
    let payer_note = None;
    Invoice {
        hash,
        wallet: order.to,
        origin: order.origin,
        amount: Some(order.amount),
        description: Description::Text(order.description.clone()),
        external_id: order.tag.clone(),
        webhook_url: None,
        preimage: Some(order.preimage.clone()),
        created_at: at,
        expires_at: at,
        state: InvoiceState::Paid,
        bolt11: None,
        number,
        claim: None,
        receipt: None,
        hold: false,
        held: None,
        lsp_fee_quoted: None,
        entry: 0,
        meta: Meta::default(),
        tx_number: None,
        unlisted: false,
        forgotten: false,
        offer: order.offer.map(|id| PaidOffer { id, payer_note }),
    }
}
