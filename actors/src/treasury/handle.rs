//! What the rest of the program sees of the treasury. Owns the bound on waiting requests.

use std::sync::Arc;

use ractor::ActorRef;
use till::id::OpeningId;
use till::ledger::OpeningOrder;
use till::money::Sat;
use till::treasury::CloseJob;
use tokio::sync::{Semaphore, oneshot};

use super::actor::{Keyed, Msg, Wish};
use super::spend::{BumpWish, SpendWish, Spent};
use crate::chain::ChainError;
use crate::ledger::LedgerError;
use crate::node::{NodeError, OpenChannelRequest, SpliceRequest};
use crate::service::types::{ChannelOpening, CloseWish, SplicedChannel};
use crate::views::ViewError;

/// Requests that may wait while one is under way.
const PLACES: usize = 8;

/// Why the treasury did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TreasuryError {
    /// Too many requests wait.
    #[error("too many on-chain requests are waiting")]
    Busy,
    /// The node or the peer refused.
    #[error(transparent)]
    Node(NodeError),
    /// The peer has not decided in time; the channel may yet come.
    #[error("the peer has not decided in time")]
    Undecided,
    /// There is no such channel.
    #[error("unknown channel")]
    UnknownChannel,
    /// No transaction of ours waits to be mined, or not the one that was named.
    #[error("no transaction of ours waits to be mined")]
    NothingToBump,
    /// The on-chain wallet does not have so much to spare.
    #[error("not enough on-chain funds")]
    TooPoor {
        /// Amount and fee, as far as they are known.
        needed: Sat,
        /// What may be spent.
        spendable: Sat,
        /// What is kept to be able to close channels.
        reserve: Sat,
        /// What closings or splices would free.
        in_channels: Sat,
    },
    /// The chain source gave no answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The ledger refused, or did not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The views cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The till is shutting down.
    #[error("the till is shutting down")]
    Stopped,
}

/// Asks for on-chain work. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TreasuryHandle {
    actor: ActorRef<Msg>,
    places: Arc<Semaphore>,
}

impl TreasuryHandle {
    pub(crate) fn new(actor: ActorRef<Msg>) -> Self {
        Self {
            actor,
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// Opens a channel, unless the order is a repeat, and returns once its funding transaction is
    /// known or the peer has had its time.
    ///
    /// # Errors
    /// [`TreasuryError`]; there will be no channel then, but where the ledger did not answer.
    pub async fn open_channel(
        &self,
        order: Box<OpeningOrder>,
        request: OpenChannelRequest,
    ) -> Result<ChannelOpening, TreasuryError> {
        self.ask(|reply| Wish::Open(order, request, reply)).await
    }

    /// Pays on the chain and returns once the chain source has the transaction, or did not take it in
    /// time.
    ///
    /// # Errors
    /// [`TreasuryError`]; only a ledger's `Unknown` leaves open whether it was begun.
    pub(crate) async fn pay(&self, wish: SpendWish) -> Result<Spent, TreasuryError> {
        self.ask(|reply| Wish::Pay(wish, reply)).await
    }

    /// Gives a transaction that waits a higher fee.
    ///
    /// # Errors
    /// [`TreasuryError`], as for [`pay`](Self::pay).
    pub(crate) async fn bump(&self, wish: BumpWish) -> Result<Spent, TreasuryError> {
        self.ask(|reply| Wish::Bump(wish, reply)).await
    }

    /// Closes a channel and returns once the chain shows that, or did not in time.
    ///
    /// # Errors
    /// [`TreasuryError`] if nothing was begun.
    pub(crate) async fn close_channel(&self, wish: CloseWish) -> Result<CloseJob, TreasuryError> {
        self.ask(|reply| Wish::Close(wish, reply)).await
    }

    async fn ask<T>(
        &self,
        wish: impl FnOnce(oneshot::Sender<Result<T, TreasuryError>>) -> Wish,
    ) -> Result<T, TreasuryError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| TreasuryError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let wish = Box::new(wish(reply));
        self.actor
            .send_message(Msg::Wish(wish, place))
            .map_err(|_| TreasuryError::Stopped)?;
        answer.await.map_err(|_| TreasuryError::Stopped)?
    }

    /// Opens a channel like one that is closed: with the same peer, and of the same size.
    ///
    /// # Errors
    /// As [`open_channel`](Self::open_channel).
    pub async fn reopen_channel(
        &self,
        id: OpeningId,
        closed: [u8; 16],
    ) -> Result<ChannelOpening, TreasuryError> {
        self.ask(|reply| Wish::Reopen(id, closed, reply)).await
    }

    /// Splices a channel and returns once the transaction is known.
    ///
    /// # Errors
    /// As [`open_channel`](Self::open_channel).
    pub(crate) async fn splice(
        &self,
        request: SpliceRequest,
        keyed: Keyed,
    ) -> Result<SplicedChannel, TreasuryError> {
        self.ask(|reply| Wish::Splice(request, keyed, reply)).await
    }

    pub(crate) fn stop(&self) {
        self.places.close();
        self.actor.stop(None);
    }
}
