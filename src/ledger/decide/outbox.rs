//! Rules for the outbox: whoever asked to be told of an invoice or a payment is told of its end; a wallet's webhooks are told of
//! everything. What is to be told is written in the very record that it tells of.

use super::draft::Draft;
use super::webhook;
use crate::id::PaymentId;
use crate::invoice::Invoice;
use crate::ledger::account::Origin;
use crate::ledger::command::{OutboxCommand, Refusal};
use crate::ledger::entity::{Archive, Damaged};
use crate::ledger::record::{Event, EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::outbox::{Delivery, DeliveryState, OutboxCount, Subject, Verdict};
use crate::payment::Payment;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: OutboxCommand,
) -> Result<Record, Refusal> {
    match command {
        OutboxCommand::Tried {
            number,
            attempt,
            verdict,
            status,
        } => tried(state, draft, (number, attempt), verdict, status),
        OutboxCommand::AddWebhook { id, wallet, url } => {
            webhook::add(state, draft, (id, wallet), url)
        }
        OutboxCommand::DeleteWebhook { wallet, id } => webhook::delete(state, draft, wallet, id),
    }
}

fn tried<A: Archive>(
    state: &State<A>,
    draft: Draft,
    (number, attempt): (u64, u32),
    verdict: Verdict,
    status: String,
) -> Result<Record, Refusal> {
    let known = state.get::<Delivery>(&number)?;
    let due = known.filter(|row| row.waits() && row.tries.saturating_add(1) == attempt);
    let Some(delivery) = due else {
        return Ok(draft.finish());
    };
    let delivery = delivery.tried(draft.at(), verdict, status);
    let draft = webhook::end_if_dead(state, draft, (&delivery, verdict))?;
    Ok(draft.fact(Fact::DeliverySet(Box::new(delivery))).finish())
}

/// Adds to a record what is to be told of it. One place for all rules: none of them can forget it.
pub(super) fn queue<A: Archive>(state: &State<A>, mut record: Record) -> Result<Record, Damaged> {
    let mut last = None;
    let mut queued = Vec::new();
    for event in &record.events {
        let mut wanted: Vec<Delivery> = told(state, &record, event)?.into_iter().collect();
        if let Some((subject, webhooks)) = webhook::told(state, event)? {
            wanted.extend(webhooks.into_iter().map(|webhook| Delivery {
                webhook: Some(webhook.id),
                ..new(event, Origin::Lnbot, webhook.url, subject)
            }));
        }
        for delivery in wanted {
            let before = match last {
                Some(last) => last,
                None => state.get::<OutboxCount>(&())?.unwrap_or_default().last,
            };
            let number = before + 1;
            last = Some(number);
            queued.push(Fact::DeliverySet(Box::new(Delivery { number, ..delivery })));
        }
    }
    record.facts.extend(queued);
    Ok(record)
}

fn new(event: &Event, origin: Origin, url: String, subject: Subject) -> Delivery {
    Delivery {
        number: 0,
        wallet: event.wallet,
        origin,
        url,
        subject,
        event_id: event.id,
        created_at: event.at,
        tries: 0,
        due_at: event.at,
        state: DeliveryState::Waiting,
        status: None,
        holds_back: false,
        webhook: None,
    }
}

fn told<A: Archive>(
    state: &State<A>,
    record: &Record,
    event: &Event,
) -> Result<Option<Delivery>, Damaged> {
    let (origin, url, subject) = match &event.body {
        EventBody::PaymentReceived { hash, .. } => {
            // What was paid to an offer has no row before, and nobody to tell.
            let Some(invoice) = state.get::<Invoice>(hash)? else {
                return Ok(None);
            };
            let url = invoice.webhook_url.or(invoice.meta.webhook_url);
            (invoice.origin, url, Subject::Invoice(*hash))
        }
        EventBody::PaymentSent { id, .. } | EventBody::PaymentFailed { id, .. } => {
            let Some(payment) = payment(state, record, id)? else {
                return Ok(None);
            };
            let failed = matches!(event.body, EventBody::PaymentFailed { .. });
            let url = payment.meta.webhook_url;
            let url = url.filter(|_| !failed || hears_failures(payment.origin));
            (payment.origin, url, Subject::Payment(*id))
        }
        EventBody::InvoiceExpired { .. }
        | EventBody::ChannelOpened { .. }
        | EventBody::ChannelClosed { .. }
        | EventBody::Alarm(_)
        | EventBody::InvoiceHeld { .. }
        | EventBody::SpendMined { .. }
        | EventBody::InvoiceCreated { .. }
        | EventBody::PaymentCreated { .. }
        | EventBody::InvoiceCancelled { .. } => return Ok(None),
    };
    Ok(url.map(|url| new(event, origin, url, subject)))
}

/// LNbits' webhooks tell that money has moved, and its clients take any for that.
const fn hears_failures(origin: Origin) -> bool {
    match origin {
        Origin::Lnbits => false,
        Origin::Pos | Origin::Node | Origin::Lnbot => true,
    }
}

/// The payment as it is before the record, or as it begins in it: between wallets it begins and ends
/// at once.
fn payment<A: Archive>(
    state: &State<A>,
    record: &Record,
    id: &PaymentId,
) -> Result<Option<Payment>, Damaged> {
    for fact in &record.facts {
        if let Fact::PaymentReserved(payment) = fact
            && payment.id == *id
        {
            return Ok(Some(payment.as_ref().clone()));
        }
    }
    state.get(id)
}
