//! The surface's envelope: `{"error": "..."}`, with `min` and `max` beside it where an amount is out of
//! the recipient's range. Owns the mapping from what the service refuses; there is no wildcard arm.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use till::ledger::Refusal;
use till_actors::lnurl::LnurlError;
use till_actors::node::NodeError;
use till_actors::outbound::OutboundError;
use till_actors::service::{ServiceError, TargetError};

use crate::http::{BUSY_RETRY_SECS, HELD_RETRY_SECS, PAYMENTS_HELD, Problem};

/// What a caller is told instead of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Error {
    status: StatusCode,
    message: String,
    /// What the recipient would take, in sat.
    range: Option<(u64, u64)>,
    retry_after_secs: Option<u64>,
}

impl Error {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            range: None,
            retry_after_secs: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// There is no such wallet, or not for this caller.
    pub(crate) fn unknown_wallet() -> Self {
        Self::not_found("Wallet not found.")
    }

    /// Too many calls from one address.
    pub(crate) fn too_many(retry_after_secs: u64) -> Self {
        let message = "Too many requests, try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(retry_after_secs)
    }

    /// As many invoices are unpaid as may be.
    fn too_many_unpaid() -> Self {
        let message = "Too many invoices are unpaid: wait until some are paid or expire.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(BUSY_RETRY_SECS.into())
    }

    /// Something that should be impossible; logs what it was.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
    }

    /// Status, words, and after how many seconds to come back, for another envelope.
    pub(crate) fn parts(self) -> (StatusCode, String, Option<u64>) {
        (self.status, self.message, self.retry_after_secs)
    }

    fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(BUSY_RETRY_SECS.into())
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
        let body = match self.range {
            Some((min, max)) => json!({"error": self.message, "min": min, "max": max}),
            None => json!({"error": self.message}),
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
        match error {
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::InvalidInvoice(why)
            | ServiceError::InvalidOffer(why)
            | ServiceError::InvalidAddress(why)
            | ServiceError::InvalidRequest(why) => Self::bad_request(why),
            ServiceError::UnknownChannel
            | ServiceError::NothingToBump
            | ServiceError::TooPoorOnchain { .. } => Self::internal(&error),
            ServiceError::Busy { retry_after_secs } => {
                Self::unavailable(error.to_string()).retry_after(retry_after_secs.max(1).into())
            }
            ServiceError::Node(node) => node.into(),
            ServiceError::Unknown | ServiceError::Stopping => Self::unavailable(error.to_string()),
        }
    }
}

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::OutOfRange { min, max } => Self {
                range: Some((min.get(), max.get())),
                ..Self::bad_request(error.to_string())
            },
            TargetError::Unreadable
            | TargetError::NoSuchAddress
            | TargetError::NotToPay
            | TargetError::NeedsAmount
            | TargetError::FeeCap { .. }
            | TargetError::Dns(_) => Self::bad_request(error.to_string()),
            TargetError::Lnurl(error) => error.into(),
            TargetError::Service(ServiceError::InvalidInvoice(why)) => {
                Self::bad_request(format!("The invoice is not good: {why}."))
            }
            TargetError::Service(ServiceError::InvalidOffer(why)) => {
                Self::bad_request(format!("The offer is not good: {why}."))
            }
            TargetError::Service(error) => error.into(),
        }
    }
}

/// The other side's mistakes are the caller's to hear of: they have named it.
impl From<LnurlError> for Error {
    fn from(error: LnurlError) -> Self {
        Self::bad_request(match error {
            LnurlError::NotAnAddress => {
                "The target is no invoice, offer, Lightning address or LNURL.".to_owned()
            }
            LnurlError::Outbound(OutboundError::Unresolved) => {
                "The recipient's domain does not exist.".to_owned()
            }
            LnurlError::Outbound(OutboundError::NotAllowed(_) | OutboundError::NotPublic) => {
                "The recipient's address must not be called.".to_owned()
            }
            LnurlError::Outbound(
                OutboundError::Redirected
                | OutboundError::TooSlow
                | OutboundError::TooLong
                | OutboundError::Unreachable,
            ) => "The recipient's server does not answer.".to_owned(),
            LnurlError::Refused(reason) => format!("The recipient's server says: {reason}"),
            LnurlError::Asked(reason) => reason,
            LnurlError::Wrong(why) => format!("The recipient's server answers wrongly: {why}."),
        })
    }
}

