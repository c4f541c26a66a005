//! Invoices and payments, each as the wallet sees it whose row it is.

use serde_json::{Map, Value};
use till::invoice::{self, Description, Held, Invoice};
use till::ledger::SETTLE_MARGIN_BLOCKS;
use till::meta::Meta;
use till::money::Msat;
use till::payment::{self, Outcome, Payment};
use till::time::Timestamp;
use till_actors::service::{DecodedInvoice, expiry_of};

use crate::lnbits::Dialect;
use crate::lnbits::dialect::iso;
use crate::lnbits::{parse, wire};

/// What LNbits notes in `extra` of a hold invoice, and what became of it.
const HOLD_INVOICE: &str = "hold_invoice";
const HOLD_SETTLED: &str = "hold_invoice_settled";
const HOLD_CANCELLED: &str = "hold_invoice_cancelled";
/// What a recipient by LNURL says after it was paid, in `extra`.
const SUCCESS_ACTION: &str = "success_action";
/// The label that LNbits puts on an invoice that nobody paid in time.
const EXPIRED: &str = "expired";

/// An invoice as its maker sees it.
pub(in crate::lnbits) fn invoice(
    dialect: Dialect,
    invoice: &Invoice,
    wallet_id: String,
) -> wire::Payment {
    let is_paid = invoice.state == invoice::State::Paid;
    let receipt = invoice.receipt.filter(|_| is_paid);
    let amount = receipt
        .map(|receipt| receipt.amount)
        .or(invoice.amount)
        .unwrap_or(Msat::ZERO);
    let fee = receipt.map_or(Msat::ZERO, |receipt| receipt.lsp_fee);
    let status = invoice_status(invoice.state);
    let ended = if status == "failed" {
        invoice.expires_at
    } else {
        invoice.created_at
    };
    let mut extra = extra(&invoice.meta);
    let mut labels = invoice.meta.labels.clone();
    if dialect == Dialect::V1 {
        let notes = notes(invoice).into_iter();
        extra.extend(notes.map(|note| (note.to_owned(), Value::Bool(true))));
        let has_expired = invoice.state == invoice::State::Expired;
        if has_expired && !labels.iter().any(|label| label == EXPIRED) {
            labels.push(EXPIRED.to_owned());
        }
    }
    let preimage = invoice.preimage.as_ref().filter(|_| is_paid);
    wire::Payment {
        memo: Some(invoice.memo().to_owned()),
        status,
        expiry: Some(iso(invoice.expires_at)),
        webhook: invoice.webhook_url.clone(),
        preimage: preimage.map(|preimage| hex::encode(preimage.reveal())),
        extra,
        labels,
        external_id: invoice.external_id.clone(),
        held: invoice.state == invoice::State::Held,
        held_until_height: held_until(invoice),
        updated_at: iso(receipt.map_or(ended, |receipt| receipt.at)),
        ..row(
            dialect,
            invoice.hash.to_string(),
            wallet_id,
            (invoice.bolt11.clone(), &invoice.meta, invoice.created_at),
            (amount, fee, false),
        )
    }
}

/// What LNbits notes in `extra` of an invoice.
fn notes(invoice: &Invoice) -> Vec<&'static str> {
    if !invoice.hold {
        return Vec::new();
    }
    match invoice.state {
        invoice::State::Paid => vec![HOLD_INVOICE, HOLD_SETTLED],
        invoice::State::Cancelled => vec![HOLD_INVOICE, HOLD_CANCELLED],
        invoice::State::Draft
        | invoice::State::Open
        | invoice::State::Claiming
        | invoice::State::Held
        | invoice::State::Expired
        | invoice::State::Abandoned => vec![HOLD_INVOICE],
    }
}

const fn invoice_status(state: invoice::State) -> &'static str {
    match state {
        invoice::State::Paid => "success",
        invoice::State::Draft
        | invoice::State::Open
        | invoice::State::Claiming
        | invoice::State::Held => "pending",
        invoice::State::Expired | invoice::State::Abandoned | invoice::State::Cancelled => "failed",
    }
}

/// From which block on an HTLC goes back that nobody settled.
fn held_until(invoice: &Invoice) -> Option<u32> {
    if invoice.state != invoice::State::Held {
        return None;
    }
    match invoice.held? {
        Held::Htlc(claim) => Some(claim.deadline_height?.saturating_sub(SETTLE_MARGIN_BLOCKS)),
        Held::Internal { .. } => None,
    }
}

