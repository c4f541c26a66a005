//! The outbox: what is to be told to somebody's own address (a webhook), and how often it was tried.
//! Owns the row and when the next try is due; what is said there, and how, is the surfaces'.
//!
//! A row is written in the same record as what it tells of, so nothing that happened is forgotten. It
//! is delivered at least once: whoever gets it tells repeats by its id.

use minicbor::{Decode, Encode};

use crate::id::{PaymentHash, PaymentId, WebhookId};
use crate::ledger::{Origin, WalletRef};
use crate::time::Timestamp;

/// How long to wait after the first failure, the second, and so on, in seconds: 12 tries in about
/// three days. A tenth of it may be added, so that not everything comes back at once.
pub const RETRY_PAUSES_SECS: [u64; 11] = [
    5, 30, 120, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 86_400,
];

/// The longest address that is called, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Delivery {
    /// Counts all deliveries from 1.
    #[n(0)]
    pub number: u64,
    /// Whose it is.
    #[n(1)]
    pub wallet: WalletRef,
    /// The surface that it was asked for on.
    #[n(2)]
    pub origin: Origin,
    /// Who is told.
    #[n(3)]
    pub url: String,
    /// What it is about.
    #[n(4)]
    pub subject: Subject,
    /// The event that it tells of.
    #[n(5)]
    pub event_id: u64,
    /// When that was.
    #[n(6)]
    pub created_at: Timestamp,
    /// How often it was tried.
    #[n(7)]
    pub tries: u32,
    /// When it is tried next, while it waits.
    #[n(8)]
    pub due_at: Timestamp,
    /// Where it stands.
    #[n(9)]
    pub state: DeliveryState,
    /// What came of the last try: an HTTP status, or what is wrong in a word.
    #[n(10)]
    pub status: Option<String>,
    /// Whether what is behind it for the same address waits for it: the address itself failed, and
    /// would not take that either.
    #[n(11)]
    pub holds_back: bool,
    /// The webhook of the wallet's that it is for; `None` where the invoice or the payment itself names
    /// who is told.
    #[n(12)]
    pub webhook: Option<WebhookId>,
}

/// What a delivery is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Subject {
    /// Money that came.
    #[n(0)]
    Invoice(#[n(0)] PaymentHash),
    /// Money that went, or did not.
    #[n(1)]
    Payment(#[n(0)] PaymentId),
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DeliveryState {
    /// It is to be tried.
    #[n(0)]
    Waiting,
    /// It was taken.
    #[n(1)]
    Delivered,
    /// It was tried often enough, or is not wanted any more.
    #[n(2)]
    GivenUp,
}

/// How many deliveries there have been: one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct OutboxCount {
    /// The last one's number.
    #[n(0)]
    pub last: u64,
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Taken,
    /// The address answers, and does not want this one.
    Refused,
    /// The address does not answer, or not as one that works.
    Failed,
    /// The address says that it is gone for good, or may not be called.
    Gone,
    /// There is nothing to be told any more, or nobody who wants to know.
    Pointless,
}

impl Delivery {
    /// This delivery after one more try.
    #[must_use]
    pub fn tried(self, at: Timestamp, verdict: Verdict, status: String) -> Self {
        let tries = self.tries.saturating_add(1);
        let failed = usize::try_from(self.tries).unwrap_or(usize::MAX);
        let pause = RETRY_PAUSES_SECS.get(failed).copied();
        let (state, pause) = match (verdict, pause) {
            (Verdict::Taken, _) => (DeliveryState::Delivered, 0),
            (Verdict::Gone | Verdict::Pointless, _)
            | (Verdict::Refused | Verdict::Failed, None) => (DeliveryState::GivenUp, 0),
            (Verdict::Refused | Verdict::Failed, Some(pause)) => (DeliveryState::Waiting, pause),
        };
        // There is no randomness here, and the number is as good.
        let spread = pause * (self.number % 10) / 100;
        Self {
            tries,
            due_at: at.plus_secs(pause + spread),
            state,
            status: Some(status),
            holds_back: verdict == Verdict::Failed,
            ..self
        }
    }

    /// Whether it is to be tried at all.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.state == DeliveryState::Waiting
    }

    /// What its receiver tells repeats by: the `webhook-id` of Standard Webhooks.
    #[must_use]
    pub fn id(&self) -> String {
        format!("msg_{}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Delivery {
        Delivery {
            number: 10,
            wallet: WalletRef::House,
            origin: Origin::Pos,
            url: "https://shop.example/paid".into(),
            subject: Subject::Invoice(PaymentHash::from_bytes([1; 32])),
            event_id: 1,
            created_at: Timestamp::from_millis(0),
            tries: 0,
            due_at: Timestamp::from_millis(0),
            state: DeliveryState::Waiting,
            status: None,
            holds_back: false,
            webhook: None,
        }
    }

    #[test]
    fn twelve_tries_take_three_days_and_then_it_is_given_up() {
        let mut row = delivery();
        let mut pauses = Vec::new();
        while row.waits() {
            let at = row.due_at;
            row = row.tried(at, Verdict::Failed, "500".into());
            pauses.push(row.due_at.as_secs() - at.as_secs());
        }
        assert_eq!(row.tries, 12);
        assert_eq!(row.state, DeliveryState::GivenUp);
        assert!(pauses.windows(2).take(10).all(|two| two[0] <= two[1]));
        let days = row.due_at.as_secs() / 86_400;
        assert_eq!(days, 2, "{pauses:?}");
    }

    #[test]
    fn only_an_address_that_fails_holds_others_back() {
        let at = Timestamp::from_millis(0);
        let table = [
            (Verdict::Taken, DeliveryState::Delivered, false),
            (Verdict::Refused, DeliveryState::Waiting, false),
            (Verdict::Failed, DeliveryState::Waiting, true),
            (Verdict::Gone, DeliveryState::GivenUp, false),
            (Verdict::Pointless, DeliveryState::GivenUp, false),
        ];
        for (verdict, state, holds_back) in table {
            let row = delivery().tried(at, verdict, "x".into());
            assert_eq!((row.state, row.holds_back), (state, holds_back));
        }
    }
}