impl From<NodeError> for Error {
    fn from(error: NodeError) -> Self {
        tracing::warn!(%error, "the node did not do it");
        match error {
            NodeError::NoInbound(why) | NodeError::Invalid(why) => Self::bad_request(why),
            NodeError::Unavailable(_)
            | NodeError::Peer(_)
            | NodeError::InsufficientFunds
            | NodeError::OwnAddress
            | NodeError::NotReplaceable(_)
            | NodeError::Busy
            | NodeError::Failed(_) => Self::unavailable("The node is not available"),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InsufficientFunds { .. } | Refusal::NotTheHouses { .. } => {
                Self::bad_request("Insufficient balance.")
            }
            Refusal::AlreadyPaid(_) => Self::conflict("The invoice has already been paid."),
            Refusal::TakenInvoice => {
                Self::conflict("The invoice is being paid, or has been paid, by somebody else.")
            }
            Refusal::InFlight(_) | Refusal::NotCleared(_) => {
                Self::conflict("The invoice is already being paid.")
            }
            Refusal::InvoiceExpired => Self::bad_request("The invoice has expired."),
            Refusal::InvoiceCancelled => Self::bad_request("The invoice has been cancelled."),
            Refusal::SelfPayment => Self::bad_request("Cannot transfer to yourself."),
            Refusal::Underpaid => Self::bad_request("The amount does not pay the invoice."),
            Refusal::IdempotencyConflict => {
                Self::conflict("The idempotencyKey was used for another request.")
            }
            Refusal::KeyExists => Self::conflict("The wallet already has a key; rotate it."),
            Refusal::AddressTaken => Self::conflict("The address is taken."),
            Refusal::WebhookExists => Self::conflict("The wallet has a webhook with that URL."),
            Refusal::WalletBusy => Self::conflict("Something is pending in the wallet."),
            Refusal::OfferUnlinked(_) => {
                Self::unavailable("An earlier payment to an offer is not accounted for yet.")
            }
            Refusal::HashInUse
            | Refusal::WrongState
            | Refusal::DeadlinePassed
            | Refusal::ClosingAlready
            | Refusal::AlreadyInvited
            | Refusal::AlreadyInitialized
            | Refusal::NameTaken
            | Refusal::LastAdmin
            | Refusal::PasswordChanged => Self::conflict(refusal.to_string()),
            Refusal::TooManyWebhooks(_)
            | Refusal::NotTransferable
            | Refusal::TooManyWallets(_)
            | Refusal::TooManyAddresses(_) => Self::bad_request(refusal.to_string()),
            Refusal::TooManyUnpaid => Self::too_many_unpaid(),
            Refusal::PaymentsHeld => {
                Self::unavailable(PAYMENTS_HELD).retry_after(HELD_RETRY_SECS.into())
            }
            Refusal::UnknownRecovery => Self::bad_request("Invalid recovery passphrase."),
            Refusal::UnknownInvoice => Self::not_found("Invoice not found."),
            Refusal::UnknownPayment => Self::not_found("Payment not found."),
            Refusal::UnknownWallet => Self::unknown_wallet(),
            Refusal::UnknownKey => Self::not_found("Key not found."),
            Refusal::UnknownAddress => Self::not_found("Address not found."),
            Refusal::UnknownWebhook => Self::not_found("Webhook not found."),
            Refusal::UnknownHolder | Refusal::UnknownUser | Refusal::UnknownShare => {
                Self::not_found(refusal.to_string())
            }
            Refusal::UnknownSession => Self::new(StatusCode::UNAUTHORIZED, "Invalid API key."),
            Refusal::WrongPreimage | Refusal::TooLarge => Self::bad_request(refusal.to_string()),
            Refusal::Damaged(damaged) => Self::internal(&damaged),
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::UnknownRoute => Self::not_found("Not found."),
            Problem::MethodNotAllowed => {
                Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.")
            }
            Problem::BodyTooLarge(max) => {
                let message = format!("The body exceeds {max} bytes.");
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
            }
            Problem::BodyTooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time.",
            ),
            Problem::NotJson => Self::bad_request("The body must be JSON."),
            Problem::Malformed(why) => Self::bad_request(why),
            Problem::Overloaded => Self::unavailable("Too busy, try again."),
            Problem::TooSlow => Self::unavailable(
                "The answer was not ready in time; what was asked for may still happen.",
            ),
            Problem::Panicked => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }
}

/// The surface's envelope for [`shield`](crate::http::shield).
pub(crate) fn render(problem: Problem) -> Response {
    Error::from(problem).into_response()
}
