//! What a webhook is told: the same that the wallet's event stream tells. Owns the names of what happens.

use serde::Serialize;
use serde_json::{Value, json};
use till::ledger::{Event, EventBody};
use till_actors::webhooks::{About, Told};

use super::snake::snake_case;
use super::{render, wire};

/// The body of a webhook.
pub(super) fn body(told: &Told) -> Option<String> {
    let event = event_name(&told.event)?;
    let data = match &told.about {
        About::Invoice(invoice) => snake(&render::invoice(invoice))?,
        About::Payment(payment) => snake(&render::payment(payment))?,
    };
    let created_at = wire::moment(told.event.at);
    let body = json!({"event": event, "created_at": created_at, "data": data});
    Some(body.to_string())
}

fn snake(row: &impl Serialize) -> Option<Value> {
    serde_json::to_value(row).ok().map(snake_case)
}

/// What an event of a wallet's is called; `None` for those that nobody is told of here.
pub(super) const fn event_name(event: &Event) -> Option<&'static str> {
    match &event.body {
        EventBody::InvoiceCreated { .. } => Some("invoice.created"),
        EventBody::PaymentReceived { .. } => Some("invoice.settled"),
        EventBody::PaymentCreated { .. } => Some("payment.created"),
        EventBody::PaymentSent { .. } => Some("payment.settled"),
        EventBody::PaymentFailed { .. } => Some("payment.failed"),
        EventBody::InvoiceExpired { .. }
        | EventBody::ChannelOpened { .. }
        | EventBody::ChannelClosed { .. }
        | EventBody::Alarm(_)
        | EventBody::InvoiceHeld { .. }
        | EventBody::SpendMined { .. }
        | EventBody::InvoiceCancelled { .. } => None,
    }
}
