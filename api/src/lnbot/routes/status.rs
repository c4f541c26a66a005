//! How the till does: for anybody, a few times a minute. What makes a part degraded is `health`'s to say.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use till_actors::health::{History, Now, Range, Share, State as Health, Sums};

use crate::http::Remote;
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, wire};

/// Upper bounds of the histogram of settlement times, in seconds.
const BOUNDS_SECS: [u32; 11] = [1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600];
/// The ranges by their names; the first is what is told where nobody asks for one.
const RANGES: [(&str, Range); 4] = [
    ("24h", Range::Day),
    ("7d", Range::Week),
    ("30d", Range::Month),
    ("90d", Range::Quarter),
];
/// What the ledger's `pending` is called here.
const IN_FLIGHT: &str = "in_flight";

/// `GET /status`
pub(crate) async fn now(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
) -> Result<Json<wire::Status>, Error> {
    lnbot.strangers.count(address).map_err(Error::too_many)?;
    Ok(Json(shown(&lnbot.service.health().await?)))
}

/// `GET /status/history`
pub(crate) async fn history(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
    RawQuery(query): RawQuery,
) -> Result<Json<wire::History>, Error> {
    lnbot.strangers.count(address).map_err(Error::too_many)?;
    let (name, range) = asked(query.as_deref())?;
    let history = lnbot.service.health_history(range).await?;
    Ok(Json(told(name, &history)))
}

fn asked(query: Option<&str>) -> Result<(&'static str, Range), Error> {
    let unknown = || Error::bad_request("range is 24h, 7d, 30d or 90d");
    let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(query.unwrap_or_default());
    let pairs = pairs.map_err(|_| unknown())?;
    let [first, ..] = RANGES;
    match pairs.iter().find(|(key, _)| key == "range") {
        Some((_, text)) => {
            let known = RANGES.into_iter().find(|(name, _)| name == text);
            known.ok_or_else(unknown)
        }
        None => Ok(first),
    }
}

fn shown(now: &Now) -> wire::Status {
    let sample = now.newest.clone().unwrap_or_default();
    let word = |state: Health| match state {
        _ if now.is_stale => "unknown",
        Health::Operational => "operational",
        Health::Degraded => "degraded",
        Health::Outage => "outage",
    };
    let stages = Some((IN_FLIGHT, sample.in_progress)).filter(|(_, count)| *count > 0);
    let measured = |figure: u64| now.newest.as_ref().map(|_| figure);
    wire::Status {
        status: word(sample.overall()),
        updated_at: now.newest.as_ref().map(|sample| wire::moment(sample.at)),
        notice: None,
        components: wire::Components {
            sending: wire::Sending {
                status: word(sample.sending()),
                in_progress: sample.in_progress,
                by_stage: stages.into_iter().collect::<BTreeMap<_, _>>(),
                longest_wait_seconds: sample.longest_wait_ms.map(secs),
                sent_last_hour: now.hour.sent,
                failed_last_hour: now.hour.failed,
                service_failures_last_hour: now.hour.service_failed,
                median_seconds: settled(&now.hour, 50),
                p95_seconds: settled(&now.hour, 95),
            },
            receiving: wire::Receiving {
                status: word(sample.receiving()),
                credited_last_hour: now.hour.credited,
                credit_backlog: measured(sample.credit_backlog),
            },
            node: wire::Node {
                status: word(sample.node()),
                latency_ms: sample.latency_ms,
            },
            webhooks: wire::Webhooks {
                status: word(sample.webhooks()),
                backlog: measured(sample.webhook_backlog),
            },
        },
    }
}

fn told(name: &'static str, history: &History) -> wire::History {
    let whole = &history.whole;
    let share = |share: Share| uptime(whole.samples, share);
    wire::History {
        range: name,
        bucket_seconds: history.range.bucket_secs(),
        from: wire::moment(history.from),
        to: wire::moment(history.to),
        summary: wire::Summary {
            samples: whole.samples,
            uptime: wire::Uptime {
                overall: share(whole.overall),
                sending: share(whole.sending),
                receiving: share(whole.receiving),
                node: share(whole.node),
                webhooks: share(whole.webhooks),
            },
            sent: whole.sent,
            failed: whole.failed,
            service_failures: whole.service_failed,
            credited: whole.credited,
            median_seconds: settled(whole, 50),
            p95_seconds: settled(whole, 95),
            settle_times: histogram(whole),
            avg_latency_ms: whole.average_latency_ms(),
            max_latency_ms: whole.max_latency_ms,
        },
        buckets: history
            .buckets
            .iter()
            .map(|(at, sums)| bucket(wire::moment(*at), sums))
            .collect(),
        notices: Vec::new(),
    }
}

fn bucket(at: String, sums: &Sums) -> wire::Bucket {
    let state = |share: Share| wire::BucketState {
        degraded: share.degraded,
        outage: share.outage,
    };
    wire::Bucket {
        at,
        samples: sums.samples,
        overall: state(sums.overall),
        sending: wire::SendingBucket {
            state: state(sums.sending),
            sent: sums.sent,
            failed: sums.failed,
            service_failures: sums.service_failed,
            median_seconds: settled(sums, 50),
            p95_seconds: settled(sums, 95),
            max_in_progress: sums.max_in_progress,
            max_wait_seconds: sums.max_wait_ms.map(secs),
        },
        receiving: wire::ReceivingBucket {
            state: state(sums.receiving),
            credited: sums.credited,
            max_backlog: sums.max_credit_backlog,
        },
        node: wire::NodeBucket {
            state: state(sums.node),
            avg_latency_ms: sums.average_latency_ms(),
            max_latency_ms: sums.max_latency_ms,
        },
        webhooks: wire::WebhooksBucket {
            state: state(sums.webhooks),
            max_backlog: sums.max_webhook_backlog,
        },
    }
}

fn histogram(sums: &Sums) -> Vec<wire::SettleTime> {
    // Sorted, so each bar ends where the next begins.
    let up_to = |secs: u32| sums.settle_ms.partition_point(|ms| *ms <= secs * 1_000);
    let mut below = 0;
    let mut bars: Vec<_> = BOUNDS_SECS
        .into_iter()
        .map(|secs| {
            let count = up_to(secs) - below;
            below += count;
            wire::SettleTime {
                up_to_seconds: Some(secs),
                count,
            }
        })
        .collect();
    bars.push(wire::SettleTime {
        up_to_seconds: None,
        count: sums.settle_ms.len() - below,
    });
    bars
}

fn uptime(samples: u64, share: Share) -> wire::UptimeShare {
    let percent = |count: u64| {
        let thousandths = (count * 100_000).checked_div(samples)?;
        let thousandths = u32::try_from(thousandths).ok()?;
        Some(f64::from(thousandths) / 1_000.0)
    };
    let fine = samples.saturating_sub(share.degraded + share.outage);
    wire::UptimeShare {
        operational: percent(fine),
        degraded: percent(share.degraded),
        outage: percent(share.outage),
    }
}

fn settled(sums: &Sums, percent: usize) -> Option<f64> {
    let millis = sums.percentile_ms(percent);
    millis.map(|millis| secs(millis.into()))
}

fn secs(millis: u64) -> f64 {
    Duration::from_millis(millis).as_secs_f64()
}
