//! What outgoing payments wait for: everything that happened before the last stop, and the
//! acknowledgement of the event in hand.

use std::time::Duration;

use tokio::sync::watch;

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
    pub(crate) fn opened() -> Self {
        Self(watch::Sender::new(true))
    }

    pub(super) fn open(&self) {
        self.0.send_replace(true);
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

/// Whether a node event is between its effect and its acknowledgement. If the process died there,
/// it would come again: a failure that is told twice must not meet a new attempt.
#[derive(Clone, Debug)]
pub(crate) struct InHand(watch::Sender<bool>);

impl Default for InHand {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl InHand {
    pub(super) fn take(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn give_back(&self) {
        self.0.send_replace(false);
    }

    /// Waits until there is none. Events never stop coming, but each is soon acknowledged.
    pub(crate) async fn none(&self) {
        let mut in_hand = self.0.subscribe();
        // A sender is alive in `self`, so there is no error to report.
        let _ = in_hand.wait_for(|in_hand| !in_hand).await;
    }
}
