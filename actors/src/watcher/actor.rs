//! One event at a time, and a clock tick in between.

use std::collections::HashSet;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::flow::{Cancel, NotDone, OnEvent, Settle, Tend, Tended};
use till::id::{PaymentHash, Preimage};
use till::invoice::{Invoice, State as InvoiceState};
use till::ledger::{Command, Refusal};
use till::node::NodeEvent;
use tokio::sync::oneshot;

use crate::ledger::{LedgerError, now};
use crate::runner::Runner;

/// Invoices that one tick expires at most; the rest wait for the next.
const EXPIRE_AT_ONCE: usize = 512;
/// Invoices that the node is told to forget at most at a time: each is a write to its disk.
const FORGET_AT_ONCE: usize = 64;
/// How long another wallet's money may be held for a hold invoice.
const INTERNAL_HOLD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) enum Msg {
    /// The node tells something. Answered with `true` once the effect is durable and the event
    /// may be acknowledged; `false` if the till is stopping.
    Event {
        event: NodeEvent,
        /// Whether it may be one that was told before the process started.
        may_be_old: bool,
        reply: oneshot::Sender<bool>,
    },
    /// The node has told everything, and some time has passed: claims that were intended are
    /// repeated, what is held too long goes back.
    Tend,
    /// The maker of a hold invoice wants its money. Claims are made here and nowhere else, so that
    /// none is made beside the news of another.
    Settle {
        hash: PaymentHash,
        preimage: Option<Preimage>,
        reply: oneshot::Sender<Result<(), NotDone>>,
    },
    /// The maker of a hold invoice wants its payer to have the money back.
    Cancel {
        hash: PaymentHash,
        reply: oneshot::Sender<Result<(), NotDone>>,
    },
    /// Time has passed.
    Tick,
}

/// The actor.
pub(crate) struct WatcherActor;

/// The actor's state.
pub(crate) struct Watcher {
    runner: Runner,
    /// What the last round of looking after claims came to.
    tended: Tended,
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
        let mut claiming = HashSet::new();
        for hash in runner.views.to_be_tended()? {
            let invoice = runner.views.get::<Invoice>(&hash)?;
            if invoice.is_some_and(|invoice| invoice.state == InvoiceState::Claiming) {
                claiming.insert(hash);
            }
        }
        let tended = Tended {
            claiming,
            ..Tended::default()
        };
        Ok(Watcher { runner, tended })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Msg>,
        message: Msg,
        watcher: &mut Watcher,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Event {
                event,
                may_be_old,
                reply,
            } => {
                tracing::info!(?event, "the node tells");
                let flow = OnEvent::new(event, may_be_old);
                let done = watcher.runner.run_for_node(flow).await;
                // The pump may have been stopped meanwhile; the event then comes again.
                let _ = reply.send(done.is_some());
            }
            Msg::Tend => {
                watcher.tend().await?;
                forget(&watcher.runner).await?;
            }
            Msg::Settle {
                hash,
                preimage,
                reply,
            } => {
                let settled = watcher.runner.run_for_node(Settle::new(hash, preimage));
                // The caller may be gone; what was decided stays.
                let _ = reply.send(settled.await.unwrap_or(Err(NotDone::Away)));
            }
            Msg::Cancel { hash, reply } => {
                let cancelled = watcher.runner.run_for_node(Cancel::new(hash)).await;
                let _ = reply.send(cancelled.unwrap_or(Err(NotDone::Away)));
            }
            Msg::Tick => expire(&watcher.runner).await?,
        }
        Ok(())
    }
}

impl Watcher {
    async fn tend(&mut self) -> Result<(), ActorProcessingErr> {
        let before = std::mem::take(&mut self.tended);
        let invoices = self.runner.views.to_be_tended()?;
        let max = u64::try_from(INTERNAL_HOLD_MAX.as_millis()).unwrap_or(u64::MAX);
        let tend = Tend::new(invoices, before, now(), max);
        if let Some(tended) = self.runner.run_for_node(tend).await {
            self.tended = tended;
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

/// The node forgets invoices that nobody paid, and then so do we: again, if this ends in between. By
/// now it has told of every HTLC that had come before the start.
async fn forget(runner: &Runner) -> Result<(), ActorProcessingErr> {
    for hash in runner.views.forgettable(now(), FORGET_AT_ONCE)? {
        let forgotten = runner.node.run(move |node| node.forget(hash)).await;
        if !matches!(forgotten, Ok(Ok(()))) {
            tracing::warn!(%hash, "the node did not forget an invoice; trying again later");
            return Ok(());
        }
        let forget = Command::ForgetInvoice { hash };
        match runner.ledger.execute_for_node(forget).await {
            // The clock is behind the journal's, or went back.
            Ok(_) | Err(LedgerError::Refused(Refusal::WrongState)) => {}
            Err(error) => tracing::warn!(%hash, %error, "a forgotten invoice was not noted"),
        }
    }
    Ok(())
}
