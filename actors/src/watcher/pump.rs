//! Feeds node events to the watcher and acknowledges them. Owns the gate that keeps outgoing
//! payments back until everything that happened before the last stop is known.

use std::time::Duration;

use ractor::ActorRef;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::actor::Msg;
use crate::abort::abort;
use crate::node::NodeEvent;
use crate::node::handle::NodeHandle;

/// Events of the time before a restart come within this time, or they were acknowledged.
const SETTLE_TIME: Duration = Duration::from_secs(5);
/// How often overdue invoices are looked for.
const TICK: Duration = Duration::from_secs(1);

/// Opens once the node has nothing old to tell.
#[derive(Clone, Debug)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Gate {
    /// A gate that is open from the start: where nothing was ever sent, nothing old can be told.
    pub(crate) fn open() -> Self {
        Self(watch::Sender::new(true))
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the gate to open; `false` if it does not in time.
    pub(crate) async fn passed(&self, timeout: Duration) -> bool {
        let mut open = self.0.subscribe();
        tokio::time::timeout(timeout, open.wait_for(|open| *open))
            .await
            .is_ok_and(|r| r.is_ok())
    }
}

/// Runs until the till stops.
pub(crate) async fn pump(node: NodeHandle, watcher: ActorRef<Msg>, gate: Gate) {
    let Some(source) = node.wait_started().await else {
        return;
    };
    let _ = watcher.send_message(Msg::NodeStarted);
    let settled = tokio::time::sleep_until(Instant::now() + SETTLE_TIME);
    tokio::pin!(settled);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Events first: the gate opens only when there is none.
            biased;
            event = source.next_event() => {
                if !deliver(&node, &watcher, event).await {
                    return;
                }
            }
            () = &mut settled, if !gate.is_open() => {
                tracing::info!("the node has told all that happened before; payments are open");
                gate.0.send_replace(true);
            }
            _ = tick.tick() => {
                let _ = watcher.send_message(Msg::Tick);
            }
        }
    }
}

/// Waits for the event's effect to be durable and acknowledges it; `false` if the till is stopping.
async fn deliver(node: &NodeHandle, watcher: &ActorRef<Msg>, event: NodeEvent) -> bool {
    let (reply, answer) = oneshot::channel();
    if watcher.send_message(Msg::Event { event, reply }).is_err() {
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
