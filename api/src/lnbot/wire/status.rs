//! How the till does, now and over time.

use std::collections::BTreeMap;

use serde::Serialize;

/// How the till does right now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// `operational`, `degraded`, `outage` or `unknown`.
    pub(crate) status: &'static str,
    pub(crate) updated_at: Option<String>,
    pub(crate) notice: Option<Notice>,
    pub(crate) components: Components,
}

/// A message from the operators. Nobody can write one yet, so there is none.
#[derive(Serialize)]
pub(crate) enum Notice {}

/// Its parts.
#[derive(Serialize)]
pub(crate) struct Components {
    pub(crate) sending: Sending,
    pub(crate) receiving: Receiving,
    pub(crate) node: Node,
    pub(crate) webhooks: Webhooks,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sending {
    pub(crate) status: &'static str,
    pub(crate) in_progress: u64,
    pub(crate) by_stage: BTreeMap<&'static str, u64>,
    pub(crate) longest_wait_seconds: Option<f64>,
    pub(crate) sent_last_hour: u64,
    pub(crate) failed_last_hour: u64,
    pub(crate) service_failures_last_hour: u64,
    pub(crate) median_seconds: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receiving {
    pub(crate) status: &'static str,
    pub(crate) credited_last_hour: u64,
    pub(crate) credit_backlog: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    pub(crate) status: &'static str,
    pub(crate) latency_ms: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Webhooks {
    pub(crate) status: &'static str,
    pub(crate) backlog: Option<u64>,
}

/// How the till did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct History {
    pub(crate) range: &'static str,
    pub(crate) bucket_seconds: u64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) summary: Summary,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) notices: Vec<Notice>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) samples: u64,
    pub(crate) uptime: Uptime,
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    pub(crate) service_failures: u64,
    pub(crate) credited: u64,
    pub(crate) median_seconds: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
    pub(crate) settle_times: Vec<SettleTime>,
    pub(crate) avg_latency_ms: Option<u64>,
    pub(crate) max_latency_ms: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Uptime {
    pub(crate) overall: UptimeShare,
    pub(crate) sending: UptimeShare,
    pub(crate) receiving: UptimeShare,
    pub(crate) node: UptimeShare,
    pub(crate) webhooks: UptimeShare,
}

/// In per cent of what was measured.
#[derive(Serialize)]
pub(crate) struct UptimeShare {
    pub(crate) operational: Option<f64>,
    pub(crate) degraded: Option<f64>,
    pub(crate) outage: Option<f64>,
}

/// A bar of the histogram; the last one, without a bound, holds what was slower.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettleTime {
    pub(crate) up_to_seconds: Option<u32>,
    pub(crate) count: usize,
}

#[derive(Serialize)]
pub(crate) struct Bucket {
    pub(crate) at: String,
    pub(crate) samples: u64,
    pub(crate) overall: BucketState,
    pub(crate) sending: SendingBucket,
    pub(crate) receiving: ReceivingBucket,
    pub(crate) node: NodeBucket,
    pub(crate) webhooks: WebhooksBucket,
}

/// How many samples found it so.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct BucketState {
    pub(crate) degraded: u64,
    pub(crate) outage: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendingBucket {
    #[serde(flatten)]
    pub(crate) state: BucketState,
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    pub(crate) service_failures: u64,
    pub(crate) median_seconds: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
    pub(crate) max_in_progress: Option<u64>,
    pub(crate) max_wait_seconds: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivingBucket {
    #[serde(flatten)]
    pub(crate) state: BucketState,
    pub(crate) credited: u64,
    pub(crate) max_backlog: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeBucket {
    #[serde(flatten)]
    pub(crate) state: BucketState,
    pub(crate) avg_latency_ms: Option<u64>,
    pub(crate) max_latency_ms: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhooksBucket {
    #[serde(flatten)]
    pub(crate) state: BucketState,
    pub(crate) max_backlog: Option<u64>,
}
