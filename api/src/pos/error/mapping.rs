//! From what the service refuses to what this surface says. Owns the mapping; there is no
//! wildcard arm, so that a new reason does not compile until somebody has thought about it.

use till::ledger::Refusal;
use till::money::{Msat, Sat};
use till::payment::FailureReason;
use till_actors::node::NodeError;
use till_actors::service::ServiceError;

use super::{Case, Error};
use crate::guard::Unheard;
use crate::http::{BUSY_RETRY_SECS, HELD_RETRY_SECS, PAYMENTS_HELD};
use crate::pos::field::Invalid;

/// Seconds after which a node or a till that is coming back is worth another try.
const RECOVERY_RETRY_SECS: u64 = 5;

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::InvalidInvoice(why) => {
                Self::new(Case::InvalidInvoice, format!("Invalid invoice: {why}"))
            }
            ServiceError::InvalidAddress(why) => {
                Self::new(Case::InvalidAddress, format!("Invalid address: {why}"))
            }
            ServiceError::UnknownChannel => Self::new(Case::NotFound, "No such channel"),
            ServiceError::NothingToBump => Self::new(
                Case::Conflict,
                "No transaction of this till's waits to be mined that could be replaced",
            ),
            ServiceError::TooPoorOnchain {
                needed,
                spendable,
                reserve,
                in_channels,
            } => too_poor_onchain(needed, spendable, reserve, in_channels),
            ServiceError::InvalidOffer(why) => {
                Self::new(Case::InvalidOffer, format!("Invalid offer: {why}"))
            }
            ServiceError::InvalidRequest(why) => Self::new(Case::InvalidRequest, why),
            ServiceError::Busy { retry_after_secs } => {
                Self::new(Case::Busy, "Too many requests are under way, try again")
                    .retry_after(retry_after_secs.max(1).into())
            }
            ServiceError::Node(error) => error.into(),
            ServiceError::Unknown => Self::new(
                Case::OutcomeUnknown,
                "The outcome is not known yet, ask again",
            )
            .retry_after(BUSY_RETRY_SECS.into()),
            ServiceError::Stopping => Self::new(Case::NodeUnavailable, "The till is shutting down")
                .retry_after(RECOVERY_RETRY_SECS),
        }
    }
}

fn conflict(message: &'static str) -> Error {
    Error::new(Case::Conflict, message)
}

/// A password or PIN that was not looked at.
impl From<Unheard> for Error {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::LockedOut(secs) => Self::locked_out(secs),
            Unheard::Busy => Self::new(Case::Busy, "Too many logins, try again")
                .retry_after(BUSY_RETRY_SECS.into()),
            Unheard::Broken(why) => Self::internal(&why),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::HashInUse => hash_in_use(),
            Refusal::UnknownInvoice => Self::new(Case::NotFound, "No such invoice"),
            Refusal::UnknownSession => Self::unauthorized(),
            Refusal::WrongState => conflict("Not possible in the present state"),
            Refusal::Underpaid => invalid("The amount does not pay the invoice"),
            Refusal::InvoiceExpired => {
                Self::new(Case::InvoiceExpired, "The invoice or offer has expired")
            }
            Refusal::SelfPayment => Self::new(
                Case::SelfPayment,
                "The invoice or offer is one of this till's own",
            ),
            Refusal::AlreadyPaid(id) => taken("The invoice has already been paid").about(id, None),
            Refusal::InFlight(id) | Refusal::NotCleared(id) => {
                taken("The invoice is already being paid, the outcome is not known yet")
                    .about(id, None)
            }
            Refusal::TakenInvoice => {
                taken("The invoice is being paid or has been paid by somebody else")
            }
            Refusal::InvoiceCancelled => conflict("The invoice has been cancelled"),
            Refusal::DeadlinePassed => {
                conflict("Too few blocks are left to settle; the payer gets the money back")
            }
            Refusal::WrongPreimage => invalid("The preimage does not open the payment hash"),
            Refusal::OfferUnlinked(_) => offer_unlinked(),
            Refusal::PaymentsHeld => payments_held(),
            Refusal::InsufficientFunds { needed, available } => insufficient(needed, available),
            Refusal::NotTheHouses { needed, available } => not_the_houses(needed, available),
            Refusal::IdempotencyConflict => Self::new(
                Case::IdempotencyConflict,
                "The Idempotency-Key was used for another request",
            ),
            Refusal::AlreadyInitialized => {
                Self::new(Case::AlreadyInitialized, "The till has already been set up")
            }
            Refusal::NameTaken => Self::new(Case::NameTaken, "The name is taken"),
            Refusal::WalletBusy
            | Refusal::AlreadyInvited
            | Refusal::KeyExists
            | Refusal::AddressTaken
            | Refusal::NotTransferable
            | Refusal::TooManyWallets(_)
            | Refusal::TooManyAddresses(_)
            | Refusal::WebhookExists
            | Refusal::TooManyWebhooks(_)
            | Refusal::TooManyUnpaid => conflict("Not possible just now"),
            Refusal::UnknownHolder
            | Refusal::UnknownWallet
            | Refusal::UnknownShare
            | Refusal::UnknownKey
            | Refusal::UnknownRecovery
            | Refusal::UnknownAddress
            | Refusal::UnknownWebhook => no_wallet(),
            Refusal::UnknownPayment => Self::new(Case::NotFound, "No such payment"),
            Refusal::ClosingAlready => closing_already(),
            Refusal::UnknownUser => Self::new(Case::NotFound, "No such user"),
            Refusal::LastAdmin => Self::new(
                Case::LastAdmin,
                "The last administrator can be neither deleted nor made a cashier",
            ),
            Refusal::PasswordChanged => {
                Self::new(Case::InvalidPassword, "The password was changed meanwhile")
            }
            Refusal::TooLarge => invalid("The amount is too large"),
            Refusal::Damaged(damaged) => Self::internal(&damaged),
        }
    }
}

