//! Reads the event log as it grows, for all who listen, and hands out subscriptions. Part of the periphery: when it
//! fails it is restarted, subscribers reconnect and resume.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::{oneshot, watch};

use super::Topic;
use super::board::Board;
use super::places::{Listener, Place, Places};
use super::subscription::Subscription;
use crate::abort::periphery;
use crate::views::Views;

/// Events read from the log at once.
const PAGE: usize = 256;

/// How many subscribers there may be, and how patient we are with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubLimits {
    /// Subscribers at once.
    pub max_subscribers: usize,
    /// Events by which a subscriber that was up to date may fall behind before it is cut off.
    pub max_lag: u64,
}

/// What the actor starts from.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    /// Where events are read.
    pub(crate) views: Views,
    /// The bounds.
    pub(crate) limits: HubLimits,
}

pub(crate) enum Msg {
    /// The log has grown to this event.
    Announce(u64),
    /// Somebody wants to listen.
    Subscribe {
        topic: Topic,
        since: Option<u64>,
        place: Place,
        reply: oneshot::Sender<Subscription>,
    },
}

/// The actor.
pub(crate) struct HubActor;

/// The actor's state.
pub(crate) struct Hub {
    views: Views,
    board: Arc<Board>,
}

impl Actor for HubActor {
    type Msg = Msg;
    type State = Hub;
    type Arguments = Args;

    async fn pre_start(
        &self,
        _myself: ActorRef<Msg>,
        args: Args,
    ) -> Result<Hub, ActorProcessingErr> {
        let head = args.views.progress().event_id;
        Ok(Hub {
            views: args.views,
            board: Arc::new(Board::new(head, args.limits.max_lag)),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Msg>,
        message: Msg,
        hub: &mut Hub,
    ) -> Result<(), ActorProcessingErr> {
        periphery(async { hub.take(message) }).await
    }
}

impl Hub {
    /// Fails where the log cannot be read: all subscriptions end with the hub, and resume.
    fn take(&mut self, message: Msg) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Announce(id) => self.hand_out_through(id)?,
            Msg::Subscribe {
                topic,
                since,
                place,
                reply,
            } => {
                let views = self.views.clone();
                let subscription = Subscription::new(views, topic, since, &self.board, place);
                // The subscriber may be gone already.
                let _ = reply.send(subscription);
            }
        }
        Ok(())
    }

    fn hand_out_through(&self, id: u64) -> Result<(), ActorProcessingErr> {
        while self.board.through() < id {
            let events = self.views.events_after(self.board.through(), PAGE)?;
            if events.is_empty() {
                return Ok(());
            }
            for event in events {
                self.board.hand_out(event);
            }
        }
        Ok(())
    }
}

/// Why there is no subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// There are too many subscribers, or too many on this account.
    #[error("too many subscribers")]
    Busy,
    /// The hub is being restarted, or the till is shutting down.
    #[error("events are not available just now")]
    Unavailable,
}

/// What the rest of the program sees of the hub. Survives the actor's restarts.
#[derive(Clone, Debug)]
pub struct HubHandle {
    actor: watch::Sender<Option<ActorRef<Msg>>>,
    places: Places,
}

impl HubHandle {
    /// A handle without an actor yet.
    #[must_use]
    pub fn new(limits: HubLimits) -> Self {
        Self {
            actor: watch::Sender::new(None),
            places: Places::new(limits.max_subscribers),
        }
    }

    /// How many subscribers there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.places.taken()
    }

    pub(crate) fn connect(&self, actor: ActorRef<Msg>) {
        self.actor.send_replace(Some(actor));
    }

    /// Tells that the event log has grown to `id`. Never waits, never fails.
    pub fn announce(&self, id: u64) {
        if let Some(actor) = self.actor.borrow().as_ref() {
            // A hub that is being restarted reads the head from the log.
            let _ = actor.send_message(Msg::Announce(id));
        }
    }

    /// Events of `topic` after `since`, replayed and then live, without a gap; `None` starts with
    /// the next one.
    ///
    /// # Errors
    /// [`SubscribeError`]; try again later.
    pub async fn subscribe(
        &self,
        topic: Topic,
        since: Option<u64>,
        listener: Listener,
    ) -> Result<Subscription, SubscribeError> {
        let place = self.places.take(listener).ok_or(SubscribeError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let actor = self
            .actor
            .borrow()
            .clone()
            .ok_or(SubscribeError::Unavailable)?;
        actor
            .send_message(Msg::Subscribe {
                topic,
                since,
                place,
                reply,
            })
            .map_err(|_| SubscribeError::Unavailable)?;
        answer.await.map_err(|_| SubscribeError::Unavailable)
    }

    /// Returns once there is no subscriber.
    pub(crate) async fn emptied(&self) {
        self.places.emptied().await;
    }

    pub(crate) fn stop(&self) {
        if let Some(actor) = self.actor.send_replace(None) {
            actor.stop(None);
        }
    }
}
