//! Invoices and payments: made, paid, looked at.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use till::id::PaymentHash;
use till::payment::{Outcome, State as PaymentState};

use crate::lnbits::access::{AdminKey, AnyKey, Opened};
use crate::lnbits::body::Body;
use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, parse, render, wire};

/// `POST /payments`: makes an invoice, or pays one.
pub(crate) async fn create(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::CreatePayment>,
) -> Result<(StatusCode, Json<wire::Payment>), Error> {
    let made = if request.out.unwrap_or(true) {
        pay(&lnbits, &opened, request).await?
    } else {
        receive(&lnbits, &opened, request).await?
    };
    Ok((StatusCode::CREATED, Json(made)))
}

async fn receive(
    lnbits: &Lnbits,
    opened: &Opened,
    request: wire::CreatePayment,
) -> Result<wire::Payment, Error> {
    if !opened.may.receive {
        return Err(Error::new(StatusCode::FORBIDDEN, "Not allowed to receive."));
    }
    let dialect = lnbits.settings.dialect;
    let wanted = parse::new_invoice(dialect, opened.account(), request)?;
    let invoice = lnbits.service.create_invoice(wanted).await?;
    Ok(render::invoice(
        dialect,
        &invoice,
        opened.wallet.id.to_string(),
    ))
}

async fn pay(
    lnbits: &Lnbits,
    opened: &Opened,
    request: wire::CreatePayment,
) -> Result<wire::Payment, Error> {
    if !opened.may.send {
        return Err(Error::new(StatusCode::FORBIDDEN, "Invalid adminkey."));
    }
    let dialect = lnbits.settings.dialect;
    let wanted = parse::new_payment(dialect, opened.account(), request)?;
    let wait = lnbits.settings.payment_wait;
    let payment = lnbits.service.pay(wanted, wait).await?;
    if let (PaymentState::Failed, Some(Outcome::Failed { reason, .. })) =
        (payment.state, &payment.outcome)
    {
        return Err((*reason).into());
    }
    Ok(render::payment(
        dialect,
        &payment,
        opened.wallet.id.to_string(),
    ))
}

/// `GET /payments/{checking_id}`: the incoming or the outgoing side, as this wallet has it.
pub(crate) async fn one(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
    Path(checking_id): Path<String>,
) -> Result<Json<wire::Status>, Error> {
    let hash = checking_id
        .strip_prefix("internal_")
        .unwrap_or(&checking_id);
    let hash: PaymentHash = hash.parse().map_err(|_| Error::unknown_payment())?;
    let (dialect, wallet) = (lnbits.settings.dialect, opened.wallet.id.to_string());
    let invoice = lnbits.service.invoice(hash).await?;
    let details = match invoice.filter(|invoice| invoice.wallet == opened.account()) {
        Some(invoice) => render::invoice(dialect, &invoice, wallet),
        None => {
            let payment = lnbits.service.payment_by_hash(hash).await?;
            let payment = payment.filter(|payment| payment.wallet == opened.account());
            let payment = payment.ok_or_else(Error::unknown_payment)?;
            render::payment(dialect, &payment, wallet)
        }
    };
    Ok(Json(wire::Status {
        paid: details.status == "success",
        status: details.status,
        preimage: details.preimage.clone(),
        details,
    }))
}

/// `DELETE /payments/{checking_id}`: whoever paid a hold invoice gets the money back.
pub(crate) async fn cancel(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Path(checking_id): Path<String>,
) -> Result<Json<wire::Detail>, Error> {
    let hash: PaymentHash = checking_id.parse().map_err(|_| Error::unknown_payment())?;
    let invoice = lnbits.service.invoice(hash).await?;
    let invoice = invoice.filter(|invoice| invoice.wallet == opened.account());
    let invoice = invoice.ok_or_else(Error::unknown_payment)?;
    lnbits.service.cancel_hold(invoice.hash).await?;
    let detail = "Payment cancelled";
    Ok(Json(wire::Detail { detail }))
}
