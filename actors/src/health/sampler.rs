//! Takes a sample, keeps it, waits. Owns when; what is measured is the sample's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, timeout};

use super::rules::STALE_SYNC_MILLIS;
use super::sample::Sample;
use super::store::{Store, StoreError};
use crate::ledger::now;
use crate::node::handle::NodeHandle;
use crate::views::Views;

/// How long the node may take to answer before it counts as out.
const NODE_PATIENCE: Duration = Duration::from_secs(10);
/// How long a node that is only just starting is waited for before the first sample.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// Samples until it fails.
pub(super) async fn run(store: Arc<Store>, every: Duration, views: Views, node: NodeHandle) {
    // Otherwise every start would be told as an outage.
    let _ = timeout(START_PATIENCE, node.wait_started()).await;
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = take(&store, &views, &node).await {
            tracing::warn!(%error, "a health sample was not taken");
        }
    }
}

async fn take(store: &Store, views: &Views, node: &NodeHandle) -> Result<(), StoreError> {
    let asked = Instant::now();
    // The balances, because they take the locks that payments take.
    let answer = node.call(|node| {
        let _ = node.balances();
        Ok(node.status())
    });
    let answer = timeout(NODE_PATIENCE, answer).await;
    let took = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = answer.ok().and_then(Result::ok);
    let status = status.filter(|status| status.running);
    let at = now();
    let synced = status.and_then(|status| status.last_sync_secs);
    let head = views.progress().event_id;
    // A till that never sampled does not count its past; nor does one whose journal is another's.
    let through = store
        .newest()?
        .map_or(head, |before| before.through.min(head));
    let mut sample = Sample {
        at,
        through,
        latency_ms: status.map(|_| took),
        is_synced: synced.is_some_and(|secs| {
            at.as_millis().saturating_sub(secs.saturating_mul(1_000)) < STALE_SYNC_MILLIS
        }),
        ..Sample::default()
    };
    sample.count(views)?;
    sample.look(views)?;
    store.keep(&sample)
}
