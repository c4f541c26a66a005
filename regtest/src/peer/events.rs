//! The one consumer of a node's events.
//!
//! It notes each event in [`Seen`](super::seen::Seen) and acknowledges it. It decides one thing: a
//! payment for a hash that nobody can settle any more goes back to its payer at once.

use std::sync::Arc;

use ldk_node::lightning_types::payment::PaymentHash;
use ldk_node::{Event, Node};
use tokio::sync::oneshot;

use super::handle::Facts;

/// Runs until `stop` is sent or dropped.
pub(super) async fn consume(node: Arc<Node>, facts: Arc<Facts>, mut stop: oneshot::Receiver<()>) {
    loop {
        let event = tokio::select! {
            biased;
            _ = &mut stop => return,
            event = node.next_event_async() => event,
        };
        tracing::debug!(peer = facts.name, ?event, "node event");
        let orphan = orphan(&facts, &event);
        if orphan.is_none() {
            facts.seen.send_modify(|seen| seen.note(event));
        }
        let acting = Arc::clone(&node);
        let done = tokio::task::spawn_blocking(move || {
            if let Some(hash) = orphan {
                acting.bolt11_payment().fail_for_hash(hash)?;
            }
            acting.event_handled()
        });
        match done.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "node event not acknowledged"),
            Err(error) => tracing::error!(%error, "acknowledging a node event panicked"),
        }
    }
}

/// The hash of a payment whose preimage is not known here: a cancelled hold, or one of an earlier
/// run.
fn orphan(facts: &Facts, event: &Event) -> Option<PaymentHash> {
    match event {
        Event::PaymentClaimable { payment_hash, .. } => {
            (!facts.holds().contains_key(payment_hash)).then_some(*payment_hash)
        }
        Event::PaymentSuccessful { .. }
        | Event::PaymentFailed { .. }
        | Event::PaymentReceived { .. }
        | Event::PaymentForwarded { .. }
        | Event::ChannelPending { .. }
        | Event::ChannelReady { .. }
        | Event::ChannelClosed { .. }
        | Event::SplicePending { .. }
        | Event::SpliceFailed { .. } => None,
    }
}
