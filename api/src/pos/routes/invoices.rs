//! Invoices of the house: made, decoded, listed. Owns the one answer of this surface that has
//! `error` for `message`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use till::id::{PaymentHash, TxId};
use till::ledger::WalletRef;
use till_actors::service::ServiceError;

use crate::pos::Pos;
use crate::pos::access::{Staff, StaffOrWallet, WalletAdmin};
use crate::pos::error::{Case, Error};
use crate::pos::extract::{Body, Id, Params};
use crate::pos::{parse, render, wire};

/// `POST /wallet/invoice`: for the checkout, which has no wallet token.
pub(crate) async fn create_for_staff(
    _staff: Staff,
    State(pos): State<Pos>,
    Body(request): Body<wire::InvoiceRequest>,
) -> Result<Json<wire::InvoiceMade>, Error> {
    make(&pos, request).await
}

/// `POST /wallet/createinvoice`
pub(crate) async fn create(
    _caller: StaffOrWallet,
    State(pos): State<Pos>,
    Body(request): Body<wire::InvoiceRequest>,
) -> Result<Json<wire::InvoiceMade>, Error> {
    make(&pos, request).await
}

async fn make(pos: &Pos, request: wire::InvoiceRequest) -> Result<Json<wire::InvoiceMade>, Error> {
    let wanted = parse::new_invoice(request)?;
    let invoice = pos.service.create_invoice(wanted).await?;
    let made = render::invoice_made(&invoice);
    let made = made.ok_or_else(|| Error::internal(&"a new invoice is still a draft"))?;
    Ok(Json(made))
}

/// `POST /wallet/decodeinvoice`
pub(crate) async fn decode(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    body: Result<Body<wire::DecodeRequest>, Error>,
) -> Result<Response, Error> {
    let request = match body {
        Ok(Body(request)) => request,
        Err(error) if error.status() == StatusCode::BAD_REQUEST => return Ok(not_decoded()),
        Err(error) => return Err(error),
    };
    match pos.service.decode(parse::pasted(&request.invoice)) {
        Ok(invoice) => Ok(Json(render::decoded(&invoice)).into_response()),
        Err(ServiceError::InvalidInvoice(_)) => Ok(not_decoded()),
        Err(error) => Err(error.into()),
    }
}

fn not_decoded() -> Response {
    let error = "Could not decode invoice";
    (StatusCode::BAD_REQUEST, Json(wire::NotDecoded { error })).into_response()
}

/// `GET /wallet/payments/incoming`
pub(crate) async fn list(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Params(query): Params<wire::ListQuery>,
) -> Result<Json<Vec<wire::Incoming>>, Error> {
    let incoming = pos.service.incoming(parse::incoming(query)?).await?;
    Ok(Json(incoming.iter().map(render::incoming).collect()))
}

/// `GET /wallet/payments/incoming/{paymentHash}`: a deposit is found by its transaction's id.
pub(crate) async fn one(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Id(hash): Id<PaymentHash>,
) -> Result<Json<wire::Incoming>, Error> {
    let invoice = pos.service.invoice(hash).await?;
    if let Some(invoice) = invoice.filter(|invoice| invoice.wallet == WalletRef::House) {
        return Ok(Json(render::invoice(&invoice)));
    }
    let deposit = pos
        .service
        .deposit(TxId::from_bytes(*hash.as_bytes()))
        .await?;
    let unknown = || Error::new(Case::NotFound, "No such payment");
    Ok(Json(render::deposit(&deposit.ok_or_else(unknown)?)))
}
