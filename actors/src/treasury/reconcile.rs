//! Puts the ledger to the node when nothing is on its way. Owns when; what a difference means the
//! core decides (`till::ledger::decide`, `reconcile`).

use std::time::{Duration, Instant};

use till::ledger::Command;
use till::payment::Payment;
use till::treasury::{Channel, ChannelState, Figures};

use super::actor::Args;
use crate::ledger::LedgerError;
use crate::views::ViewError;

/// Remembers what was compared.
pub(super) struct Reconcile {
    args: Args,
    /// At least so long apart the same has to be seen twice.
    pause: Duration,
    /// What was seen last, and since when.
    seen: Option<(Figures, u64, Instant)>,
    /// What was compared last: need not be again.
    compared: Option<(Figures, u64)>,
}

impl Reconcile {
    pub(super) fn new(args: Args, pause: Duration) -> Self {
        Self {
            args,
            pause,
            seen: None,
            compared: None,
        }
    }

    /// Compares if everything is at rest, and was so a pause ago with the same figures. An event
    /// that is on its way from the node would be booked, and change the ledger, in between.
    pub(super) async fn run(&mut self) -> Result<(), ViewError> {
        let Some((figures, seq)) = self.at_rest().await? else {
            self.seen = None;
            return Ok(());
        };
        if self.compared == Some((figures, seq)) {
            return Ok(());
        }
        match self.seen {
            Some((seen, at, since)) if (seen, at) == (figures, seq) => {
                if since.elapsed() >= self.pause {
                    self.compare(figures, seq).await;
                }
            }
            Some(_) | None => self.seen = Some((figures, seq, Instant::now())),
        }
        Ok(())
    }

    /// The node's figures and the ledger's last record, if nothing is on its way.
    async fn at_rest(&self) -> Result<Option<(Figures, u64)>, ViewError> {
        let views = &self.args.views;
        let seq = views.progress().seq;
        // While a channel hangs on two outputs, the node tells the smaller of two balances.
        let opening = |channel: &Channel| match channel.state {
            ChannelState::Opening | ChannelState::Pending => true,
            ChannelState::Ready => channel.splicing.is_some(),
            ChannelState::Closed => false,
        };
        let busy = !views.to_be_tended()?.is_empty()
            || views.pending_payments()?.iter().any(Payment::is_lightning)
            || views.all::<Channel>()?.iter().any(opening);
        if busy {
            return Ok(None);
        }
        let figures = self.args.node.run(|node| node.figures()).await;
        let still = views.progress().seq == seq;
        Ok(figures
            .ok()
            .flatten()
            .filter(|_| still)
            .map(|figures| (figures, seq)))
    }

    async fn compare(&mut self, figures: Figures, seq: u64) {
        let reconcile = Command::Reconcile { figures, seq };
        match self.args.ledger.execute_for_node(reconcile).await {
            Ok(done) => {
                tracing::debug!(?figures, ?done, "the ledger was put to the node");
                // Its own record, if it wrote one, does not make it worth another comparison.
                let seq = self.args.views.progress().seq;
                self.compared = Some((figures, seq));
            }
            Err(LedgerError::Refused(_)) => self.seen = None,
            Err(error) => tracing::warn!(%error, "the ledger was not put to the node"),
        }
    }
}
