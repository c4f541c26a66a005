//! The life of an outgoing payment, as a table. Owns which step may follow which.

use minicbor::{Decode, Encode};

/// Where an outgoing payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// Set aside in the ledger; the node may or may not have heard of it.
    #[n(0)]
    Pending,
    /// The recipient has the money.
    #[n(1)]
    Succeeded,
    /// The node said that it failed, or the check proved that it was never sent.
    #[n(2)]
    Failed,
}

/// What can happen to an outgoing payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The node reports success.
    Post,
    /// The node reports failure, or the check proved that nothing was sent.
    Void,
    /// A caller asks again after a failure.
    Retry,
}

/// Every step there is. A success after a void is real money gone: it is booked (and alarmed).
pub const TABLE: &[(State, Input, State)] = &[
    (State::Pending, Input::Post, State::Succeeded),
    (State::Pending, Input::Void, State::Failed),
    (State::Failed, Input::Retry, State::Pending),
    (State::Failed, Input::Post, State::Succeeded),
];

impl State {
    /// The state after `input`, or `None` where that may not happen.
    #[must_use]
    pub fn after(self, input: Input) -> Option<Self> {
        TABLE
            .iter()
            .find(|(from, on, _)| *from == self && *on == input)
            .map(|(_, _, to)| *to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_success() {
        assert!(!TABLE.iter().any(|(from, _, _)| *from == State::Succeeded));
    }

    #[test]
    fn a_pending_payment_is_never_retried() {
        assert_eq!(State::Pending.after(Input::Retry), None);
    }
}
