//! The life of an invoice, as a table. Owns which step may follow which; knows nothing else.

use minicbor::{Decode, Encode};

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// Its hash is reserved, the node has not answered yet; nobody has seen it.
    #[n(0)]
    Draft,
    /// It can be paid.
    #[n(1)]
    Open,
    /// An HTLC has come and we decided to claim it.
    #[n(2)]
    Claiming,
    /// The money is ours and booked.
    #[n(3)]
    Paid,
    /// Its time is over.
    #[n(4)]
    Expired,
    /// It was never issued.
    #[n(5)]
    Abandoned,
    /// A hold invoice's money has come and waits to be settled or cancelled.
    #[n(6)]
    Held,
    /// It was cancelled; the payer has the money back, or gets it.
    #[n(7)]
    Cancelled,
}

/// What can happen to an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The node registered the hash and made the BOLT 11 text.
    Issue,
    /// The node refused, or the process ended before it answered.
    Abandon,
    /// An HTLC that pays it is claimable.
    ClaimIntended,
    /// The node reports the money as received.
    Received,
    /// The HTLC went away before the claim took effect.
    ClaimLapsed,
    /// Its time is over.
    Expire,
    /// Money for a hold invoice has come.
    Held,
    /// Its maker cancels it, or its deadline does.
    Cancel,
}

/// Every step there is. `Expired` can still be claimed: an HTLC may have been on its way, and
/// money that was received for a claim we intended settles the invoice wherever it stands.
pub const TABLE: &[(State, Input, State)] = &[
    (State::Draft, Input::Issue, State::Open),
    (State::Draft, Input::Abandon, State::Abandoned),
    (State::Open, Input::ClaimIntended, State::Claiming),
    (State::Open, Input::Received, State::Paid),
    (State::Open, Input::Expire, State::Expired),
    (State::Open, Input::Held, State::Held),
    (State::Open, Input::Cancel, State::Cancelled),
    (State::Claiming, Input::ClaimIntended, State::Claiming),
    (State::Claiming, Input::Received, State::Paid),
    (State::Claiming, Input::ClaimLapsed, State::Open),
    (State::Expired, Input::ClaimIntended, State::Claiming),
    (State::Expired, Input::Received, State::Paid),
    (State::Expired, Input::Held, State::Held),
    (State::Held, Input::Held, State::Held),
    (State::Held, Input::ClaimIntended, State::Claiming),
    (State::Held, Input::Received, State::Paid),
    (State::Held, Input::Cancel, State::Cancelled),
    (State::Cancelled, Input::Received, State::Paid),
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
    fn the_table_is_a_function() {
        for (i, (from, input, _)) in TABLE.iter().enumerate() {
            assert!(
                !TABLE[..i].iter().any(|(f, n, _)| f == from && n == input),
                "{from:?} {input:?}"
            );
        }
    }

    #[test]
    fn nothing_follows_payment_or_abandonment() {
        for end in [State::Paid, State::Abandoned] {
            assert!(!TABLE.iter().any(|(from, _, _)| *from == end));
        }
    }

    #[test]
    fn a_claim_never_expires_under_way() {
        assert_eq!(State::Claiming.after(Input::Expire), None);
        assert_eq!(
            State::Expired.after(Input::ClaimIntended),
            Some(State::Claiming)
        );
    }
}
