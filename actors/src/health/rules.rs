//! When a part of the till is degraded or out. Owns the thresholds; knows no clock.

use super::sample::Sample;

/// Slower than this the node is degraded, in milliseconds.
const SLOW_NODE_MILLIS: u64 = 2_000;
/// A node whose last sync with the chain is older is degraded, in milliseconds.
pub(super) const STALE_SYNC_MILLIS: u64 = 15 * 60 * 1_000;
/// A payment that waits longer makes sending degraded, in milliseconds.
const LONG_WAIT_MILLIS: u64 = 2 * 60 * 1_000;
/// Failures of our own since the last sample that make sending degraded.
const SERVICE_FAILURES: u64 = 3;
/// Incoming payments that wait to be credited, from which on receiving is degraded, and is out.
const CREDIT_BACKLOG: (u64, u64) = (10, 100);
/// The same for webhooks that wait to go out. A dead endpoint of one customer's alone should not do.
const WEBHOOK_BACKLOG: (u64, u64) = (1_000, 10_000);

/// How a part does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should.
    #[default]
    Operational,
    /// Slower, or failing more than it should.
    Degraded,
    /// Not at all.
    Outage,
}

impl Sample {
    /// The Lightning node.
    #[must_use]
    pub fn node(&self) -> State {
        match self.latency_ms {
            None => State::Outage,
            Some(latency) if latency > SLOW_NODE_MILLIS || !self.is_synced => State::Degraded,
            Some(_) => State::Operational,
        }
    }

    /// Payments out.
    #[must_use]
    pub fn sending(&self) -> State {
        let waits = self
            .longest_wait_ms
            .is_some_and(|wait| wait > LONG_WAIT_MILLIS);
        let fails = self.service_failed >= SERVICE_FAILURES;
        match self.latency_ms {
            None => State::Outage,
            Some(_) if fails && self.sent == 0 => State::Outage,
            Some(_) if fails || waits => State::Degraded,
            Some(_) => State::Operational,
        }
    }

    /// Payments in.
    #[must_use]
    pub fn receiving(&self) -> State {
        match self.latency_ms {
            None => State::Outage,
            Some(_) => by_backlog(self.credit_backlog, CREDIT_BACKLOG),
        }
    }

    /// Webhooks.
    #[must_use]
    pub fn webhooks(&self) -> State {
        by_backlog(self.webhook_backlog, WEBHOOK_BACKLOG)
    }

    /// All of it: the worst of what moves money; late webhooks degrade it at most.
    #[must_use]
    pub fn overall(&self) -> State {
        let money = self.node().max(self.sending()).max(self.receiving());
        money.max(self.webhooks().min(State::Degraded))
    }
}

fn by_backlog(backlog: u64, (degraded, outage): (u64, u64)) -> State {
    match backlog {
        backlog if backlog >= outage => State::Outage,
        backlog if backlog >= degraded => State::Degraded,
        _ => State::Operational,
    }
}
