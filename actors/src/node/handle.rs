//! The way to the node: every call on a blocking thread, a bounded number at once. Owns the bound
//! and the node's place, which is empty until it has started.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::{LightningNode, NodeError};

/// How many node calls may be under way at once.
const CALLS: usize = 64;
/// All of them, as the semaphore counts.
const ALL_CALLS: u32 = 64;
/// How many more may wait for their turn before callers are told to come back.
const WAITING: usize = 256;

/// What the rest of the program sees of the node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NodeHandle {
    node: watch::Sender<Option<Arc<dyn LightningNode>>>,
    /// Why it has not started yet.
    trouble: watch::Sender<Option<String>>,
    calls: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for NodeHandle {
    fn default() -> Self {
        Self {
            node: watch::Sender::new(None),
            trouble: watch::Sender::new(None),
            calls: Arc::new(Semaphore::new(CALLS)),
            waiting: Arc::new(Semaphore::new(CALLS + WAITING)),
        }
    }
}

impl NodeHandle {
    /// Puts the started node in its place.
    pub fn connect(&self, node: Arc<dyn LightningNode>) {
        self.node.send_replace(Some(node));
    }

    /// Notes why the node does not start; it is tried again.
    pub(crate) fn does_not_start(&self, why: String) {
        self.trouble.send_replace(Some(why));
    }

    /// Why the node has not started, if that was tried.
    #[must_use]
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// Takes the node away: calls from now on are refused, those under way are waited for. One
    /// that outlived the node's stop would find its runtime gone.
    pub(crate) async fn disconnect(&self, patience: Duration) {
        self.node.send_replace(None);
        let every_turn = self.calls.acquire_many(ALL_CALLS);
        if tokio::time::timeout(patience, every_turn).await.is_err() {
            tracing::warn!("some calls to the node are still under way");
        }
        self.calls.close();
    }

    /// The node, once it has started.
    #[must_use]
    pub fn started(&self) -> Option<Arc<dyn LightningNode>> {
        self.node.borrow().clone()
    }

    /// Waits for the node to start; `None` if the program ends first.
    pub(crate) async fn wait_started(&self) -> Option<Arc<dyn LightningNode>> {
        let mut node = self.node.subscribe();
        let started = node.wait_for(Option::is_some).await.ok()?;
        started.clone()
    }

    /// Runs a node call off the async threads, for somebody who can be told to come back.
    ///
    /// # Errors
    /// [`NodeError::Busy`] if too many wait, [`NodeError::Unavailable`] before the node has
    /// started, or whatever `call` returns.
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn LightningNode) -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        let place = self.waiting.try_acquire().map_err(|_| NodeError::Busy)?;
        let answer = self.run(call).await;
        drop(place);
        answer?
    }

    /// Runs a node call that money depends on: waits for its turn however long it takes.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] if the call was never made.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn LightningNode) -> T + Send + 'static,
    ) -> Result<T, NodeError> {
        let node = self.started().ok_or_else(not_started)?;
        let turn = Arc::clone(&self.calls)
            .acquire_owned()
            .await
            .map_err(|_| not_started())?;
        let task = tokio::task::spawn_blocking(move || {
            let answer = call(node.as_ref());
            drop(turn);
            answer
        });
        // A panic in a node call ends the process (see `abort`); only a shutdown cancels it.
        task.await.map_err(|_| not_started())
    }
}

fn not_started() -> NodeError {
    NodeError::Unavailable("the node has not started or is stopping".into())
}
