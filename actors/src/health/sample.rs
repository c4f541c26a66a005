//! One sample, and what the event log says since the one before. Owns what is counted.

use till::ledger::{EventBody, WalletRef};
use till::payment::{FailureReason, Outcome, Payment, State as PaymentState};
use till::time::Timestamp;

use crate::views::{ViewError, Views};

/// Events that are read at once.
const PAGE: usize = 500;
/// Events that one sample counts; the next goes on from there.
const MAX_EVENTS: usize = 100_000;
/// Settlement times that one sample keeps.
const MAX_TIMES: usize = 10_000;

/// How the till did at one moment, and what happened since the moment before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// The last event that was counted.
    pub through: u64,
    /// How long the node took to answer, in milliseconds; `None` if it did not.
    pub latency_ms: Option<u64>,
    /// Whether the node has heard of the chain lately.
    pub is_synced: bool,
    /// Payments that are not final.
    pub in_progress: u64,
    /// How long the oldest of them has waited, in milliseconds.
    pub longest_wait_ms: Option<u64>,
    /// Payments that succeeded.
    pub sent: u64,
    /// Payments that failed, for any reason.
    pub failed: u64,
    /// Those of them that failed for a reason of ours.
    pub service_failed: u64,
    /// Incoming payments that were credited.
    pub credited: u64,
    /// Incoming payments that are claimed and not credited yet.
    pub credit_backlog: u64,
    /// Deliveries that wait to go out.
    pub webhook_backlog: u64,
    /// From request to settlement, in milliseconds, of payments that succeeded.
    pub settle_ms: Vec<u32>,
}

impl Sample {
    /// Counts what happened after `self.through`.
    pub(super) fn count(&mut self, views: &Views) -> Result<(), ViewError> {
        let mut counted = 0;
        while counted < MAX_EVENTS {
            let events = views.events_after(self.through, PAGE)?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            self.through = last.id;
            counted += events.len();
            for event in events
                .iter()
                .filter(|event| event.wallet != WalletRef::House)
            {
                self.take(&event.body, views)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, body: &EventBody, views: &Views) -> Result<(), ViewError> {
        match body {
            EventBody::PaymentReceived { .. } => self.credited += 1,
            EventBody::PaymentSent { id, .. } => {
                self.sent += 1;
                if let Some(payment) = views.get::<Payment>(id)? {
                    self.settle_ms.extend(settled_in(&payment));
                    self.settle_ms.truncate(MAX_TIMES);
                }
            }
            EventBody::PaymentFailed { reason, .. } => {
                self.failed += 1;
                self.service_failed += u64::from(is_ours(*reason));
            }
            EventBody::InvoiceExpired { .. }
            | EventBody::InvoiceHeld { .. }
            | EventBody::InvoiceCancelled { .. }
            | EventBody::InvoiceCreated { .. }
            | EventBody::PaymentCreated { .. }
            | EventBody::ChannelOpened { .. }
            | EventBody::ChannelClosed { .. }
            | EventBody::SpendMined { .. }
            | EventBody::Alarm(_) => {}
        }
        Ok(())
    }

    /// Looks at what waits, at `self.at`.
    pub(super) fn look(&mut self, views: &Views) -> Result<(), ViewError> {
        let pending = views.pending_payments()?;
        let of_wallets = |row: &&Payment| row.wallet != WalletRef::House && row.spend.is_none();
        let rows = || pending.iter().filter(of_wallets);
        self.in_progress = count(rows().count());
        // What only waits for another attempt says nothing about the till.
        let under_way = rows().filter(|row| row.state == PaymentState::Pending);
        let waits = under_way.map(|row| self.at.millis_since(row.attempted_at));
        self.longest_wait_ms = waits.max();
        self.credit_backlog = views.claims_of_wallets()?;
        self.webhook_backlog = views.deliveries_waiting()?;
        Ok(())
    }
}

fn settled_in(payment: &Payment) -> Option<u32> {
    let at = match &payment.outcome {
        Some(Outcome::Sent(sent)) => sent.at,
        Some(Outcome::Failed { .. }) | None => return None,
    };
    let took = at.millis_since(payment.created_at);
    Some(u32::try_from(took).unwrap_or(u32::MAX))
}

/// Whether the till is to blame, and not the invoice or the network.
const fn is_ours(reason: FailureReason) -> bool {
    match reason {
        FailureReason::NeverSent | FailureReason::Unexpected => true,
        FailureReason::NoRoute
        | FailureReason::RecipientRejected
        | FailureReason::RetriesExhausted
        | FailureReason::InvoiceExpired
        | FailureReason::Unpayable
        | FailureReason::CoinsSpent
        | FailureReason::NoAnswer => false,
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
