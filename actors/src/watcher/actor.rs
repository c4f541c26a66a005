//! One event at a time, and a clock tick in between.

use std::collections::HashSet;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::flow::{OnEvent, Tend};
use till::id::PaymentHash;
use till::ledger::{Command, Refusal};
use till::node::NodeEvent;
use tokio::sync::oneshot;

use crate::ledger::{LedgerError, now};
use crate::runner::Runner;

/// Invoices that one tick expires at most; the rest wait for the next.
const EXPIRE_AT_ONCE: usize = 512;
/// How long another wallet's money may be held for a hold invoice.
const INTERNAL_HOLD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) enum Msg {
    /// The node tells something. Answered with `true` once the effect is durable and the event
    /// may be acknowledged; `false` if the till is stopping.
    Event {
        event: NodeEvent,
        reply: oneshot::Sender<bool>,
    },
    /// The node has started, or some time has passed: claims that were intended are repeated, what
    /// is held too long goes back.
    Tend,
    /// Time has passed.
    Tick,
}

/// The actor.
pub(crate) struct WatcherActor;

/// The actor's state.
pub(crate) struct Watcher {
    runner: Runner,
    /// Claims whose HTLC the last round found nowhere.
    absent: HashSet<PaymentHash>,
}

impl Actor for WatcherActor {
    type Msg = Msg;
    type State = Watcher;
    type Arguments = Runner;

    async fn pre_start(
        &self,
        _myself: ActorRef<Msg>,
        runner: Runner,
    ) -> Result<Watcher, ActorProcessingErr> {
        abandon_drafts(&runner).await?;
        let absent = HashSet::new();
        Ok(Watcher { runner, absent })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Msg>,
        message: Msg,
        watcher: &mut Watcher,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Event { event, reply } => {
                tracing::info!(?event, "the node tells");
                let done = watcher.runner.run_for_node(OnEvent::new(event)).await;
                // The pump may have been stopped meanwhile; the event then comes again.
                let _ = reply.send(done.is_some());
            }
            Msg::Tend => watcher.tend().await?,
            Msg::Tick => expire(&watcher.runner).await?,
        }
        Ok(())
    }
}

impl Watcher {
    async fn tend(&mut self) -> Result<(), ActorProcessingErr> {
        let before = std::mem::take(&mut self.absent);
        let invoices = self.runner.views.to_be_tended()?;
        let max = u64::try_from(INTERNAL_HOLD_MAX.as_millis()).unwrap_or(u64::MAX);
        let tend = Tend::new(invoices, before, now(), max);
        if let Some(tended) = self.runner.run_for_node(tend).await {
            self.absent = tended.absent;
        }
        Ok(())
    }
}

/// Drafts that an earlier process left behind: nobody ever saw them.
async fn abandon_drafts(runner: &Runner) -> Result<(), ActorProcessingErr> {
    for hash in runner.views.drafts()? {
        runner
            .ledger
            .execute_for_node(Command::AbandonInvoice { hash })
            .await?;
    }
    Ok(())
}

async fn expire(runner: &Runner) -> Result<(), ActorProcessingErr> {
    let (due, _) = runner.views.overdue(now(), EXPIRE_AT_ONCE)?;
    let commands = due.into_iter().map(|hash| async move {
        match runner
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
