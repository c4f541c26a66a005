//! Attempts that follow by themselves. Owns which failures are worth another attempt, and the pauses;
//! it does not know what else must hold before the node is asked again.

use minicbor::{Decode, Encode};

use super::{FailureReason, Payment, State};
use crate::time::Timestamp;

/// Pauses after the first attempt, the second, and so on, in seconds; the last is that of all later ones.
const PAUSES_SECS: [u64; 4] = [5, 15, 30, 60];
/// No payment is attempted more often by itself, however long it may be retried.
const MAX_ATTEMPTS: u32 = 64;

/// A failure that is followed by another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Deferred {
    /// What the node reported.
    #[n(0)]
    pub reason: FailureReason,
    /// When it was booked.
    #[n(1)]
    pub at: Timestamp,
}

impl FailureReason {
    /// Whether the same payment may well go through a little later.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::NoRoute | Self::RetriesExhausted => true,
            Self::RecipientRejected
            | Self::InvoiceExpired
            | Self::Unpayable
            | Self::NeverSent
            | Self::Unexpected
            | Self::CoinsSpent
            | Self::NoAnswer => false,
        }
    }
}

impl Payment {
    /// Whether a failure at `at` for this reason is followed by another attempt.
    #[must_use]
    pub fn is_worth_another(&self, reason: FailureReason, at: Timestamp) -> bool {
        let in_time = self.retry_until.is_some_and(|until| at < until);
        let by_invoice = !self.internal && self.offer.is_none() && self.bolt11.is_some();
        in_time && by_invoice && reason.may_pass() && self.attempt < MAX_ATTEMPTS
    }

    /// When the next attempt is due, or the time for it is over; `None` if it waits for none.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        let deferred = match self.state {
            State::Waiting => self.deferred?,
            State::Pending | State::Succeeded | State::Failed => return None,
        };
        let made = usize::try_from(self.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let [.., last] = PAUSES_SECS;
        let pause = PAUSES_SECS.get(made).copied().unwrap_or(last);
        let due = deferred.at.plus_secs(pause);
        Some(self.retry_until.map_or(due, |until| due.min(until)))
    }
}
