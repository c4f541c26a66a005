//! LNURL, as the one who pays or takes: what a code or a Lightning address stands for, asking for an
//! invoice to pay, taking a withdrawal. Owns the protocol (LUD-01, 03, 06, 09, 10, 12, 16, 17) and what of
//! an answer is believed; money is not moved here.

mod action;
mod address;
mod document;
mod exchange;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

pub use action::SuccessAction;
pub use address::url_of;
pub use document::{Document, Metadata, PayRequest, WithdrawRequest};
pub use exchange::Offered;
pub(crate) use exchange::{fetch, hand_in, invoice_for, withdraw};

use crate::outbound::OutboundError;

/// Why there is nothing to pay or to take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LnurlError {
    /// The text stands for no address.
    #[error("not an LNURL or Lightning address")]
    NotAnAddress,
    /// No answer from there.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The other side says no, in its own words.
    #[error("{0}")]
    Refused(String),
    /// The answer is not what it should be.
    #[error("the answer is wrong: {0}")]
    Wrong(&'static str),
    /// What is asked for is outside what the other side takes.
    #[error("{0}")]
    Asked(String),
}
