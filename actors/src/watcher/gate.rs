//! What outgoing payments wait for after a start: everything that happened before it.

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
