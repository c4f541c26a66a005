//! Why a payment is pending, for the operator.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use till::flow::Waiting;
use till::id::{PaymentHash, PaymentId};
use till::ledger::Refusal;
use till::payment::{Outcome, Payment, State as PaymentState};
use till_actors::service::ServiceError;

use super::wire::{PaymentWire, ResolveWire};
use super::{Door, refused};

/// Says how the payment with this id or hash stands.
pub(super) async fn explain(
    State(door): State<Door>,
    headers: HeaderMap,
    question: String,
) -> Response {
    if !door.admits(&headers) {
        return refused(StatusCode::UNAUTHORIZED, "wrong token");
    }
    match find(&door, question.trim()).await {
        Ok(Some(payment)) => Json(wire(&door, &payment)).into_response(),
        Ok(None) => refused(StatusCode::NOT_FOUND, "there is no such payment"),
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// Books what became of a payment of which a restored till cannot know, and says how it stands then.
pub(super) async fn resolve(
    State(door): State<Door>,
    headers: HeaderMap,
    question: String,
) -> Response {
    if !door.admits(&headers) {
        return refused(StatusCode::UNAUTHORIZED, "wrong token");
    }
    let Ok(question) = serde_json::from_str::<ResolveWire>(&question) else {
        return refused(StatusCode::BAD_REQUEST, "no such question");
    };
    let found = match find(&door, question.payment.trim()).await {
        Ok(Some(payment)) => payment,
        Ok(None) => return refused(StatusCode::NOT_FOUND, "there is no such payment"),
        Err(error) => return refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    let resolved = door.service.resolve_payment(found.id, question.paid).await;
    match resolved {
        Ok(()) => explain(State(door), headers, question.payment).await,
        Err(ServiceError::Refused(Refusal::WrongState)) => {
            let why = "this payment was not left open by a restoration: the node tells what becomes of it";
            refused(StatusCode::CONFLICT, why)
        }
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn find(door: &Door, question: &str) -> Result<Option<Payment>, ServiceError> {
    if let Ok(hash) = question.parse::<PaymentHash>() {
        return door.service.payment_by_hash(hash).await;
    }
    match question.parse::<PaymentId>() {
        Ok(id) => door.service.payment(id).await,
        Err(_) => Ok(None),
    }
}

fn wire(door: &Door, payment: &Payment) -> PaymentWire {
    let (status, reason) = match (payment.state, &payment.outcome) {
        (PaymentState::Pending | PaymentState::Waiting, _) => ("pending", None),
        (PaymentState::Succeeded, _) => ("succeeded", None),
        (PaymentState::Failed, Some(Outcome::Failed { reason, .. })) => {
            ("failed", Some(reason.message()))
        }
        (PaymentState::Failed, _) => ("failed", None),
    };
    let waits_for = match payment.state {
        PaymentState::Pending => Some(match door.service.waits_for(payment.id) {
            Some(waiting) => waiting.sentence(),
            None => "it has not been looked at since the till started".to_owned(),
        }),
        PaymentState::Waiting => Some(match door.service.waits_for(payment.id) {
            Some(Waiting::Restored) => Waiting::Restored.sentence(),
            Some(_) | None => "the node reported that it failed; another attempt follows, or its money is released"
                .to_owned(),
        }),
        PaymentState::Succeeded | PaymentState::Failed => None,
    };
    PaymentWire {
        id: payment.id.to_string(),
        hash: payment.hash.map(|hash| hash.to_string()),
        status: status.to_owned(),
        attempt: payment.attempt,
        amount_msat: payment.amount.get(),
        attempted_at: payment.attempted_at.as_millis(),
        failure: reason.map(str::to_owned),
        waits_for,
    }
}
