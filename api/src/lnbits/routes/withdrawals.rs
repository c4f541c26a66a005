//! Invoices that somebody's LNURL is to pay as soon as they are made (LUD-03). Owns what is noted of it in
//! `extra`; whether the money comes, the invoice tells.

use serde_json::{Value, json};
use till::invoice::{Invoice, State as InvoiceState};
use till::ledger::MetaOf;

use super::marks;
use crate::lnbits::Lnbits;
use crate::lnbits::error::Error;
use crate::lnbits::parse::Withdrawal;

/// What the other side answered: `true`, or why not.
const RESPONSE: &str = "lnurl_response";

/// Has an invoice paid, and notes what was answered. A repeat of the request asks nobody twice.
pub(super) async fn hand_in(
    lnbits: &Lnbits,
    invoice: Invoice,
    withdrawal: &Withdrawal,
) -> Result<Invoice, Error> {
    let of = MetaOf::Invoice(invoice.hash);
    let was_asked = marks::extra_of(lnbits, of).await?.1.contains_key(RESPONSE);
    if was_asked || invoice.state != InvoiceState::Open {
        return Ok(invoice);
    }
    let service = &lnbits.service;
    let answer = match withdrawal {
        Withdrawal::Callback(url) => service.lnurl_hand_in(url, &invoice).await,
        Withdrawal::Request(request) => service.lnurl_take(request, &invoice).await,
    };
    let answer = match answer {
        Ok(()) => Value::Bool(true),
        Err(error) => json!(error.to_string()),
    };
    marks::change_extra(lnbits, of, |mut extra| {
        extra.insert(RESPONSE.to_owned(), answer.clone());
        Ok(extra)
    })
    .await?;
    let known = service.invoice(invoice.hash).await?;
    Ok(known.unwrap_or(invoice))
}
