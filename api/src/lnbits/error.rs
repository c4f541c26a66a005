//! The surface's envelope: `{"detail": ...}`, with `status` beside it where a payment failed. Owns the
//! mapping from what the service refuses; there is no wildcard arm.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use till::ledger::Refusal;
use till::payment::FailureReason;
use till_actors::lnurl::LnurlError;
use till_actors::node::NodeError;
use till_actors::outbound::OutboundError;
use till_actors::service::ServiceError;

use super::Dialect;
use super::misfit::Misfit;
use crate::guard::Unheard;
use crate::http::{BUSY_RETRY_SECS, HELD_RETRY_SECS, PAYMENTS_HELD, Problem};

/// Seconds after which some of a wallet's unpaid invoices may have been paid or have expired.
const UNPAID_RETRY_SECS: u64 = 60;

/// LNbits' own status for payments and invoices that failed.
pub(crate) const PAYMENT_FAILED: u16 = 520;

/// What a caller is told instead of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Error {
    status: StatusCode,
    /// A sentence, or a list of fields with what is wrong with them.
    detail: Value,
    /// How the payment stands, where it is about one: beside the detail.
    payment_status: Option<&'static str>,
    retry_after_secs: Option<u64>,
}

impl Error {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: Value::String(detail.into()),
            payment_status: None,
            retry_after_secs: None,
        }
    }

    /// A payment, or an invoice, that cannot be.
    pub(crate) fn payment(detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(PAYMENT_FAILED).unwrap_or(StatusCode::BAD_GATEWAY);
        Self {
            payment_status: Some("failed"),
            ..Self::new(status, detail)
        }
    }

    /// The same about a payment that has not failed.
    pub(crate) fn unlike_failed(self, status: &'static str) -> Self {
        Self {
            payment_status: Some(status),
            ..self
        }
    }

    /// A field of the body that cannot be, and why.
    pub(crate) fn field(dialect: Dialect, field: &str, why: impl Into<String>) -> Self {
        let why: String = why.into();
        let detail = json!([{"loc": ["body", field], "msg": why, "type": "value_error"}]);
        Self {
            detail,
            ..Self::invalid(dialect, "")
        }
    }

    /// A body or a query that does not fit, in the words of LNbits' validator.
    pub(crate) fn misfit(dialect: Dialect, misfit: Misfit) -> Self {
        Self {
            detail: misfit.detail(),
            ..Self::invalid(dialect, "")
        }
    }

    /// What the answer's status is.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// A field that cannot be: 422 by the documentation, 400 on real servers.
    pub(crate) fn invalid(dialect: Dialect, detail: impl Into<String>) -> Self {
        let status = match dialect {
            Dialect::Documented => StatusCode::UNPROCESSABLE_ENTITY,
            Dialect::V1 => StatusCode::BAD_REQUEST,
        };
        Self::new(status, detail)
    }

    /// Something that cannot be, in both dialects.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such payment.
    pub(crate) fn unknown_payment() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Payment does not exist.")
    }

    /// Something that should be impossible; logs what it was.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
    }

    /// There is no room just now.
    pub(crate) fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(BUSY_RETRY_SECS.into())
    }

    /// Too many from one address.
    pub(crate) fn too_many(retry_after_secs: u64) -> Self {
        let detail = "Too many requests, try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(retry_after_secs)
    }

    /// A wallet with as many unpaid invoices as it may have.
    fn too_many_unpaid() -> Self {
        let detail = "The wallet has too many unpaid invoices: wait until some are paid or expire.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(UNPAID_RETRY_SECS)
    }

    /// Whether the caller is at fault, and asking again would not help.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status.is_client_error()
    }

    fn retry_after(self, secs: u64) -> Self {
        Self {
            retry_after_secs: Some(secs),
            ..self
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let body = match self.payment_status {
            Some(status) => json!({"detail": self.detail, "status": status}),
            None => json!({"detail": self.detail}),
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(RETRY_AFTER, secs.into());
        }
        response
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        let unavailable = |detail: String, secs: u64| {
            Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(secs)
        };
        match error {
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::InvalidInvoice(_) => {
                Self::new(StatusCode::BAD_REQUEST, "Bolt11 decoding error.")
            }
            ServiceError::InvalidOffer(why)
            | ServiceError::InvalidAddress(why)
            | ServiceError::InvalidRequest(why) => Self::new(StatusCode::BAD_REQUEST, why),
            ServiceError::UnknownChannel
            | ServiceError::NothingToBump
            | ServiceError::TooPoorOnchain { .. } => Self::internal(&error),
            ServiceError::Busy { retry_after_secs } => {
                unavailable(error.to_string(), retry_after_secs.max(1).into())
            }
            ServiceError::Node(node) => node.into(),
            ServiceError::Unknown | ServiceError::Stopping => {
                unavailable(error.to_string(), BUSY_RETRY_SECS.into())
            }
        }
    }
}

/// LNbits' words, where it has some.
impl From<LnurlError> for Error {
    fn from(error: LnurlError) -> Self {
        Self::bad_request(match error {
            LnurlError::NotAnAddress => "Invalid LNURL.".to_owned(),
            LnurlError::Outbound(OutboundError::Unresolved) => {
                "LNURL request target could not be resolved.".to_owned()
            }
            LnurlError::Outbound(OutboundError::NotAllowed(_) | OutboundError::NotPublic) => {
                "LNURL request target is not allowed.".to_owned()
            }
            LnurlError::Outbound(
                OutboundError::Redirected
                | OutboundError::TooSlow
                | OutboundError::TooLong
                | OutboundError::Unreachable,
            ) => "LNURL request failed.".to_owned(),
            LnurlError::Refused(reason) | LnurlError::Asked(reason) => reason,
            LnurlError::Wrong(_) => format!("Invalid LNURL response: {error}"),
        })
    }
}

