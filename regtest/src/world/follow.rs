//! Peers that keep up with the chain by themselves.
//!
//! A channel just in time is funded from inside a peer, and its wallet would spend the same coins
//! again if it had not seen that by the next time.

use std::time::Duration;

use tokio::task::AbortHandle;

use crate::chain::Chain;
use crate::peer::Peer;

/// Changes come in bunches: one sync for all of them.
const GATHER: Duration = Duration::from_millis(50);

/// A task that ends with this.
#[derive(Debug)]
pub(super) struct Follower(AbortHandle);

impl Follower {
    pub(super) fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end();
    }
}

/// Syncs `peer` after each change of chain or mempool, and `also` as often as that where what it asks may be late.
/// A peer that is stopped, or
/// whose chain source is, catches up later.
pub(super) fn follow(chain: &Chain, peer: &Peer, also: Option<Duration>) -> Follower {
    let mut blocks = chain.subscribe();
    let mut mempool = chain.subscribe_mempool();
    // Whoever drops a world waits for its peers to end, and this task must not be the last to know.
    let peer = peer.downgrade();
    let task = tokio::spawn(async move {
        loop {
            let open = tokio::select! {
                changed = blocks.changed() => changed.is_ok(),
                changed = mempool.changed() => changed.is_ok(),
                () = passes(also) => true,
            };
            if !open {
                return;
            }
            tokio::time::sleep(GATHER).await;
            blocks.mark_unchanged();
            mempool.mark_unchanged();
            let Some(peer) = peer.upgrade() else {
                return;
            };
            if peer.is_running()
                && let Err(error) = peer.sync().await
            {
                tracing::debug!(peer = peer.name(), %error, "not in sync");
            }
        }
    });
    Follower(task.abort_handle())
}

/// Ends after the time, if there is one.
async fn passes(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
