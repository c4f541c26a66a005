//! The root of the actors' tree. Owns what happens when one of them fails: hub and deliverer are
//! restarted, with a pause and a limit; the failure of any other ends the process in good order.

use std::time::Duration;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::hub::{Args as HubArgs, HubActor, HubHandle, HubLimits};
use crate::views::Views;
use crate::webhooks::{Args as DelivererArgs, DelivererActor};

/// Restarts of one of them before the till gives up.
const MAX_RESTARTS: u32 = 10;
/// The pause before one is restarted, times the number of restarts so far.
const RESTART_PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Root;

/// What the root is told.
pub(super) enum Msg {
    /// Start the deliverer, and start it again when it fails.
    Deliver(Box<DelivererArgs>),
}

/// A part that may fail by itself.
struct Part {
    name: &'static str,
    kind: Kind,
    actor: ActorCell,
    restarts: u32,
}

/// Which part, and what it is started from.
#[derive(Clone)]
enum Kind {
    Hub(HubHandle, HubArgs),
    Deliverer(Box<DelivererArgs>),
}

pub(super) struct Tree {
    parts: Vec<Part>,
    failed: watch::Sender<Option<String>>,
}

/// What the till keeps of the root.
#[derive(Debug)]
pub(super) struct RootHandle {
    actor: ActorRef<Msg>,
    task: JoinHandle<()>,
    failed: watch::Receiver<Option<String>>,
}

impl Root {
    pub(super) async fn spawn(
        hub: HubHandle,
        views: Views,
        limits: HubLimits,
    ) -> Result<RootHandle, SpawnErr> {
        let (failed, receiver) = watch::channel(None);
        let args = (hub, HubArgs { views, limits }, failed);
        let (actor, task) = Actor::spawn(None, Self, args).await?;
        Ok(RootHandle {
            actor,
            task,
            failed: receiver,
        })
    }
}

impl RootHandle {
    pub(super) fn cell(&self) -> ActorCell {
        self.actor.get_cell()
    }

    /// Starts the deliverer of webhooks.
    pub(super) fn deliver(&self, args: DelivererArgs) {
        // The root ends last; if it has ended, so has the till.
        let _ = self.actor.send_message(Msg::Deliver(Box::new(args)));
    }

    pub(super) fn failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.clone()
    }

    pub(super) async fn stop(self) {
        self.actor.stop(None);
        // It ends with its last message; there is no error to report.
        let _ = self.task.await;
    }
}

impl Actor for Root {
    type Msg = Msg;
    type State = Tree;
    type Arguments = (HubHandle, HubArgs, watch::Sender<Option<String>>);

    async fn pre_start(
        &self,
        myself: ActorRef<Msg>,
        (hub, hub_args, failed): Self::Arguments,
    ) -> Result<Tree, ActorProcessingErr> {
        let hub = Part::start("hub", Kind::Hub(hub, hub_args), &myself).await?;
        let parts = vec![hub];
        Ok(Tree { parts, failed })
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        message: Msg,
        tree: &mut Tree,
    ) -> Result<(), ActorProcessingErr> {
        let Msg::Deliver(args) = message;
        let deliverer = Part::start("deliverer", Kind::Deliverer(args), &myself).await?;
        tree.parts.push(deliverer);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Msg>,
        event: SupervisionEvent,
        tree: &mut Tree,
    ) -> Result<(), ActorProcessingErr> {
        let SupervisionEvent::ActorFailed(who, error) = event else {
            return Ok(());
        };
        let part = tree
            .parts
            .iter_mut()
            .find(|part| part.actor.get_id() == who.get_id());
        if let Some(part) = part.filter(|part| part.restarts < MAX_RESTARTS) {
            part.restarts += 1;
            let (name, restarts) = (part.name, part.restarts);
            tracing::error!(%error, name, restarts, "a part failed; restarting it");
            tokio::time::sleep(RESTART_PAUSE * part.restarts).await;
            part.actor = part.kind.start(&myself).await?;
            return Ok(());
        }
        tracing::error!(%error, "a part failed that cannot be restarted");
        tree.failed.send_replace(Some(error.to_string()));
        Ok(())
    }
}

impl Part {
    async fn start(
        name: &'static str,
        kind: Kind,
        root: &ActorRef<Msg>,
    ) -> Result<Self, ActorProcessingErr> {
        let actor = kind.start(root).await?;
        Ok(Self {
            name,
            kind,
            actor,
            restarts: 0,
        })
    }
}

impl Kind {
    async fn start(&self, root: &ActorRef<Msg>) -> Result<ActorCell, ActorProcessingErr> {
        let root = root.get_cell();
        match self.clone() {
            Self::Hub(hub, args) => {
                let (actor, _) = HubActor::spawn_linked(None, HubActor, args, root).await?;
                hub.connect(actor.clone());
                Ok(actor.get_cell())
            }
            Self::Deliverer(args) => {
                let (actor, _) =
                    DelivererActor::spawn_linked(None, DelivererActor, *args, root).await?;
                Ok(actor.get_cell())
            }
        }
    }
}
