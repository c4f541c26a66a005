//! The root of the actors' tree. Owns what happens when one of them fails: the hub is restarted,
//! with a pause and a limit; the failure of any other ends the process in good order.

use std::time::Duration;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::hub::{Args as HubArgs, HubActor, HubHandle, HubLimits};
use crate::views::Views;

/// Restarts of the hub before the till gives up.
const MAX_RESTARTS: u32 = 10;
/// The pause before the hub is restarted, times the number of restarts so far.
const RESTART_PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Root;

pub(super) struct Tree {
    hub: HubHandle,
    hub_args: HubArgs,
    hub_actor: ActorCell,
    restarts: u32,
    failed: watch::Sender<Option<String>>,
}

/// What the till keeps of the root.
#[derive(Debug)]
pub(super) struct RootHandle {
    actor: ActorRef<()>,
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
    type Msg = ();
    type State = Tree;
    type Arguments = (HubHandle, HubArgs, watch::Sender<Option<String>>);

    async fn pre_start(
        &self,
        myself: ActorRef<()>,
        (hub, hub_args, failed): Self::Arguments,
    ) -> Result<Tree, ActorProcessingErr> {
        let hub_actor = start_hub(&hub, &hub_args, &myself).await?;
        Ok(Tree {
            hub,
            hub_args,
            hub_actor,
            restarts: 0,
            failed,
        })
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        tree: &mut Tree,
    ) -> Result<(), ActorProcessingErr> {
        let SupervisionEvent::ActorFailed(who, error) = event else {
            return Ok(());
        };
        if who.get_id() == tree.hub_actor.get_id() && tree.restarts < MAX_RESTARTS {
            tree.restarts += 1;
            tracing::error!(%error, restarts = tree.restarts, "the hub failed; restarting it");
            tokio::time::sleep(RESTART_PAUSE * tree.restarts).await;
            tree.hub_actor = start_hub(&tree.hub, &tree.hub_args, &myself).await?;
            return Ok(());
        }
        tracing::error!(%error, "a part failed that cannot be restarted");
        tree.failed.send_replace(Some(error.to_string()));
        Ok(())
    }
}

async fn start_hub(
    hub: &HubHandle,
    args: &HubArgs,
    root: &ActorRef<()>,
) -> Result<ActorCell, ActorProcessingErr> {
    let (actor, _) = HubActor::spawn_linked(None, HubActor, args.clone(), root.get_cell()).await?;
    hub.connect(actor.clone());
    Ok(actor.get_cell())
}
