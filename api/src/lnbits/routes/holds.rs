//! Hold invoices: settled and cancelled, by the documentation's routes and by those of real servers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use till::id::{PaymentHash, Preimage};
use till::invoice::{Invoice, State as InvoiceState};
use till::ledger::Refusal;
use till_actors::service::ServiceError;

use crate::lnbits::access::{AdminKey, Opened};
use crate::lnbits::body::Body;
use crate::lnbits::error::Error;
use crate::lnbits::{Dialect, Lnbits, parse, wire};

/// `PUT /payments/{checking_id}`: the invoice's maker takes the money.
pub(crate) async fn settle(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Path(checking_id): Path<String>,
    Body(request): Body<wire::Settle>,
) -> Result<Response, Error> {
    let invoice = own(&lnbits, &opened, parse::hash(&checking_id)).await?;
    let preimage = match request.preimage {
        Some(text) => Some(preimage(&lnbits, &text)?),
        None => None,
    };
    settle_it(&lnbits, invoice, preimage).await
}

/// `POST /payments/settle`: the same, named by what opens it.
pub(crate) async fn settle_by_preimage(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::Settle>,
) -> Result<Response, Error> {
    let preimage = preimage(&lnbits, &request.preimage.unwrap_or_default())?;
    let invoice = own(&lnbits, &opened, Some(preimage.payment_hash())).await?;
    settle_it(&lnbits, invoice, Some(preimage)).await
}

/// `DELETE /payments/{checking_id}`: whoever paid a hold invoice gets the money back.
pub(crate) async fn cancel(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Path(checking_id): Path<String>,
) -> Result<Response, Error> {
    let invoice = own(&lnbits, &opened, parse::hash(&checking_id)).await?;
    cancel_it(&lnbits, invoice).await
}

/// `POST /payments/cancel`
pub(crate) async fn cancel_by_hash(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::Cancel>,
) -> Result<Response, Error> {
    let hash = parse::hash(&request.payment_hash).ok_or_else(|| {
        let dialect = lnbits.settings.dialect;
        Error::field(dialect, "payment_hash", "must be 64 hexadecimal digits")
    })?;
    let invoice = own(&lnbits, &opened, Some(hash)).await?;
    cancel_it(&lnbits, invoice).await
}

fn preimage(lnbits: &Lnbits, text: &str) -> Result<Preimage, Error> {
    let dialect = lnbits.settings.dialect;
    parse::preimage(text)
        .ok_or_else(|| Error::field(dialect, "preimage", "must be 64 hexadecimal digits"))
}

/// The wallet's invoice with this hash.
async fn own(
    lnbits: &Lnbits,
    opened: &Opened,
    hash: Option<PaymentHash>,
) -> Result<Invoice, Error> {
    let invoice = match hash {
        Some(hash) => lnbits.service.invoice(hash).await?,
        None => None,
    };
    let invoice = invoice.filter(|invoice| invoice.wallet == opened.account());
    invoice.ok_or_else(|| {
        let detail = "Payment does not exist or does not belong to this wallet.";
        Error::new(StatusCode::NOT_FOUND, detail)
    })
}

async fn settle_it(
    lnbits: &Lnbits,
    invoice: Invoice,
    preimage: Option<Preimage>,
) -> Result<Response, Error> {
    let (dialect, wait) = (lnbits.settings.dialect, lnbits.settings.payment_wait);
    let settled = lnbits.service.settle_hold(invoice.hash, preimage, wait);
    let settled = match settled.await {
        Ok(settled) => settled,
        Err(error) => return Err(not_done(lnbits, invoice.hash, error).await),
    };
    let preimage = settled.preimage.as_ref();
    let preimage = preimage.map(|preimage| hex::encode(preimage.reveal()));
    match (settled.state, dialect) {
        (InvoiceState::Paid, Dialect::Documented) => Ok(done("Payment settled")),
        (InvoiceState::Paid, Dialect::V1) => {
            Ok(Json(json!([true, null, null, null, preimage, null])).into_response())
        }
        (InvoiceState::Claiming, Dialect::Documented) => {
            let body = json!({"detail": "Payment is being settled", "status": "pending"});
            Ok((StatusCode::ACCEPTED, Json(body)).into_response())
        }
        (InvoiceState::Claiming, Dialect::V1) => {
            let body = json!([null, null, null, null, null, null]);
            Ok((StatusCode::ACCEPTED, Json(body)).into_response())
        }
        (
            InvoiceState::Draft
            | InvoiceState::Open
            | InvoiceState::Held
            | InvoiceState::Expired
            | InvoiceState::Cancelled
            | InvoiceState::Abandoned,
            Dialect::Documented | Dialect::V1,
        ) => Err(conflict(dialect, &Refusal::DeadlinePassed.to_string())),
    }
}

async fn cancel_it(lnbits: &Lnbits, invoice: Invoice) -> Result<Response, Error> {
    if let Err(error) = lnbits.service.cancel_hold(invoice.hash).await {
        return Err(not_done(lnbits, invoice.hash, error).await);
    }
    Ok(match lnbits.settings.dialect {
        Dialect::Documented => done("Payment cancelled"),
        Dialect::V1 => {
            let hash = invoice.hash.to_string();
            Json(json!([true, hash, null, null, null, null])).into_response()
        }
    })
}

fn done(detail: &'static str) -> Response {
    Json(wire::Detail { detail }).into_response()
}

/// Why an invoice is neither settled nor cancelled.
async fn not_done(lnbits: &Lnbits, hash: PaymentHash, error: ServiceError) -> Error {
    let dialect = lnbits.settings.dialect;
    let ServiceError::Refused(refusal) = error else {
        return error.into();
    };
    if refusal == Refusal::DeadlinePassed {
        return conflict(dialect, &refusal.to_string());
    }
    if matches!(refusal, Refusal::WrongState | Refusal::InvoiceCancelled) {
        let invoice = lnbits.service.invoice(hash).await.ok().flatten();
        let why = invoice.map_or("not possible now", |invoice| standing(&invoice));
        return conflict(dialect, why);
    }
    refusal.into()
}

/// How an invoice stands, in the words of the node that LNbits passes on.
const fn standing(invoice: &Invoice) -> &'static str {
    match (invoice.hold, invoice.state) {
        (_, InvoiceState::Paid | InvoiceState::Claiming) => "invoice already settled",
        (_, InvoiceState::Cancelled | InvoiceState::Expired | InvoiceState::Abandoned) => {
            "invoice already canceled"
        }
        (false, InvoiceState::Draft | InvoiceState::Open | InvoiceState::Held) => {
            "the invoice is no hold invoice"
        }
        (true, InvoiceState::Draft | InvoiceState::Open) => "invoice still open",
        (true, InvoiceState::Held) => "not possible now",
    }
}

fn conflict(dialect: Dialect, why: &str) -> Error {
    match dialect {
        Dialect::Documented => Error::new(StatusCode::CONFLICT, why),
        Dialect::V1 => Error::payment(why),
    }
}
