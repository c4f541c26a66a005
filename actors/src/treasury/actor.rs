//! One message at a time, to the end: two transactions built at once would spend the same coins.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::id::{OpeningId, RequestHash, TxId};
use till::ledger::{Command, IdempotencyKey, OpeningOrder, Reference};
use till::treasury::{Channel, ChannelState, CloseJob};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinSet;

use super::close::{Closings, until_shown};
use super::closing;
use super::handle::TreasuryError;
use super::lost::{Lost, refuse_while_held};
use super::opening::{self, Asked};
use super::reconcile::Reconcile;
use super::reopen;
use super::scan::{Scan, Scanned};
use super::spend::{BumpWish, SpendWish, Spends, Spent};
use super::{splice, watch};
use crate::chain::ChainClient;
use crate::ledger::LedgerHandle;
use crate::node::handle::NodeHandle;
use crate::node::{OpenChannelRequest, SpliceRequest};
use crate::service::types::{ChannelOpening, CloseWish, SplicedChannel};
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

/// A caller's key, and the digest of what was asked for.
pub(super) type Keyed = Option<(IdempotencyKey, RequestHash)>;

type Reply<T> = oneshot::Sender<Result<T, TreasuryError>>;

/// What somebody wants done. They may be gone when it is; it is done all the same.
pub(crate) enum Wish {
    /// Open a channel. Answered once its funding transaction is known.
    Open(Box<OpeningOrder>, OpenChannelRequest, Reply<ChannelOpening>),
    /// Open a channel like one that is closed. Answered as an opening is.
    Reopen(OpeningId, [u8; 16], Reply<ChannelOpening>),
    /// Put more money into a channel, or take some out. Answered once the transaction is known.
    Splice(SpliceRequest, Keyed, Reply<SplicedChannel>),
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
    /// Whether the journal came from a backup: the channels of its node were lost.
    pub(crate) was_restored: bool,
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
            lost: Lost::new(),
            waits: JoinSet::new(),
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
    lost: Lost,
    /// Callers who wait for the chain to show a closing. They end with this actor.
    waits: JoinSet<()>,
}

impl Treasury {
    /// What closed channels comes first: what a closing costs is allowed for before it is missed.
    async fn look_around(&mut self) -> Result<(), ViewError> {
        self.lost.run(&self.args).await?;
        opening::find_unnamed(&self.args).await?;
        closing::watch(&self.args).await?;
        let watched = watch::run(&self.args).await?;
        let scanned = self.scan.run().await?;
        self.closings.advance(scanned == Scanned::AllBooked).await?;
        match scanned {
            Scanned::AllBooked if watched.is_at_rest() => self.reconcile.run().await,
            Scanned::AllBooked | Scanned::SomeWait => Ok(()),
        }
    }

    async fn carry_out(&mut self, wish: Wish) {
        // The caller may be gone; what is done is done all the same.
        match wish {
            Wish::Open(order, request, reply) => drop(reply.send(self.open(order, request).await)),
            Wish::Reopen(id, closed, reply) => drop(reply.send(self.reopen(id, closed).await)),
            Wish::Splice(request, key, reply) => {
                drop(reply.send(self.splice(request, key).await));
            }
            Wish::Pay(wish, reply) => drop(reply.send(self.spends.pay(wish).await)),
            Wish::Bump(wish, reply) => drop(reply.send(self.spends.bump(wish).await)),
            Wish::Close(wish, reply) => self.close(wish, reply).await,
        }
    }

    /// The closing is under way when it is waited for: others need not wait too.
    async fn close(&mut self, wish: CloseWish, reply: Reply<CloseJob>) {
        let job = match self.closings.close(wish).await {
            Ok(job) => job,
            Err(error) => return drop(reply.send(Err(error))),
        };
        while self.waits.try_join_next().is_some() {}
        let args = self.args.clone();
        self.waits
            .spawn(async move { drop(reply.send(until_shown(args, job).await)) });
    }

    async fn splice(
        &mut self,
        request: SpliceRequest,
        keyed: Keyed,
    ) -> Result<SplicedChannel, TreasuryError> {
        if let Some(known) = splice::repeated(&self.args.views, &request, keyed.as_ref())? {
            return Ok(known);
        }
        refuse_while_held(&self.args)?;
        self.spends.all_known().await?;
        let spliced = splice::run(&self.args, request).await?;
        if let (Some(tx), Some(_)) = (spliced.tx, &keyed) {
            let reference = Reference::Splice(tx);
            let keep = Command::KeepKey { keyed, reference };
            self.args.ledger.execute_for_node(keep).await?;
        }
        if let Some(tx) = spliced.tx {
            self.catch_up(tx).await;
        }
        Ok(spliced)
    }

    async fn reopen(
        &mut self,
        id: OpeningId,
        closed: [u8; 16],
    ) -> Result<ChannelOpening, TreasuryError> {
        let request = reopen::wanted(&self.args, &closed).await?;
        let order = Box::new(opening::order(id, &request, None));
        self.open(order, request).await
    }

    async fn open(
        &mut self,
        order: Box<OpeningOrder>,
        request: OpenChannelRequest,
    ) -> Result<ChannelOpening, TreasuryError> {
        if let Some(standing) = opening::repeated(&self.args, &order).await? {
            return Ok(standing);
        }
        refuse_while_held(&self.args)?;
        self.spends.all_known().await?;
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
            self.catch_up(funding).await;
        }
        opening::channel_standing(user_channel_id, channel)
    }

    /// Until the wallet knows a transaction of its own, it may spend the same coins once more.
    async fn catch_up(&mut self, tx: TxId) {
        if self.args.chain.has_seen(tx, SEEN_TIMEOUT).await {
            self.spends.sync().await;
        } else {
            tracing::warn!(%tx, "the chain source has not seen a transaction of ours yet");
        }
        if let Err(error) = self.scan.run().await {
            tracing::error!(%error, "the on-chain wallet could not be booked");
        }
    }
}
