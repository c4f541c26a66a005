//! Invoices and payments.

use till::invoice::{self, Description, Invoice};
use till::payment::{self, Outcome, Payment, Sent};
use till::time::Timestamp;
use till::treasury::{Deposit, DepositState, SpendPurpose};
use till_actors::service::{DecodedInvoice, IncomingPayment};

use super::sat_floor;
use crate::pos::field::asked_sat;
use crate::pos::wire;

/// An issued invoice; `None` for a draft, which has no text yet.
pub(in crate::pos) fn invoice_made(invoice: &Invoice) -> Option<wire::InvoiceMade> {
    let serialized = invoice.bolt11.clone()?;
    Some(wire::InvoiceMade {
        amount_sat: invoice.amount.map(|amount| asked_sat(amount).get()),
        payment_hash: invoice.hash.to_string(),
        expires_at: invoice.expires_at.as_millis(),
        bip21: format!("bitcoin:?lightning={serialized}"),
        serialized,
        lsp_fee_sat: invoice.lsp_fee_quoted.map(|fee| fee.to_sat_ceil().get()),
    })
}

fn description_parts(description: &Description) -> (Option<String>, Option<String>) {
    match description {
        Description::Text(text) => (Some(text.clone()), None),
        Description::Hash(hash) => (None, Some(hex::encode(hash))),
    }
}

pub(in crate::pos) fn decoded(invoice: &DecodedInvoice) -> wire::Decoded {
    let (description, description_hash) = description_parts(&invoice.description);
    wire::Decoded {
        amount_sat: invoice.amount.map(|amount| asked_sat(amount).get()),
        description,
        description_hash,
        payment_hash: invoice.hash.to_string(),
        expires_at: invoice.expires_at.as_millis(),
        node_id: invoice.payee.clone(),
    }
}

/// A draft is shown to nobody and an abandoned one never was; both have a word all the same.
const fn incoming_status(state: invoice::State) -> &'static str {
    match state {
        invoice::State::Draft | invoice::State::Open | invoice::State::Claiming => "PENDING",
        invoice::State::Held => "HELD",
        invoice::State::Paid => "RECEIVED",
        invoice::State::Expired | invoice::State::Abandoned => "EXPIRED",
        invoice::State::Cancelled => "CANCELLED",
    }
}

pub(in crate::pos) fn incoming(payment: &IncomingPayment) -> wire::Incoming {
    match payment {
        IncomingPayment::Invoice(invoice) => self::invoice(invoice),
        IncomingPayment::Deposit(deposit) => self::deposit(deposit),
    }
}

pub(in crate::pos) fn deposit(deposit: &Deposit) -> wire::Incoming {
    let status = match deposit.state {
        DepositState::Seen => "PENDING",
        DepositState::Credited => "RECEIVED",
        DepositState::Gone => "CANCELLED",
    };
    wire::Incoming {
        kind: "incoming_payment",
        sub_type: "onchain",
        payment_hash: None,
        tx_id: Some(deposit.tx_id.to_string()),
        preimage: None,
        amount_sat: Some(sat_floor(deposit.amount)),
        requested_sat: None,
        received_sat: deposit.credit.map_or(0, |credit| credit.amount_sat.get()),
        fees: 0,
        description: None,
        external_id: None,
        offer_id: None,
        payer_note: None,
        invoice: None,
        status,
        is_paid: deposit.credit.is_some(),
        is_expired: false,
        created_at: deposit.created_at.as_millis(),
        expires_at: None,
        completed_at: deposit.credit.map(|credit| credit.at.as_millis()),
    }
}

const fn sub_type(is_offer: bool) -> &'static str {
    if is_offer { "bolt12" } else { "lightning" }
}

