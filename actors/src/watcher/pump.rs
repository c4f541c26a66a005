//! Feeds node events to the watcher and acknowledges them. Opens the gate that keeps outgoing
//! payments back until everything that happened before the last stop is known.

use std::time::Duration;

use ractor::ActorRef;
use tokio::sync::oneshot;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::Gate;
use super::actor::Msg;
use crate::abort::abort;
use crate::node::NodeEvent;
use crate::node::handle::NodeHandle;
use crate::runner::Runner;

/// Events of the time before a restart come within this time, or they were acknowledged.
const SETTLE_TIME: Duration = Duration::from_secs(5);
/// How often overdue invoices are looked for.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the till stops. Invoices that are claimed or held are looked after once everything is
/// told, and every `tend_every`, while there is nothing to tell.
pub(crate) async fn pump(
    Runner { node, .. }: Runner,
    watcher: ActorRef<Msg>,
    gate: Gate,
    tend_every: Duration,
) {
    let Some(source) = node.wait_started().await else {
        return;
    };
    let settled = tokio::time::sleep_until(Instant::now() + SETTLE_TIME);
    tokio::pin!(settled);
    let (mut tick, mut tend) = (interval(TICK), interval(tend_every));
    let mut is_settled = false;
    loop {
        tokio::select! {
            // Events first: the gate opens only when there is none.
            biased;
            event = source.next_event() => {
                if !deliver(&node, &watcher, event, !gate.is_open()).await {
                    return;
                }
            }
            () = &mut settled, if !is_settled => {
                tracing::info!("the node has told all that happened before; payments are open");
                is_settled = true;
                gate.open();
                tend.reset_immediately();
            }
            _ = tend.tick(), if is_settled => {
                let _ = watcher.send_message(Msg::Tend);
            }
            _ = tick.tick() => {
                let _ = watcher.send_message(Msg::Tick);
            }
        }
    }
}

fn interval(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Waits for the event's effect to be durable and acknowledges it; `false` if the till is stopping.
async fn deliver(
    node: &NodeHandle,
    watcher: &ActorRef<Msg>,
    event: NodeEvent,
    may_be_old: bool,
) -> bool {
    let (reply, answer) = oneshot::channel();
    let message = Msg::Event {
        event,
        may_be_old,
        reply,
    };
    if watcher.send_message(message).is_err() {
        return false;
    }
    if !answer.await.unwrap_or(false) {
        return false;
    }
    match node.run(|node| node.event_handled()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => abort(&format!("an event could not be acknowledged: {error}")),
        Err(_) => false,
    }
}
