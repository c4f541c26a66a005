//! Events, and who hears of them.

use till::access::Role;
use till::id::{PaymentHash, PaymentId, TxId};
use till::ledger::{Event, EventBody, WalletRef};
use till::money::Msat;

use super::sat_floor;
use crate::pos::wire;

/// Who hears of an event.
enum Audience {
    Staff,
    Admins,
    /// It is for whoever runs the till: in the log and the audit, not on the wire.
    Operators,
}

const fn audience(body: &EventBody) -> Audience {
    match body {
        EventBody::PaymentReceived { .. }
        | EventBody::InvoiceExpired { .. }
        | EventBody::InvoiceCreated { .. }
        | EventBody::PaymentCreated { .. }
        | EventBody::InvoiceCancelled { .. } => Audience::Staff,
        EventBody::InvoiceHeld { .. }
        | EventBody::PaymentSent { .. }
        | EventBody::SpendMined { .. }
        | EventBody::PaymentFailed { .. }
        | EventBody::ChannelOpened { .. }
        | EventBody::ChannelClosed { .. } => Audience::Admins,
        EventBody::Alarm(_) => Audience::Operators,
    }
}

/// An event of the house as somebody in that role is told of it, if at all.
pub(in crate::pos) fn event(event: &Event, role: Role) -> Option<wire::Event> {
    let is_heard = match audience(&event.body) {
        Audience::Staff => true,
        Audience::Admins => role == Role::Admin,
        Audience::Operators => false,
    };
    if !is_heard || event.wallet != WalletRef::House {
        return None;
    }
    Some(wire::Event {
        body: event_body(&event.body)?,
        event_id: event.id,
        timestamp: event.at.as_millis(),
    })
}

/// What carried a payment, by what it is known there, and what that cost.
enum Carrier {
    Lightning(PaymentHash, Msat),
    Chain(TxId, Msat),
}

fn sent(id: &PaymentId, amount: Msat, by: Carrier) -> wire::EventBody {
    let (hash, tx_id, routing_fee, mining_fee) = match by {
        Carrier::Lightning(hash, fee) => (Some(hash), None, fee, Msat::ZERO),
        Carrier::Chain(tx_id, fee) => (None, Some(tx_id), Msat::ZERO, fee),
    };
    wire::EventBody::PaymentSent {
        payment_id: id.to_string(),
        payment_hash: hash.map(|hash| hash.to_string()),
        tx_id: tx_id.map(|tx_id| tx_id.to_string()),
        amount_sat: sat_floor(amount),
        routing_fee_sat: sat_floor(routing_fee),
        mining_fee_sat: sat_floor(mining_fee),
    }
}

fn event_body(body: &EventBody) -> Option<wire::EventBody> {
    Some(match body {
        EventBody::PaymentReceived {
            hash,
            amount: _,
            amount_sat,
            external_id,
            payer_note,
        } => wire::EventBody::PaymentReceived {
            amount_sat: amount_sat.get(),
            payment_hash: hash.to_string(),
            external_id: external_id.clone(),
            payer_note: payer_note.clone(),
        },
        EventBody::PaymentSent {
            id,
            hash,
            amount,
            fee,
        } => sent(id, *amount, Carrier::Lightning(*hash, *fee)),
        EventBody::SpendMined {
            id,
            tx_id,
            amount,
            fee,
        } => sent(id, *amount, Carrier::Chain(*tx_id, *fee)),
        EventBody::PaymentFailed {
            id,
            hash,
            amount,
            reason,
        } => wire::EventBody::PaymentFailed {
            payment_id: id.to_string(),
            payment_hash: hash.map(|hash| hash.to_string()),
            amount_sat: sat_floor(*amount),
            reason: reason.code(),
            message: reason.message(),
        },
        EventBody::InvoiceExpired { hash, external_id } => wire::EventBody::InvoiceExpired {
            payment_hash: hash.to_string(),
            external_id: external_id.clone(),
        },
        EventBody::ChannelOpened {
            channel_id,
            counterparty,
        } => wire::EventBody::ChannelOpened {
            channel_id: channel_id.clone(),
            counterparty: counterparty.clone(),
        },
        EventBody::ChannelClosed {
            channel_id,
            counterparty,
        } => wire::EventBody::ChannelClosed {
            channel_id: channel_id.clone(),
            counterparty: counterparty.clone(),
        },
        // This surface makes no hold invoices.
        EventBody::InvoiceHeld { .. }
        | EventBody::InvoiceCreated { .. }
        | EventBody::PaymentCreated { .. }
        | EventBody::InvoiceCancelled { .. } => return None,
        EventBody::Alarm(_) => return None,
    })
}