/// A payment as its payer sees it.
pub(in crate::lnbits) fn payment(
    dialect: Dialect,
    payment: &Payment,
    wallet_id: String,
) -> wire::Payment {
    let (sent, ended) = match &payment.outcome {
        Some(Outcome::Sent(sent)) => (Some(sent), sent.at),
        Some(Outcome::Failed { at, .. }) => (None, *at),
        None => (None, payment.attempted_at),
    };
    let fee = sent.map_or(Msat::ZERO, |sent| sent.fee);
    let hash = payment.hash.map(|hash| hash.to_string());
    let hash = hash.unwrap_or_else(|| payment.id.to_string());
    let checking_id = match dialect {
        Dialect::V1 if payment.internal => format!("{}{hash}", parse::INTERNAL),
        Dialect::V1 | Dialect::Documented => hash.clone(),
    };
    let expires_at = payment.bolt11.as_deref().and_then(expiry_of);
    let mut extra = extra(&payment.meta);
    // A text, as LNbits has it; a recipient says it to whoever has paid (LUD-09).
    if let Some(action) = payment
        .meta
        .success_action
        .as_ref()
        .filter(|_| sent.is_some())
    {
        extra.insert(SUCCESS_ACTION.to_owned(), action.as_str().into());
    }
    wire::Payment {
        extra,
        checking_id,
        memo: Some(payment.memo().to_owned()),
        status: match payment.state {
            payment::State::Succeeded => "success",
            payment::State::Pending | payment::State::Waiting => "pending",
            payment::State::Failed => "failed",
        },
        expiry: expires_at.map(iso),
        preimage: sent
            .and_then(|sent| sent.preimage.as_ref())
            .map(|preimage| hex::encode(preimage.reveal())),
        // What one wallet owes another at once is pending only while the other has it held.
        held: payment.internal && payment.state == payment::State::Pending,
        updated_at: iso(ended),
        ..row(
            dialect,
            hash,
            wallet_id,
            (payment.bolt11.clone(), &payment.meta, payment.created_at),
            (payment.amount, fee, true),
        )
    }
}

/// A payment that was refused before there was a row of it, as LNbits shows those.
pub(in crate::lnbits) fn refused(
    dialect: Dialect,
    (invoice, bolt11): (&DecodedInvoice, &str),
    wallet_id: String,
    now: Timestamp,
) -> wire::Payment {
    let amount = invoice.amount.unwrap_or(Msat::ZERO);
    let memo = match &invoice.description {
        Description::Text(text) => text.clone(),
        Description::Hash(_) => String::new(),
    };
    wire::Payment {
        memo: Some(memo),
        status: "failed",
        expiry: Some(iso(invoice.expires_at)),
        ..row(
            dialect,
            invoice.hash.to_string(),
            wallet_id,
            (Some(bolt11.to_owned()), &Meta::default(), now),
            (amount, Msat::ZERO, true),
        )
    }
}

/// What is the same on both sides.
fn row(
    dialect: Dialect,
    hash: String,
    wallet_id: String,
    (bolt11, meta, at): (Option<String>, &Meta, Timestamp),
    (amount, fee, is_outgoing): (Msat, Msat, bool),
) -> wire::Payment {
    wire::Payment {
        checking_id: hash.clone(),
        payment_hash: hash,
        wallet_id,
        amount: dialect.amount(amount, is_outgoing),
        amount_msat: Dialect::V1.amount(amount, is_outgoing),
        fee: dialect.fee(fee, is_outgoing),
        fee_msat: Dialect::V1.fee(fee, is_outgoing),
        payment_request: bolt11.clone(),
        bolt11,
        fiat_provider: None,
        status: "pending",
        memo: None,
        expiry: None,
        webhook: meta.webhook_url.clone(),
        webhook_status: meta.webhook_status.clone(),
        preimage: None,
        tag: meta.tag.clone(),
        extension: meta.extension.clone(),
        time: dialect.time(at),
        created_at: iso(at),
        updated_at: iso(at),
        labels: meta.labels.clone(),
        extra: extra(meta),
        external_id: meta.external_id.clone(),
        held: false,
        held_until_height: None,
    }
}

/// What was told as `extra`; it was an object when it came.
fn extra(meta: &Meta) -> Map<String, Value> {
    let told = meta.extra.as_deref();
    told.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}
