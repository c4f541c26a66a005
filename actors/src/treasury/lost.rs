//! Channels of a node that was lost with its machine. Owns what a restored till does about them: the
//! ledger calls them closed, and their peers are connected to, because a peer closes a channel of
//! which we know nothing any more as soon as it hears so from us.

use std::time::{Duration, Instant};

use till::ledger::{Command, Refusal};
use till::treasury::{Channel, ChannelState};

use super::actor::Args;
use super::handle::TreasuryError;
use crate::ledger::LedgerError;
use crate::restored::holds_payments;
use crate::views::ViewError;

/// The pause before peers that did not answer are tried again.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// What is left to do of it.
#[derive(Debug)]
pub(super) struct Lost {
    /// Channels that the ledger has and the node lacks are still to be looked for.
    is_unseen: bool,
    /// When peers were last tried.
    tried: Option<Instant>,
}

impl Lost {
    pub(super) const fn new() -> Self {
        Self {
            is_unseen: true,
            tried: None,
        }
    }

    /// Does what is to be done now. Nothing, unless the till's node was ever lost.
    pub(super) async fn run(&mut self, args: &Args) -> Result<(), ViewError> {
        if !args.was_restored {
            return Ok(());
        }
        if self.is_unseen {
            self.is_unseen = !note(args).await?;
        }
        if self.tried.is_none_or(|tried| tried.elapsed() >= TRY_AGAIN) {
            self.tried = Some(Instant::now());
            connect(args).await?;
        }
        Ok(())
    }
}

/// Refuses what would take money from the node while payments are held back: before anything is asked or
/// built, though the ledger refuses most of it, too.
pub(super) fn refuse_while_held(args: &Args) -> Result<(), TreasuryError> {
    if holds_payments(&args.views)? {
        return Err(LedgerError::Refused(Refusal::PaymentsHeld).into());
    }
    Ok(())
}

/// Records the channels as closed; `false` if the node does not run yet. At a start only: later the
/// node's own events tell what becomes of channels.
async fn note(args: &Args) -> Result<bool, ViewError> {
    let Ok(there) = args.node.run(|node| node.channels()).await else {
        return Ok(false);
    };
    for row in args.views.all::<Channel>()? {
        let is_there = there
            .iter()
            .any(|channel| channel.user_channel_id == row.user_channel_id);
        if is_there || row.state == ChannelState::Closed {
            continue;
        }
        tracing::warn!(
            channel_id = row.channel_id,
            peer = row.counterparty,
            "a channel was lost with its node; its peer is to close it"
        );
        let closed = Channel {
            state: ChannelState::Closed,
            ..row
        };
        let record = Command::RecordChannel(closed);
        if let Err(error) = args.ledger.execute_for_node(record).await {
            tracing::warn!(%error, "it was not recorded");
            return Ok(false);
        }
    }
    Ok(true)
}

/// Connects to the peers whose channels the chain does not show closed.
async fn connect(args: &Args) -> Result<(), ViewError> {
    for row in args.views.all::<Channel>()? {
        if row.state != ChannelState::Closed || row.closing.is_some() || row.funding_tx.is_none() {
            continue;
        }
        let (peer, address) = (row.counterparty.clone(), row.address);
        let connected = args
            .node
            .run(move |node| node.connect(&peer, address.as_deref()));
        match connected.await {
            Ok(Ok(())) => tracing::info!(
                peer = row.counterparty,
                "connected to a lost channel's peer"
            ),
            Ok(Err(error)) | Err(error) => {
                tracing::warn!(peer = row.counterparty, %error, "a lost channel's peer is not reached");
            }
        }
    }
    Ok(())
}
