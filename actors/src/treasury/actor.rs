//! One message at a time, to the end: two transactions built at once would spend the same coins.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::ledger::Command;
use till::time::Timestamp;
use till::treasury::{Channel, ChannelState, CloseJob};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::close::Closings;
use super::closing;
use super::handle::TreasuryError;
use super::reconcile::Reconcile;
use super::reopen;
use super::scan::{Scan, Scanned};
use super::spend::{BumpWish, SpendWish, Spends, Spent, Watched};
use crate::chain::ChainClient;
use crate::ledger::LedgerHandle;
use crate::node::handle::NodeHandle;
use crate::node::{NodeError, OpenChannelRequest};
use crate::service::types::{CloseWish, OpenedChannel};
use crate::views::{ViewError, Views};

/// How long a peer may take to agree to a channel and sign its funding.
const FUNDING_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the chain source may take to see a transaction that was broadcast.
const SEEN_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) enum Msg {
    /// Somebody waits for an answer, and holds a place until it is there.
    Wish(Box<Wish>, OwnedSemaphorePermit),
    /// Book what the on-chain wallet did.
    Scan,
    /// Bring both wallets up to the tip first, then book.
    SyncAndScan,
}

type Reply<T> = oneshot::Sender<Result<T, TreasuryError>>;

/// What somebody wants done. They may be gone when it is; it is done all the same.
pub(crate) enum Wish {
    /// Open a channel. Answered once its funding transaction is known.
    Open(OpenChannelRequest, Reply<OpenedChannel>),
    /// Open a channel like one that is closed. Answered as an opening is.
    Reopen([u8; 16], Reply<OpenedChannel>),
    /// Pay on the chain. Answered once the chain source has the transaction.
    Pay(SpendWish, Reply<Spent>),
    /// Give a transaction a higher fee, likewise.
    Bump(BumpWish, Reply<Spent>),
    /// Close a channel. Answered once the chain shows it.
    Close(CloseWish, Reply<CloseJob>),
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
        let spends = Spends::new(args.clone());
        let closings = Closings::new(args.clone(), spends.clone());
        Ok(Treasury {
            args,
            spends,
            closings,
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
            Msg::Wish(wish, place) => {
                treasury.carry_out(*wish).await;
                drop(place);
            }
            Msg::Scan => treasury.look_around().await?,
            Msg::SyncAndScan => {
                treasury.spends.sync().await;
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
    spends: Spends,
    closings: Closings,
    scan: Scan,
    reconcile: Reconcile,
}

impl Treasury {
    /// What closed channels comes first: what a closing costs is allowed for before it is missed.
    async fn look_around(&mut self) -> Result<(), ViewError> {
        closing::watch(&self.args).await?;
        let watched = self.spends.watch().await?;
        let scanned = self.scan.run().await?;
        self.closings.advance(scanned == Scanned::AllBooked).await?;
        match (scanned, watched) {
            (Scanned::AllBooked, Watched::AllSeen) => self.reconcile.run().await,
            (Scanned::SomeWait, _) | (_, Watched::SomeUnseen) => Ok(()),
        }
    }

    async fn carry_out(&mut self, wish: Wish) {
        // The caller may be gone; what is done is done all the same.
        match wish {
            Wish::Open(request, reply) => drop(reply.send(self.open(request).await)),
            Wish::Reopen(id, reply) => drop(reply.send(self.reopen(id).await)),
            Wish::Pay(wish, reply) => drop(reply.send(self.spends.pay(wish).await)),
            Wish::Bump(wish, reply) => drop(reply.send(self.spends.bump(wish).await)),
            Wish::Close(wish, reply) => drop(reply.send(self.closings.close(wish).await)),
        }
    }

    async fn reopen(&mut self, id: [u8; 16]) -> Result<OpenedChannel, TreasuryError> {
        let request = reopen::wanted(&self.args, &id).await?;
        self.open(request).await
    }

    async fn open(&mut self, request: OpenChannelRequest) -> Result<OpenedChannel, TreasuryError> {
        self.spends.all_seen().await?;
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
        };
        self.args
            .ledger
            .execute_for_node(Command::RecordChannel(asked))
            .await?;
        let channel = self.funded(user_channel_id).await?;
        if let Some(funding) = channel.funding_tx {
            if self.args.chain.has_seen(funding, SEEN_TIMEOUT).await {
                self.spends.sync().await;
            } else {
                tracing::warn!(%funding, "the chain source has not seen a funding transaction yet");
            }
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
}