fn invalid(message: &'static str) -> Error {
    Error::new(Case::InvalidRequest, message)
}

/// An invoice that nobody may pay any more.
fn taken(message: &'static str) -> Error {
    Error::new(Case::AlreadyPaid, message)
}

fn closing_already() -> Error {
    conflict("The channel is being closed already, to another address or at another feerate")
}

fn hash_in_use() -> Error {
    conflict("The payment hash belongs to another payment or invoice")
}

/// Not a matter of seconds: an operator has to look.
fn payments_held() -> Error {
    Error::new(Case::PaymentsHeld, PAYMENTS_HELD).retry_after(HELD_RETRY_SECS.into())
}

fn no_wallet() -> Error {
    Error::new(Case::NotFound, "No such wallet")
}

fn offer_unlinked() -> Error {
    let message = "An earlier payment to an offer is not accounted for yet";
    Error::new(Case::NodeUnavailable, message).retry_after(RECOVERY_RETRY_SECS)
}

/// Says what would help: most of a till's money is in its channels.
fn too_poor_onchain(needed: Sat, spendable: Sat, reserve: Sat, in_channels: Sat) -> Error {
    let message = format!(
        "Not enough on-chain funds: {needed} needed with fees, {spendable} can be spent ({reserve} are kept to \
         close channels); closing channels or splicing out of them would free up to {in_channels}"
    );
    Error::new(Case::InsufficientFunds, message)
}

fn insufficient(needed: Msat, available: Msat) -> Error {
    let message = format!(
        "Not enough funds: {} needed, the reserve for routing fees included; {} available",
        needed.to_sat_ceil(),
        available.to_sat_floor()
    );
    Error::new(Case::InsufficientFunds, message)
}

fn not_the_houses(needed: Msat, available: Msat) -> Error {
    let message = format!(
        "Not enough funds: {} needed, the miners' fee included; {} are the till's own and not set aside",
        needed.to_sat_ceil(),
        available.to_sat_floor()
    );
    Error::new(Case::InsufficientFunds, message)
}

impl From<NodeError> for Error {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Unavailable(cause) => {
                tracing::warn!(%cause, "the node is not available");
                Self::new(Case::NodeUnavailable, "The node is not available")
                    .retry_after(RECOVERY_RETRY_SECS)
            }
            NodeError::Invalid(why) => Self::new(Case::InvalidRequest, why),
            NodeError::Peer(cause) => {
                tracing::info!(%cause, "a peer could not be reached");
                Self::new(Case::PeerUnreachable, "The peer could not be reached")
            }
            NodeError::InsufficientFunds => {
                Self::new(Case::InsufficientFunds, "Not enough on-chain funds")
            }
            NodeError::OwnAddress => {
                Self::new(Case::SelfPayment, "The address is one of this till's own")
            }
            NodeError::NotReplaceable(why) => Self::new(Case::Conflict, why),
            NodeError::NoInbound(why) => Self::new(Case::NodeUnavailable, why),
            NodeError::Busy => Self::new(Case::Busy, "The node is busy, try again")
                .retry_after(BUSY_RETRY_SECS.into()),
            NodeError::Failed(cause) => {
                tracing::error!(%cause, "the node failed");
                Self::new(Case::NodeFailed, "The node could not do it")
            }
        }
    }
}

