//! Outgoing payments of the house: made, listed. Owns what a caller is told while an outcome is
//! not known, which is never that the payment failed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use till::id::{PaymentHash, PaymentId};
use till::ledger::WalletRef;
use till::payment::{FailureReason, Outcome, Payment, State as PaymentState};
use till_actors::service::{RowName, ServiceError};

use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::error::{Case, Error};
use crate::pos::extract::{Body, Id, Idempotency, Params};
use crate::pos::{parse, render, wire};

/// `POST /wallet/payinvoice`
pub(crate) async fn pay(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Idempotency(key): Idempotency,
    Body(request): Body<wire::PayRequest>,
) -> Result<Response, Error> {
    let invoice = pos.service.decode(parse::pasted(&request.invoice))?;
    let order = parse::new_payment(&request, &invoice, key)?;
    match pos.service.pay(order, pos.settings.payment_wait).await {
        Ok(payment) => answer(&payment),
        Err(ServiceError::Unknown) => Ok(unknown(&pos, invoice.hash).await),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn answer(payment: &Payment) -> Result<Response, Error> {
    match (payment.state, &payment.outcome) {
        (PaymentState::Succeeded, Some(Outcome::Sent(sent))) => {
            Ok(Json(render::paid(payment, sent)).into_response())
        }
        (PaymentState::Failed, Some(Outcome::Failed { reason, .. })) => {
            Err(failed(payment, *reason).about(payment.id, payment.hash))
        }
        (PaymentState::Pending | PaymentState::Waiting, _) => {
            Ok(pending(Some(payment.id), payment.hash))
        }
        (PaymentState::Succeeded | PaymentState::Failed, _) => Err(Error::internal(
            &"a payment's outcome contradicts its state",
        )),
    }
}

/// A payment that can never be made is its invoice's fault, or its offer's.
fn failed(payment: &Payment, reason: FailureReason) -> Error {
    if reason == FailureReason::Unpayable && payment.offer.is_some() {
        return Error::new(Case::InvalidOffer, reason.message());
    }
    reason.into()
}

/// The ledger did not answer in time: the payment may or may not have been made. The row, if it
/// can be had, at least gives it a name.
async fn unknown(pos: &Pos, hash: PaymentHash) -> Response {
    let row = pos.service.payment_by_hash(hash).await;
    let id = row.ok().flatten().map(|payment| payment.id);
    pending(id, Some(hash))
}

pub(super) fn pending(id: Option<PaymentId>, hash: Option<PaymentHash>) -> Response {
    let answer = wire::PayPending {
        status: "pending",
        payment_id: id.map(|id| id.to_string()),
        payment_hash: hash.map(|hash| hash.to_string()),
        message: "The outcome is not known yet; do not pay this another way before it is",
    };
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

/// `GET /wallet/payments/outgoing`
pub(crate) async fn list(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Params(query): Params<wire::ListQuery>,
) -> Result<Json<Vec<wire::Outgoing>>, Error> {
    let payments = pos.service.payments(parse::outgoing(&query)?).await?;
    Ok(Json(payments.iter().map(render::outgoing).collect()))
}

/// `GET /wallet/payments/outgoing/{paymentId}`
pub(crate) async fn one(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Id(id): Id<PaymentId>,
) -> Result<Json<wire::Outgoing>, Error> {
    found(pos.service.payment(id).await?)
}

/// `GET /wallet/payments/outgoingbyhash/{paymentHash}`
pub(crate) async fn by_hash(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Id(hash): Id<PaymentHash>,
) -> Result<Json<wire::Outgoing>, Error> {
    let name = RowName::Hash(hash);
    found(pos.service.payment_named(WalletRef::House, name)?)
}

fn found(payment: Option<Payment>) -> Result<Json<wire::Outgoing>, Error> {
    let payment = payment.filter(|payment| payment.wallet == WalletRef::House);
    let unknown = || Error::new(Case::NotFound, "No such payment");
    Ok(Json(render::outgoing(&payment.ok_or_else(unknown)?)))
}
