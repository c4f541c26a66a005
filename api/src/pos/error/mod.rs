//! The surface's one error envelope, `{"message", "code"}`, and the table of its cases. Owns
//! statuses, codes and public texts; where they come from is in [`mapping`].

mod mapping;

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use till::id::{PaymentHash, PaymentId};

use crate::http::{BUSY_RETRY_SECS, Problem};

/// Every case that this surface tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    InvalidRequest,
    InvalidInvoice,
    InvalidAddress,
    InvalidOffer,
    Unauthorized,
    InvalidCredentials,
    InvalidPassword,
    InsufficientFunds,
    Forbidden,
    WalletAccessRequired,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    AlreadyPaid,
    SelfPayment,
    IdempotencyConflict,
    AlreadyInitialized,
    NameTaken,
    LastAdmin,
    Conflict,
    InvoiceExpired,
    BodyTooLarge,
    UnsupportedMediaType,
    RecipientRejected,
    NoRoute,
    NeverSent,
    PaymentFailed,
    PeerUnreachable,
    TooManyAttempts,
    Internal,
    NodeFailed,
    Busy,
    OutcomeUnknown,
    NodeUnavailable,
    PaymentsHeld,
}

impl Case {
    /// Status and code: the table of the API guide.
    pub(crate) const fn row(self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::InvalidInvoice => (StatusCode::BAD_REQUEST, "invalid_invoice"),
            Self::InvalidAddress => (StatusCode::BAD_REQUEST, "invalid_address"),
            Self::InvalidOffer => (StatusCode::BAD_REQUEST, "invalid_offer"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "invalid_credentials"),
            Self::InvalidPassword => (StatusCode::UNAUTHORIZED, "invalid_password"),
            Self::InsufficientFunds => (StatusCode::PAYMENT_REQUIRED, "insufficient_funds"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::WalletAccessRequired => (StatusCode::FORBIDDEN, "wallet_access_required"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::AlreadyPaid => (StatusCode::CONFLICT, "invoice_already_paid"),
            Self::SelfPayment => (StatusCode::CONFLICT, "self_payment"),
            Self::IdempotencyConflict => (StatusCode::CONFLICT, "idempotency_conflict"),
            Self::AlreadyInitialized => (StatusCode::CONFLICT, "already_initialized"),
            Self::NameTaken => (StatusCode::CONFLICT, "name_taken"),
            Self::LastAdmin => (StatusCode::CONFLICT, "last_admin"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict"),
            Self::InvoiceExpired => (StatusCode::GONE, "invoice_expired"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::RecipientRejected => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "recipient_rejected_payment",
            ),
            Self::NoRoute => (StatusCode::UNPROCESSABLE_ENTITY, "no_route"),
            Self::NeverSent => (StatusCode::UNPROCESSABLE_ENTITY, "never_sent"),
            Self::PaymentFailed => (StatusCode::UNPROCESSABLE_ENTITY, "payment_failed"),
            Self::PeerUnreachable => (StatusCode::UNPROCESSABLE_ENTITY, "peer_unreachable"),
            Self::TooManyAttempts => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            Self::NodeFailed => (StatusCode::INTERNAL_SERVER_ERROR, "node_error"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::OutcomeUnknown => (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown"),
            Self::NodeUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "node_unavailable"),
            Self::PaymentsHeld => (StatusCode::SERVICE_UNAVAILABLE, "payments_held"),
        }
    }
}

/// An error as a caller of this surface sees it. What caused it has been logged by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    case: Case,
    message: Cow<'static, str>,
    retry_after_secs: Option<u64>,
    payment: Option<(PaymentId, Option<PaymentHash>)>,
}

impl Error {
    pub(crate) fn new(case: Case, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            case,
            message: message.into(),
            retry_after_secs: None,
            payment: None,
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(Case::Unauthorized, "Authentication required")
    }

    /// Something that should be impossible; logs what it was.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(Case::Internal, "Internal error")
    }

    /// Guessing has been stopped.
    pub(crate) fn locked_out(secs: u64) -> Self {
        Self::new(
            Case::TooManyAttempts,
            "Too many failed attempts, try again later",
        )
        .retry_after(secs)
    }

    pub(crate) fn retry_after(self, secs: u64) -> Self {
        Self {
            retry_after_secs: Some(secs),
            ..self
        }
    }

    /// Names the payment that it is about.
    pub(crate) fn about(self, id: PaymentId, hash: Option<PaymentHash>) -> Self {
        Self {
            payment: Some((id, hash)),
            ..self
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.case.row().0
    }
}

/// The envelope on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    message: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_hash: Option<String>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.case.row();
        let (id, hash) = self
            .payment
            .map_or((None, None), |(id, hash)| (Some(id), hash));
        let envelope = Envelope {
            message: &self.message,
            code,
            // The field belongs to the lock-out; the header to every case that passes.
            retry_after: self
                .retry_after_secs
                .filter(|_| self.case == Case::TooManyAttempts),
            payment_id: id.map(|id| id.to_string()),
            payment_hash: hash.map(|hash| hash.to_string()),
        };
        let mut response = (status, Json(envelope)).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(RETRY_AFTER, secs.into());
        }
        response
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::UnknownRoute => Self::new(Case::NotFound, "No such route"),
            Problem::MethodNotAllowed => {
                Self::new(Case::MethodNotAllowed, "This route has no such method")
            }
            Problem::BodyTooLarge(max) => {
                Self::new(Case::BodyTooLarge, format!("The body exceeds {max} bytes"))
            }
            Problem::BodyTooSlow => {
                Self::new(Case::RequestTimeout, "The body did not arrive in time")
            }
            Problem::NotJson => Self::new(
                Case::UnsupportedMediaType,
                "The body must be JSON (Content-Type: application/json)",
            ),
            Problem::Malformed(why) => Self::new(Case::InvalidRequest, why),
            Problem::Overloaded => {
                Self::new(Case::Busy, "Too many requests are under way, try again")
                    .retry_after(BUSY_RETRY_SECS.into())
            }
            Problem::TooSlow => Self::new(
                Case::OutcomeUnknown,
                "The answer was not ready in time; what was asked for may still happen",
            )
            .retry_after(BUSY_RETRY_SECS.into()),
            Problem::Panicked => Self::new(Case::Internal, "Internal error"),
        }
    }
}

/// The surface's envelope for [`shield`](crate::http::shield).
pub(crate) fn render(problem: Problem) -> Response {
    Error::from(problem).into_response()
}
