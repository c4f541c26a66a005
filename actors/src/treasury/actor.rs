//! One message at a time, to the end: two transactions built at once would spend the same coins.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::id::TxId;
use till::ledger::Command;
use till::time::Timestamp;
use till::treasury::{Channel, ChannelState};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::closing;
use super::handle::TreasuryError;
use super::reconcile::Reconcile;
use super::reopen;
use super::scan::{Scan, Scanned};
use super::splice;
use crate::chain::ChainClient;
use crate::ledger::LedgerHandle;
use crate::node::handle::NodeHandle;
use crate::node::{NodeError, OpenChannelRequest, SpliceRequest};
use crate::service::types::{OpenedChannel, SplicedChannel};
use crate::views::{ViewError, Views};

/// How long a peer may take to agree to a channel and sign its funding.
const FUNDING_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the chain source may take to see a transaction that was broadcast.
const SEEN_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) enum Msg {
    /// Open a channel. Answered once its funding transaction is known.
    Open {
        request: OpenChannelRequest,
        reply: oneshot::Sender<Result<OpenedChannel, TreasuryError>>,
        place: OwnedSemaphorePermit,
    },
    /// Open a channel like one that is closed. Answered as an opening is.
    Reopen {
        user_channel_id: [u8; 16],
        reply: oneshot::Sender<Result<OpenedChannel, TreasuryError>>,
        place: OwnedSemaphorePermit,
    },
    /// Put more money into a channel, or take some out. Answered once the transaction is known.
    Splice {
        request: SpliceRequest,
        reply: oneshot::Sender<Result<SplicedChannel, TreasuryError>>,
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
                request,
                reply,
                place,
            } => {
                let opened = treasury.open(request).await;
                // The caller may be gone; the channel is open all the same.
                let _ = reply.send(opened);
                drop(place);
            }
            Msg::Reopen {
                user_channel_id,
                reply,
                place,
            } => {
                let opened = match reopen::wanted(&treasury.args, &user_channel_id).await {
                    Ok(request) => treasury.open(request).await,
                    Err(error) => Err(error),
                };
                let _ = reply.send(opened);
                drop(place);
            }
            Msg::Splice {
                request,
                reply,
                place,
            } => {
                let spliced = splice::run(&treasury.args, request).await;
                if let Ok(SplicedChannel { tx: Some(tx), .. }) = &spliced {
                    treasury.catch_up(*tx).await;
                }
                let _ = reply.send(spliced);
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
        closing::watch(&self.args).await?;
        match self.scan.run().await? {
            Scanned::AllBooked => self.reconcile.run().await,
            Scanned::SomeWait => Ok(()),
        }
    }

    async fn open(&mut self, request: OpenChannelRequest) -> Result<OpenedChannel, TreasuryError> {
        let wanted = request.clone();
        let opened = self
            .args
            .node
            .run(move |node| node.open_channel(&wanted))
            .await;
        let user_channel_id = opened
            .map_err(TreasuryError::Node)?
            .map_err(TreasuryError::Node)?;
        let asked = Channel {
            user_channel_id,
            channel_id: String::new(),
            counterparty: request.node_id,
            funding_tx: None,
            funding_index: 0,
            got: till::money::Msat::ZERO,
            given: request.push,
            state: ChannelState::Opening,
            opened_at: Timestamp::default(),
            closing: None,
            address: Some(request.address),
            announced: request.announce,
            splicing: None,
            spliced: Vec::new(),
        };
        self.args
            .ledger
            .execute_for_node(Command::RecordChannel(asked))
            .await?;
        let channel = self.funded(user_channel_id).await?;
        if let Some(funding) = channel.funding_tx {
            self.catch_up(funding).await;
            if let Err(error) = self.scan.run().await {
                tracing::error!(%error, "the on-chain wallet could not be booked");
            }
        }
        Ok(OpenedChannel {
            user_channel_id,
            channel_id: Some(channel.channel_id),
            funding_tx_id: channel.funding_tx.map(|tx| tx.to_string()),
        })
    }

    /// Until the wallet knows a transaction of its own, it may spend the same coins once more.
    async fn catch_up(&self, tx: TxId) {
        if self.args.chain.has_seen(tx, SEEN_TIMEOUT).await {
            self.sync().await;
        } else {
            tracing::warn!(%tx, "the chain source has not seen a transaction of ours yet");
        }
    }

    /// Waits for the watcher to record the channel's funding, or its end.
    async fn funded(&self, user_channel_id: [u8; 16]) -> Result<Channel, TreasuryError> {
        let decided = self.args.views.wait_for(FUNDING_TIMEOUT, |views| {
            let channel = views.get::<Channel>(&user_channel_id)?;
            Ok(channel.filter(|channel| channel.state != ChannelState::Opening))
        });
        match decided.await? {
            Some(channel) if channel.funding_tx.is_some() => Ok(channel),
            Some(_) => Err(TreasuryError::Node(NodeError::Peer(
                "the peer refused the channel: too small, too large, or it wants none".into(),
            ))),
            None => Err(TreasuryError::Undecided),
        }
    }

    async fn sync(&self) {
        let synced = self.args.node.run(|node| node.sync()).await;
        if let Err(error) | Ok(Err(error)) = synced {
            tracing::debug!(%error, "the wallets were not synced; trying again later");
        }
    }
}
