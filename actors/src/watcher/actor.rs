//! One event at a time, and a clock tick in between.

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::ledger::{Command, Refusal};
use tokio::sync::oneshot;

use super::events::Events;
use crate::ledger::{LedgerError, LedgerHandle, now};
use crate::node::NodeEvent;
use crate::node::handle::NodeHandle;
use crate::views::Views;

/// Invoices that one tick expires at most; the rest wait for the next.
const EXPIRE_AT_ONCE: usize = 512;

pub(crate) enum Msg {
    /// The node tells something. Answered with `true` once the effect is durable and the event
    /// may be acknowledged; `false` if the till is stopping.
    Event {
        event: NodeEvent,
        reply: oneshot::Sender<bool>,
    },
    /// The node has started: claims that were intended are repeated.
    NodeStarted,
    /// Time has passed.
    Tick,
}

/// What the actor starts from.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) ledger: LedgerHandle,
    pub(crate) node: NodeHandle,
    pub(crate) views: Views,
}

/// The actor.
pub(crate) struct WatcherActor;

impl Actor for WatcherActor {
    type Msg = Msg;
    type State = Events;
    type Arguments = Args;

    async fn pre_start(
        &self,
        _myself: ActorRef<Msg>,
        args: Args,
    ) -> Result<Events, ActorProcessingErr> {
        abandon_drafts(&args).await?;
        Ok(Events::new(args))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Msg>,
        message: Msg,
        events: &mut Events,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Event { event, reply } => {
                // The pump may have been stopped meanwhile; the event then comes again.
                let _ = reply.send(events.apply(event).await);
            }
            Msg::NodeStarted => events.claim_again().await,
            Msg::Tick => expire(&events.args).await?,
        }
        Ok(())
    }
}

/// Drafts that an earlier process left behind: nobody ever saw them.
async fn abandon_drafts(args: &Args) -> Result<(), ActorProcessingErr> {
    for hash in args.views.drafts()? {
        args.ledger
            .execute_for_node(Command::AbandonInvoice { hash })
            .await?;
    }
    Ok(())
}

async fn expire(args: &Args) -> Result<(), ActorProcessingErr> {
    let (due, _) = args.views.overdue(now(), EXPIRE_AT_ONCE)?;
    let commands = due.into_iter().map(|hash| async move {
        match args
            .ledger
            .execute_for_node(Command::ExpireInvoice { hash })
            .await
        {
            // An HTLC may have come first, or the clock is behind the journal's.
            Ok(_) | Err(LedgerError::Refused(Refusal::WrongState)) => {}
            Err(error) => tracing::warn!(%hash, %error, "an invoice was not expired; trying again"),
        }
    });
    futures_util::future::join_all(commands).await;
    Ok(())
}
