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
    /// The node said that the attempt failed; the money is still set aside, for another one.
    #[n(3)]
    Waiting,
}

/// What can happen to an outgoing payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The node reports success.
    Post,
    /// The node reports failure, or the check proved that nothing was sent.
    Void,
    /// The node reports failure, and there shall be another attempt.
    Defer,
    /// Another attempt: a caller asks again after a failure, or the wait for it is over.
    Retry,
}

/// Every step there is. A success after a void is real money gone: it is booked (and alarmed).
pub const TABLE: &[(State, Input, State)] = &[
    (State::Pending, Input::Post, State::Succeeded),
    (State::Pending, Input::Void, State::Failed),
    (State::Pending, Input::Defer, State::Waiting),
    (State::Waiting, Input::Retry, State::Pending),
    (State::Waiting, Input::Void, State::Failed),
    (State::Waiting, Input::Post, State::Succeeded),
    (State::Failed, Input::Retry, State::Pending),
    (State::Failed, Input::Post, State::Succeeded),
];

impl State {
    /// Whether nothing is set aside for it any more: the recipient has the money, or will not get it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Waiting => false,
            Self::Succeeded | Self::Failed => true,
        }
    }

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

    #[test]
    fn only_what_is_under_way_is_put_off() {
        let put_off = TABLE.iter().filter(|(_, on, _)| *on == Input::Defer);
        assert!(put_off.clone().count() == 1);
        assert!(put_off.clone().all(|(from, _, _)| *from == State::Pending));
    }
}