/// A payment that ended without the recipient having the money.
impl From<FailureReason> for Error {
    fn from(reason: FailureReason) -> Self {
        let case = match reason {
            FailureReason::NoRoute | FailureReason::RetriesExhausted | FailureReason::NoAnswer => {
                Case::NoRoute
            }
            FailureReason::RecipientRejected => Case::RecipientRejected,
            FailureReason::InvoiceExpired => Case::InvoiceExpired,
            FailureReason::Unpayable => Case::InvalidInvoice,
            FailureReason::NeverSent => Case::NeverSent,
            FailureReason::Unexpected | FailureReason::CoinsSpent => Case::PaymentFailed,
        };
        Self::new(case, reason.message())
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::new(Case::InvalidRequest, invalid.to_string())
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use till::id::PaymentId;
    use till::ledger::entity::Damaged;

    use super::*;

    fn row(error: impl Into<Error>) -> (u16, &'static str) {
        let (status, code) = error.into().case.row();
        (status.as_u16(), code)
    }

    fn damaged() -> Refusal {
        Refusal::Damaged(Damaged {
            key: "0711".to_owned(),
            why: "secret detail".to_owned(),
        })
    }

    #[test]
    fn refusals_have_the_statuses_of_the_guide() {
        let id = PaymentId::from_bytes([1; 16]);
        let short = Refusal::InsufficientFunds {
            needed: Msat::new(1_001).expect("small"),
            available: Msat::ZERO,
        };
        let not_ours = Refusal::NotTheHouses {
            needed: Msat::new(1_001).expect("small"),
            available: Msat::ZERO,
        };
        let table = [
            (Refusal::HashInUse, (409, "conflict")),
            (Refusal::UnknownInvoice, (404, "not_found")),
            (Refusal::UnknownSession, (401, "unauthorized")),
            (Refusal::WrongState, (409, "conflict")),
            (Refusal::Underpaid, (400, "invalid_request")),
            (Refusal::InvoiceExpired, (410, "invoice_expired")),
            (Refusal::SelfPayment, (409, "self_payment")),
            (Refusal::AlreadyPaid(id), (409, "invoice_already_paid")),
            (Refusal::InFlight(id), (409, "invoice_already_paid")),
            (short, (402, "insufficient_funds")),
            (not_ours, (402, "insufficient_funds")),
            (Refusal::IdempotencyConflict, (409, "idempotency_conflict")),
            (Refusal::PaymentsHeld, (503, "payments_held")),
            (Refusal::AlreadyInitialized, (409, "already_initialized")),
            (Refusal::NameTaken, (409, "name_taken")),
            (Refusal::UnknownUser, (404, "not_found")),
            (Refusal::LastAdmin, (409, "last_admin")),
            (Refusal::PasswordChanged, (401, "invalid_password")),
            (Refusal::TooLarge, (400, "invalid_request")),
            (damaged(), (500, "internal_error")),
        ];
        for (refusal, expected) in table {
            let text = refusal.to_string();
            assert_eq!(row(ServiceError::Refused(refusal)), expected, "{text}");
        }
    }

    #[test]
    fn the_service_and_the_node_have_theirs() {
        let text = || "why".to_owned();
        let table = [
            (
                ServiceError::InvalidInvoice(text()),
                (400, "invalid_invoice"),
            ),
            (ServiceError::InvalidOffer(text()), (400, "invalid_offer")),
            (
                ServiceError::InvalidRequest(text()),
                (400, "invalid_request"),
            ),
            (
                ServiceError::Busy {
                    retry_after_secs: 2,
                },
                (503, "busy"),
            ),
            (ServiceError::Unknown, (503, "outcome_unknown")),
            (ServiceError::UnknownChannel, (404, "not_found")),
            (ServiceError::Stopping, (503, "node_unavailable")),
            (
                NodeError::Unavailable(text()).into(),
                (503, "node_unavailable"),
            ),
            (NodeError::Invalid(text()).into(), (400, "invalid_request")),
            (NodeError::Peer(text()).into(), (422, "peer_unreachable")),
            (
                NodeError::InsufficientFunds.into(),
                (402, "insufficient_funds"),
            ),
            (
                NodeError::NoInbound(text()).into(),
                (503, "node_unavailable"),
            ),
            (NodeError::Busy.into(), (503, "busy")),
            (NodeError::Failed(text()).into(), (500, "node_error")),
        ];
        for (error, expected) in table {
            let text = error.to_string();
            assert_eq!(row(error), expected, "{text}");
        }
    }

    #[test]
    fn failed_payments_keep_the_core_s_codes() {
        let table = [
            (FailureReason::NoRoute, 422),
            (FailureReason::RecipientRejected, 422),
            (FailureReason::RetriesExhausted, 422),
            (FailureReason::InvoiceExpired, 410),
            (FailureReason::Unpayable, 400),
            (FailureReason::NeverSent, 422),
            (FailureReason::Unexpected, 422),
            (FailureReason::NoAnswer, 422),
        ];
        for (reason, status) in table {
            assert_eq!(row(reason), (status, reason.code()));
        }
    }

    #[test]
    fn what_passes_says_when_to_come_back() {
        let response = Error::from(ServiceError::Busy {
            retry_after_secs: 2,
        })
        .into_response();
        assert_eq!(response.headers()["retry-after"], "2");
        let response = Error::locked_out(30).into_response();
        assert_eq!(response.headers()["retry-after"], "30");
    }

    #[tokio::test]
    async fn the_cause_of_damage_stays_inside() {
        let body = Error::from(damaged()).into_response().into_body();
        let body = axum::body::to_bytes(body, 1024).await.expect("a body");
        assert_eq!(
            body,
            r#"{"message":"Internal error","code":"internal_error"}"#
        );
    }
}
