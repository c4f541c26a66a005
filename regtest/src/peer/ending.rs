//! How a node ends: stopped, and left alone by everybody, before its folder may go.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ldk_node::{Node, NodeError};

/// How long calls that are under way may take to come back. Whoever asked may have given up; the
/// call goes on, and panics where the folder has gone.
const CALLS_LIMIT: Duration = Duration::from_secs(5);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Why a node did not end well.
#[derive(Debug)]
pub(super) enum BadEnd {
    Refused(NodeError),
    Panicked,
}

/// Stops a node, waits for the calls that are under way, and drops it. Blocks.
pub(super) fn end(node: Arc<Node>) -> Result<(), BadEnd> {
    let Ok(stopped) = catch_unwind(AssertUnwindSafe(|| node.stop())) else {
        // The runtime went first. The node's own drop would panic again, and that aborts.
        std::mem::forget(node);
        return Err(BadEnd::Panicked);
    };
    let deadline = Instant::now() + CALLS_LIMIT;
    while Arc::strong_count(&node) > 1 && Instant::now() < deadline {
        std::thread::sleep(LOOK_EVERY);
    }
    match stopped {
        Ok(()) | Err(NodeError::NotRunning) => Ok(()),
        Err(source) => Err(BadEnd::Refused(source)),
    }
}