impl From<NodeError> for Error {
    fn from(error: NodeError) -> Self {
        tracing::warn!(%error, "the node did not do it");
        match error {
            NodeError::NoInbound(why) => Self::payment(why),
            NodeError::Invalid(why) => Self::new(StatusCode::BAD_REQUEST, why),
            NodeError::Unavailable(_)
            | NodeError::Peer(_)
            | NodeError::InsufficientFunds
            | NodeError::OwnAddress
            | NodeError::NotReplaceable(_)
            | NodeError::Busy
            | NodeError::Failed(_) => {
                let detail = "The node is not available";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
                    .retry_after(BUSY_RETRY_SECS.into())
            }
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InsufficientFunds { .. } | Refusal::NotTheHouses { .. } => {
                Self::payment("Insufficient balance.")
            }
            Refusal::AlreadyPaid(_) | Refusal::TakenInvoice => {
                Self::payment("Internal invoice already paid.")
            }
            Refusal::InFlight(_) | Refusal::NotCleared(_) => {
                Self::payment("Payment is still pending.").unlike_failed("pending")
            }
            Refusal::InvoiceExpired => Self::payment("Invoice expired."),
            Refusal::SelfPayment | Refusal::Underpaid => Self::payment(refusal.to_string()),
            Refusal::InvoiceCancelled
            | Refusal::DeadlinePassed
            | Refusal::HashInUse
            | Refusal::WrongState
            | Refusal::OfferUnlinked(_)
            | Refusal::ClosingAlready
            | Refusal::AlreadyInitialized
            | Refusal::LastAdmin
            | Refusal::PasswordChanged
            | Refusal::KeyExists
            | Refusal::AddressTaken
            | Refusal::NotTransferable
            | Refusal::TooManyWallets(_)
            | Refusal::TooManyAddresses(_)
            | Refusal::WebhookExists
            | Refusal::TooManyWebhooks(_)
            | Refusal::IdempotencyConflict => Self::new(StatusCode::CONFLICT, refusal.to_string()),
            Refusal::TooManyUnpaid => Self::too_many_unpaid(),
            Refusal::PaymentsHeld => Self::new(StatusCode::SERVICE_UNAVAILABLE, PAYMENTS_HELD)
                .retry_after(HELD_RETRY_SECS.into()),
            Refusal::UnknownInvoice
            | Refusal::UnknownPayment
            | Refusal::UnknownKey
            | Refusal::UnknownRecovery
            | Refusal::UnknownAddress
            | Refusal::UnknownWebhook => Self::unknown_payment(),
            Refusal::UnknownHolder | Refusal::UnknownUser => {
                Self::new(StatusCode::NOT_FOUND, "User not found.")
            }
            Refusal::WalletBusy => Self::new(StatusCode::CONFLICT, refusal.to_string()),
            Refusal::AlreadyInvited => {
                let detail = "User already invited to this wallet.";
                Self::new(StatusCode::BAD_REQUEST, detail)
            }
            Refusal::UnknownShare => Self::new(StatusCode::BAD_REQUEST, "Invitation not found."),
            Refusal::UnknownWallet => Self::new(StatusCode::NOT_FOUND, "Wallet not found."),
            Refusal::UnknownSession => Self::new(StatusCode::UNAUTHORIZED, "Invalid credentials."),
            Refusal::NameTaken => Self::new(StatusCode::BAD_REQUEST, "Username already exists."),
            Refusal::WrongPreimage | Refusal::TooLarge => {
                Self::new(StatusCode::BAD_REQUEST, refusal.to_string())
            }
            Refusal::Damaged(damaged) => Self::internal(&damaged),
        }
    }
}

/// A payment that ended without the recipient having the money.
impl From<FailureReason> for Error {
    fn from(reason: FailureReason) -> Self {
        Self::payment(reason.message())
    }
}

/// A password that was not looked at.
impl From<Unheard> for Error {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::LockedOut(secs) => {
                let detail = "Too many failed attempts, try again later.";
                Self::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(secs)
            }
            Unheard::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "Too busy, try again")
                .retry_after(BUSY_RETRY_SECS.into()),
            Unheard::Broken(why) => Self::internal(&why),
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::UnknownRoute => Self::new(StatusCode::NOT_FOUND, "Not Found"),
            Problem::MethodNotAllowed => {
                Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
            }
            Problem::BodyTooLarge(max) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The body exceeds {max} bytes"),
            ),
            Problem::BodyTooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time",
            ),
            Problem::NotJson => Self::new(StatusCode::BAD_REQUEST, "The body must be JSON"),
            Problem::Malformed(why) => Self::new(StatusCode::BAD_REQUEST, why),
            Problem::Overloaded => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Too busy, try again")
                    .retry_after(BUSY_RETRY_SECS.into())
            }
            Problem::TooSlow => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The answer was not ready in time; what was asked for may still happen",
            )
            .retry_after(BUSY_RETRY_SECS.into()),
            Problem::Panicked => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }
}

/// The surface's envelope for [`shield`](crate::http::shield).
pub(crate) fn render(problem: Problem) -> Response {
    Error::from(problem).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_unpaid_invoices_are_told_as_what_they_are() {
        let error = Error::from(Refusal::TooManyUnpaid);
        assert_eq!(error.status(), StatusCode::TOO_MANY_REQUESTS);
        let response = error.into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "60");
    }
}
