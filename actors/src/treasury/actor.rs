//! One message at a time, to the end: two transactions built at once would spend the same coins.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::id::TxId;
use till::ledger::OpeningOrder;
use till::treasury::{Channel, ChannelState};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::closing;
use super::handle::TreasuryError;
use super::opening::{self, Asked};
use super::reconcile::Reconcile;
use super::scan::{Scan, Scanned};
use crate::chain::ChainClient;
use crate::ledger::LedgerHandle;
use crate::node::OpenChannelRequest;
use crate::node::handle::NodeHandle;
use crate::service::types::ChannelOpening;
use crate::views::{ViewError, Views};

/// How long a peer may take to agree to a channel and sign its funding.
const FUNDING_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the chain source may take to see a transaction that was broadcast.
const SEEN_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) enum Msg {
    /// Open a channel. Answered once its funding transaction is known.
    Open {
        order: Box<OpeningOrder>,
        request: OpenChannelRequest,
        reply: oneshot::Sender<Result<ChannelOpening, TreasuryError>>,
        place: OwnedSemaphorePermit,
    },
    /// Book what the on-chain wallet did.
    Scan,
    /// Bring both wallets up to the tip first, then book.
    SyncAndScan,
}

/// What the actor starts from.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) ledger: LedgerHandle,
    pub(crate) node: NodeHandle,
    pub(crate) views: Views,
    pub(crate) chain: ChainClient,
    /// Confirmations after which a deposit counts.
    pub(crate) credit_depth: u32,
    /// How often the wallet is looked at.
    pub(crate) scan_every: Duration,
    /// The time between two looks that have to agree.
    pub(crate) recheck: Duration,
    /// Whether the treasury syncs the node too, because the node's own timers are too slow (they
    /// do not go below ten seconds).
    pub(crate) sync_too: bool,
}

/// The actor.
pub(crate) struct TreasuryActor;

impl Actor for TreasuryActor {
    type Msg = Msg;
    type State = Treasury;
    type Arguments = Args;

    async fn pre_start(
        &self,
        myself: ActorRef<Msg>,
        args: Args,
    ) -> Result<Treasury, ActorProcessingErr> {
        tokio::spawn(tick(myself, args.scan_every, args.sync_too));
        let scan = Scan::new(args.clone());
        let reconcile = Reconcile::new(args.clone(), args.recheck);
        Ok(Treasury {
            args,
            scan,
            reconcile,
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Msg>,
        message: Msg,
        treasury: &mut Treasury,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Open {
                order,
                request,
                reply,
                place,
            } => {
                let opened = treasury.open(order, request).await;
                // The caller may be gone; the channel is open all the same.
                let _ = reply.send(opened);
                drop(place);
            }
            Msg::Scan => treasury.look_around().await?,
            Msg::SyncAndScan => {
                treasury.sync().await;
                treasury.look_around().await?;
            }
        }
        Ok(())
    }
}

/// Asks for a scan now and then, and never piles requests up: the next is sent a pause after the
/// last was taken from the mailbox only if the actor keeps up, since messages are handled in turn.
async fn tick(treasury: ActorRef<Msg>, every: Duration, sync_too: bool) {
    loop {
        tokio::time::sleep(every).await;
        let message = if sync_too {
            Msg::SyncAndScan
        } else {
            Msg::Scan
        };
        if treasury.send_message(message).is_err() {
            return;
        }
    }
}

/// The actor's state.
pub(crate) struct Treasury {
    args: Args,
    scan: Scan,
    reconcile: Reconcile,
}

impl Treasury {
    /// What closed channels comes first: what a closing costs is allowed for before it is missed.
    async fn look_around(&mut self) -> Result<(), ViewError> {
        opening::find_unnamed(&self.args).await?;
        closing::watch(&self.args).await?;
        match self.scan.run().await? {
            Scanned::AllBooked => self.reconcile.run().await,
            Scanned::SomeWait => Ok(()),
        }
    }

    async fn open(
        &mut self,
        order: Box<OpeningOrder>,
        request: OpenChannelRequest,
    ) -> Result<ChannelOpening, TreasuryError> {
        let user_channel_id = match opening::ask(&self.args, order, request).await? {
            Asked::Now(user_channel_id) => user_channel_id,
            Asked::Before(standing) => return Ok(standing),
        };
        // The watcher records the channel's funding, or its end.
        let decided = self.args.views.wait_for(FUNDING_TIMEOUT, |views| {
            let channel = views.get::<Channel>(&user_channel_id)?;
            Ok(channel.filter(|channel| channel.state != ChannelState::Opening))
        });
        let channel = decided.await?;
        if let Some(funding) = channel.as_ref().and_then(|channel| channel.funding_tx) {
            self.book_funding(funding).await;
        }
        opening::channel_standing(user_channel_id, channel)
    }

    /// Coins that a funding transaction spends must not be spent again.
    async fn book_funding(&mut self, funding: TxId) {
        if self.args.chain.has_seen(funding, SEEN_TIMEOUT).await {
            self.sync().await;
        } else {
            tracing::warn!(%funding, "the chain source has not seen a funding transaction yet");
        }
        if let Err(error) = self.scan.run().await {
            tracing::error!(%error, "the on-chain wallet could not be booked");
        }
    }

    async fn sync(&self) {
        let synced = self.args.node.run(|node| node.sync()).await;
        if let Err(error) | Ok(Err(error)) = synced {
            tracing::debug!(%error, "the wallets were not synced; trying again later");
        }
    }
}
