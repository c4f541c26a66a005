//! The deliverer: looks for what is due, tries it, writes down what came of it.

use std::collections::HashMap;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use till::ledger::entity::Progress;
use till::ledger::{OutboxCommand, WalletRef};
use till::outbox::{Delivery, OutboxCount, Verdict};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::{Bodies, Render, body, sign};
use crate::abort::periphery;
use crate::ledger::{LedgerHandle, now};
use crate::outbound::{Outbound, OutboundError, Request};
use crate::views::{Endpoint, Views};

/// Deliveries under way at once, each to another address.
const MAX_UNDER_WAY: usize = 16;
/// Of these, for one wallet: whoever names addresses that hang holds up nobody else.
const MAX_UNDER_WAY_PER_WALLET: usize = 4;
/// The longest time until the next look, whatever is due.
const MAX_PAUSE: Duration = Duration::from_secs(3_600);

/// What the actor starts from.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    /// Where deliveries are read.
    pub(crate) views: Views,
    /// Where tries are written down.
    pub(crate) ledger: LedgerHandle,
    /// The way out.
    pub(crate) outbound: Outbound,
    /// What is said.
    pub(crate) bodies: Bodies,
    /// What secrets are derived from.
    pub(crate) root: Zeroizing<[u8; 32]>,
}

pub(crate) enum Msg {
    /// Something may be due.
    Look,
    /// A try is over.
    Over(Endpoint),
}

/// The actor.
pub(crate) struct DelivererActor;

/// The actor's state.
pub(crate) struct Deliverer {
    args: Args,
    /// Tries under way by their address, each with the wallet that it is for.
    busy: HashMap<Endpoint, (WalletRef, Task)>,
    /// The last address whose turn it was: the next one is behind it.
    last: Endpoint,
    /// Wakes us when there is more to tell.
    _waker: Task,
    /// Wakes us when something is due.
    alarm: Option<Task>,
}

/// A task that ends with whoever holds it.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Actor for DelivererActor {
    type Msg = Msg;
    type State = Deliverer;
    type Arguments = Args;

    async fn pre_start(
        &self,
        myself: ActorRef<Msg>,
        args: Args,
    ) -> Result<Deliverer, ActorProcessingErr> {
        let signals = (args.views.watch(), args.bodies.watch());
        myself.send_message(Msg::Look)?;
        let waker = tokio::spawn(periphery(wake(args.views.clone(), signals, myself)));
        Ok(Deliverer {
            args,
            busy: HashMap::new(),
            last: Endpoint::default(),
            _waker: Task(waker),
            alarm: None,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        message: Msg,
        deliverer: &mut Deliverer,
    ) -> Result<(), ActorProcessingErr> {
        if let Msg::Over(endpoint) = message {
            deliverer.busy.remove(&endpoint);
        }
        periphery(async { deliverer.look(&myself) }).await
    }
}

/// Has the deliverer look whenever the outbox grows or a surface starts.
async fn wake(
    views: Views,
    (mut steps, mut surfaces): (watch::Receiver<Progress>, watch::Receiver<usize>),
    actor: ActorRef<Msg>,
) {
    let mut seen = 0;
    loop {
        tokio::select! {
            step = steps.changed() => if step.is_err() { return },
            // The actor holds a sender of these.
            _ = surfaces.changed() => seen = 0,
        }
        let count = views.get::<OutboxCount>(&());
        let last = count.ok().flatten().unwrap_or_default().last;
        if last != seen {
            seen = last;
            if actor.send_message(Msg::Look).is_err() {
                return;
            }
        }
    }
}

impl Deliverer {
    fn look(&mut self, myself: &ActorRef<Msg>) -> Result<(), ActorProcessingErr> {
        let room = MAX_UNDER_WAY.saturating_sub(self.busy.len());
        let at = now();
        let busy = self.busy.iter().map(|(at, (wallet, _))| (*at, *wallet));
        let room = (room, MAX_UNDER_WAY_PER_WALLET);
        let views = &self.args.views;
        let due = views.due_deliveries(at, &busy.collect(), self.last, room)?;
        for (endpoint, delivery) in due.now {
            // A surface that has not started yet will wake us.
            let Some(render) = self.args.bodies.of(delivery.origin) else {
                continue;
            };
            let landing = Landing(myself.clone(), endpoint);
            let (args, wallet) = (self.args.clone(), delivery.wallet);
            let under_way = tokio::spawn(periphery(async move {
                deliver(&args, &delivery, &render).await;
                drop(landing);
            }));
            self.busy.insert(endpoint, (wallet, Task(under_way)));
            self.last = endpoint;
        }
        self.alarm = due.next.map(|next| {
            let pause = Duration::from_millis(next.millis_since(at)).min(MAX_PAUSE);
            let myself = myself.clone();
            Task(tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                // It may have stopped.
                let _ = myself.send_message(Msg::Look);
            }))
        });
        Ok(())
    }
}

/// Frees an address whatever becomes of the try.
struct Landing(ActorRef<Msg>, Endpoint);

impl Drop for Landing {
    fn drop(&mut self) {
        // It may have stopped.
        let _ = self.0.send_message(Msg::Over(self.1));
    }
}

async fn deliver(args: &Args, delivery: &Delivery, render: &Render) {
    let (verdict, status) = attempt(args, delivery, render).await;
    if verdict != Verdict::Taken {
        let (number, attempt) = (delivery.number, delivery.tries + 1);
        tracing::warn!(number, attempt, status, "a webhook was not taken");
    }
    let tried = OutboxCommand::Tried {
        number: delivery.number,
        attempt: delivery.tries.saturating_add(1),
        verdict,
        status,
    };
    // Not written down, it is tried again: at least once is what is promised.
    if let Err(error) = args.ledger.execute_for_node(tried.into()).await {
        tracing::warn!(%error, "a try of a webhook was not written down");
    }
}

async fn attempt(args: &Args, delivery: &Delivery, render: &Render) -> (Verdict, String) {
    let nothing = || (Verdict::Pointless, "nothing_to_tell".to_owned());
    let told = match body::told(&args.views, delivery) {
        Ok(Some(told)) => told,
        Ok(None) => return nothing(),
        Err(error) => {
            tracing::error!(%error, "a webhook's rows cannot be read");
            return (Verdict::Failed, "unreadable".to_owned());
        }
    };
    let Some(body) = render(&told) else {
        return nothing();
    };
    let secret = sign::secret_of(&args.root, delivery);
    let headers = sign::headers(&secret, delivery, now(), &body);
    let answer = args
        .outbound
        .call(&delivery.url, Request::Post { body, headers });
    match answer.await {
        Ok(answer) => (verdict(answer.status), answer.status.to_string()),
        Err(error) => (not_answered(&error), error.word().to_owned()),
    }
}

/// What an HTTP status means for a delivery and for what is behind it.
fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Taken,
        410 => Verdict::Gone,
        // Come again: too slow, too early, too many.
        408 | 425 | 429 => Verdict::Failed,
        400..=499 => Verdict::Refused,
        _ => Verdict::Failed,
    }
}

fn not_answered(error: &OutboundError) -> Verdict {
    if error.is_final() {
        Verdict::Gone
    } else {
        Verdict::Failed
    }
}
