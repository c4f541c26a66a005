//! What samples add up to, over a range in buckets. Owns ranges and sums; knows no table.

use till::time::Timestamp;

use super::rules::State;
use super::sample::Sample;

const MINUTE_MILLIS: u64 = 60_000;
const HOUR_MILLIS: u64 = 60 * MINUTE_MILLIS;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 24 hours in buckets of 5 minutes.
    Day,
    /// 7 days in buckets of an hour.
    Week,
    /// 30 days in buckets of 6 hours.
    Month,
    /// 90 days in buckets of a day.
    Quarter,
}

impl Range {
    /// The whole of it, in milliseconds.
    const fn millis(self) -> u64 {
        match self {
            Self::Day => DAY_MILLIS,
            Self::Week => 7 * DAY_MILLIS,
            Self::Month => 30 * DAY_MILLIS,
            Self::Quarter => 90 * DAY_MILLIS,
        }
    }

    /// A bucket, in milliseconds.
    const fn bucket_millis(self) -> u64 {
        match self {
            Self::Day => 5 * MINUTE_MILLIS,
            Self::Week => HOUR_MILLIS,
            Self::Month => 6 * HOUR_MILLIS,
            Self::Quarter => DAY_MILLIS,
        }
    }

    /// A bucket, in seconds.
    #[must_use]
    pub const fn bucket_secs(self) -> u64 {
        self.bucket_millis() / 1_000
    }

    /// Where the first bucket of a range that ends now begins: buckets are aligned to UTC.
    #[must_use]
    pub const fn first_bucket(self, now: Timestamp) -> Timestamp {
        let from = now.as_millis().saturating_sub(self.millis());
        Timestamp::from_millis(from - from % self.bucket_millis())
    }
}

/// How many samples found a part in a state that is not the best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Found it degraded.
    pub degraded: u64,
    /// Found it out.
    pub outage: u64,
}

impl Share {
    fn add(&mut self, state: State) {
        match state {
            State::Operational => {}
            State::Degraded => self.degraded += 1,
            State::Outage => self.outage += 1,
        }
    }
}

/// What samples add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // Named as in a sample.
pub struct Sums {
    pub samples: u64,
    pub overall: Share,
    pub sending: Share,
    pub receiving: Share,
    pub node: Share,
    pub webhooks: Share,
    pub sent: u64,
    pub failed: u64,
    pub service_failed: u64,
    pub credited: u64,
    /// Sorted once it is closed.
    pub settle_ms: Vec<u32>,
    pub max_in_progress: Option<u64>,
    pub max_wait_ms: Option<u64>,
    pub max_credit_backlog: Option<u64>,
    pub max_webhook_backlog: Option<u64>,
    pub max_latency_ms: Option<u64>,
    latency_ms: u64,
    answers: u64,
}

impl Sums {
    pub(super) fn add(&mut self, sample: &Sample) {
        self.samples += 1;
        self.overall.add(sample.overall());
        self.sending.add(sample.sending());
        self.receiving.add(sample.receiving());
        self.node.add(sample.node());
        self.webhooks.add(sample.webhooks());
        self.sent += sample.sent;
        self.failed += sample.failed;
        self.service_failed += sample.service_failed;
        self.credited += sample.credited;
        self.settle_ms.extend(&sample.settle_ms);
        self.max_in_progress = self.max_in_progress.max(Some(sample.in_progress));
        self.max_wait_ms = self.max_wait_ms.max(sample.longest_wait_ms);
        self.max_credit_backlog = self.max_credit_backlog.max(Some(sample.credit_backlog));
        self.max_webhook_backlog = self.max_webhook_backlog.max(Some(sample.webhook_backlog));
        self.max_latency_ms = self.max_latency_ms.max(sample.latency_ms);
        if let Some(latency) = sample.latency_ms {
            self.latency_ms += latency;
            self.answers += 1;
        }
    }

    pub(super) fn close(&mut self) {
        self.settle_ms.sort_unstable();
    }

    /// What so many per cent settled within, in milliseconds.
    #[must_use]
    pub fn percentile_ms(&self, percent: usize) -> Option<u32> {
        let rank = (self.settle_ms.len() * percent).div_ceil(100).max(1);
        self.settle_ms.get(rank - 1).copied()
    }

    /// What the node took to answer, on average, in milliseconds.
    #[must_use]
    pub fn average_latency_ms(&self) -> Option<u64> {
        self.latency_ms.checked_div(self.answers)
    }
}

/// How the till did over a range.
#[derive(Clone, Debug)]
pub struct History {
    /// Which.
    pub range: Range,
    /// Where its first bucket begins.
    pub from: Timestamp,
    /// When it was read.
    pub to: Timestamp,
    /// All of it.
    pub whole: Sums,
    /// Each bucket with its beginning, the oldest first; the last one is not full yet.
    pub buckets: Vec<(Timestamp, Sums)>,
}

impl History {
    pub(super) fn empty(range: Range, now: Timestamp) -> Self {
        let (from, step) = (range.first_bucket(now), range.bucket_millis());
        let count = now.millis_since(from) / step + 1;
        let begin = |n| Timestamp::from_millis(from.as_millis() + n * step);
        Self {
            range,
            from,
            to: now,
            whole: Sums::default(),
            buckets: (0..count).map(|n| (begin(n), Sums::default())).collect(),
        }
    }

    pub(super) fn add(&mut self, sample: &Sample) {
        self.whole.add(sample);
        let n = sample.at.millis_since(self.from) / self.range.bucket_millis();
        let bucket = usize::try_from(n)
            .ok()
            .and_then(|n| self.buckets.get_mut(n));
        if let Some((_, bucket)) = bucket {
            bucket.add(sample);
        }
    }

    pub(super) fn close(&mut self) {
        self.whole.close();
        for (_, bucket) in &mut self.buckets {
            bucket.close();
        }
    }
}