pub(in crate::pos) fn invoice(invoice: &Invoice) -> wire::Incoming {
    let status = incoming_status(invoice.state);
    let is_paid = invoice.state == invoice::State::Paid;
    let receipt = invoice.receipt.filter(|_| is_paid);
    let requested_sat = invoice.amount.map(|amount| asked_sat(amount).get());
    let received_sat = receipt.map(|receipt| receipt.amount_sat.get());
    let paid_offer = invoice.offer.as_ref();
    wire::Incoming {
        kind: "incoming_payment",
        sub_type: sub_type(invoice.offer.is_some()),
        payment_hash: Some(invoice.hash.to_string()),
        tx_id: None,
        // Whoever has the preimage can claim a payment that is still under way.
        preimage: invoice
            .preimage
            .as_ref()
            .filter(|_| is_paid)
            .map(|preimage| hex::encode(preimage.reveal())),
        amount_sat: requested_sat.or(received_sat),
        requested_sat,
        received_sat: received_sat.unwrap_or(0),
        fees: receipt.map_or(0, |receipt| receipt.lsp_fee.get()),
        description: description_parts(&invoice.description).0,
        external_id: invoice.external_id.clone(),
        payer_note: paid_offer.and_then(|paid| paid.payer_note.clone()),
        invoice: invoice.bolt11.clone(),
        offer_id: paid_offer.map(|paid| paid.id.to_string()),
        status,
        is_paid,
        is_expired: status == "EXPIRED",
        created_at: invoice.created_at.as_millis(),
        expires_at: Some(invoice.expires_at.as_millis()),
        completed_at: receipt.map(|receipt| receipt.at.as_millis()),
    }
}

pub(in crate::pos) fn outgoing(payment: &Payment) -> wire::Outgoing {
    // A new attempt may carry the outcome of the one before it: the state decides.
    let (status, sent, failed) = match (payment.state, &payment.outcome) {
        (payment::State::Succeeded, Some(Outcome::Sent(sent))) => ("SUCCEEDED", Some(sent), None),
        (payment::State::Succeeded, _) => ("SUCCEEDED", None, None),
        (payment::State::Failed, Some(Outcome::Failed { reason, at })) => {
            ("FAILED", None, Some((*reason, *at)))
        }
        (payment::State::Failed, _) => ("FAILED", None, None),
        (payment::State::Pending | payment::State::Waiting, _) => ("PENDING", None, None),
    };
    let completed = sent.map(|sent| sent.at).or(failed.map(|(_, at)| at));
    let offer = payment.offer.as_ref();
    wire::Outgoing {
        kind: "outgoing_payment",
        sub_type: match payment.spend.as_ref().map(|spend| spend.purpose) {
            None => sub_type(payment.offer.is_some()),
            Some(SpendPurpose::Payment) => "onchain",
            Some(SpendPurpose::Sweep { .. }) => "channel_close",
        },
        payment_id: payment.id.to_string(),
        payment_hash: payment.hash.map(|hash| hash.to_string()),
        tx_id: payment
            .spend
            .as_ref()
            .and_then(|spend| Some(spend.current()?.tx_id.to_string())),
        address: payment.spend.as_ref().map(|spend| spend.address.clone()),
        preimage: sent.and_then(preimage),
        amount_sat: sat_floor(payment.amount),
        sent: sent.map_or(0, |sent| sent.sent_sat.get()),
        fees: sent.map_or(0, |sent| sent.fee.get()),
        routing_fee_sat: match payment.spend {
            None => sent.map_or(0, |sent| sat_floor(sent.fee)),
            Some(_) => 0,
        },
        description: payment.description.clone(),
        payer_note: offer.and_then(|offer| offer.payer_note.clone()),
        invoice: payment.bolt11.clone(),
        offer: offer.map(|offer| offer.text.clone()),
        status,
        is_paid: status == "SUCCEEDED",
        failure_reason: failed.map(|(reason, _)| reason.code()),
        created_at: payment.created_at.as_millis(),
        completed_at: completed.map(Timestamp::as_millis),
    }
}

fn preimage(sent: &Sent) -> Option<String> {
    let preimage = sent.preimage.as_ref()?;
    Some(hex::encode(preimage.reveal()))
}

pub(in crate::pos) fn paid(payment: &Payment, sent: &Sent) -> wire::Paid {
    wire::Paid {
        recipient_amount_sat: sat_floor(payment.amount),
        routing_fee_sat: sat_floor(sent.fee),
        payment_id: payment.id.to_string(),
        payment_hash: payment.hash.map(|hash| hash.to_string()),
        payment_preimage: preimage(sent),
    }
}
