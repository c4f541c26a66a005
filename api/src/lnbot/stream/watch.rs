//! `.../invoices/{number|paymentHash}/events` and `.../payments/{...}/events`: one frame with what became
//! of it, or with where it stands when the caller's patience is over. Owns nothing but the waiting: the
//! row is read anew each time, so it does not matter how often or how late a watch is woken.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::stream::unfold;
use serde_json::Value;
use till::id::{PaymentHash, PaymentId};
use till::ledger::Refusal;
use till_actors::abort::periphery;
use till_actors::hub::{Delivery, Subscription, Topic};
use till_actors::service::ServiceError;
use tokio::time::{Instant, Interval, sleep_until};

use super::frame::{Frame, alive, greeting, pulse, respond, snake};
use super::listener::Listener;
use super::query::wait;
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, id, render};

/// What a frame is called that says where it stands, because time is over.
const TIMEOUT: &str = "timeout";

/// `GET /wallets/{wallet_id}/invoices/{name}/events`
pub(in crate::lnbot) async fn invoice(
    listener: Listener,
    State(lnbot): State<Lnbot>,
    Path((_, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let until = Instant::now() + wait(query.as_deref())?;
    let found = match id::row_name(&name) {
        Some(name) => lnbot.service.invoice_named(listener.account(), name)?,
        None => None,
    };
    let hash = found.ok_or(Refusal::UnknownInvoice)?.hash;
    let what = Subject::Invoice(hash);
    watch(lnbot, listener, what, Topic::Payment(hash), until).await
}

/// `GET /wallets/{wallet_id}/payments/{name}/events`
pub(in crate::lnbot) async fn payment(
    listener: Listener,
    State(lnbot): State<Lnbot>,
    Path((_, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let until = Instant::now() + wait(query.as_deref())?;
    let found = match id::row_name(&name) {
        Some(name) => lnbot.service.payment_named(listener.account(), name)?,
        None => None,
    };
    let found = found.ok_or(Refusal::UnknownPayment)?;
    // What is paid to an offer has no hash before it is paid.
    let topic = match found.hash {
        Some(hash) => Topic::Payment(hash),
        None => Topic::Wallet(listener.account()),
    };
    watch(lnbot, listener, Subject::Payment(found.id), topic, until).await
}

async fn watch(
    lnbot: Lnbot,
    listener: Listener,
    what: Subject,
    topic: Topic,
    until: Instant,
) -> Result<Response, Error> {
    let watch = Watch {
        events: lnbot
            .service
            .subscribe(topic, None, listener.counted())
            .await?,
        pulse: pulse(lnbot.settings.keep_alive),
        lnbot,
        listener,
        what,
        topic,
        until,
        stage: Stage::Greet,
    };
    Ok(respond(unfold(watch, |watch| periphery(watch.next()))))
}

/// What is watched.
#[derive(Clone, Copy)]
enum Subject {
    Invoice(PaymentHash),
    Payment(PaymentId),
}

/// Where it stands.
struct Standing {
    status: &'static str,
    is_final: bool,
    data: Value,
}

impl Standing {
    fn frame(&self, called: &str) -> Event {
        Event::default().event(called).data(self.data.to_string())
    }
}

/// What a watch does next.
#[derive(Clone, Copy)]
enum Stage {
    Greet,
    Look,
    Wait,
    Over,
}

struct Watch {
    lnbot: Lnbot,
    listener: Listener,
    what: Subject,
    topic: Topic,
    events: Subscription,
    until: Instant,
    pulse: Interval,
    stage: Stage,
}

impl Watch {
    async fn next(mut self) -> Option<(Frame, Self)> {
        loop {
            let frame = match self.stage {
                Stage::Greet => {
                    self.stage = Stage::Look;
                    Some(greeting(None))
                }
                Stage::Look => self.look().await?,
                Stage::Wait => self.wait().await?,
                Stage::Over => return None,
            };
            if let Some(frame) = frame {
                return Some((Ok(frame), self));
            }
        }
    }

    /// Its last frame, where it is final or the time is over.
    async fn look(&mut self) -> Option<Option<Event>> {
        let standing = match self.standing().await {
            Ok(standing) => standing?,
            Err(error) => {
                tracing::warn!(%error, "a watch could not be told");
                return None;
            }
        };
        self.stage = Stage::Over;
        if standing.is_final {
            return Some(Some(standing.frame(standing.status)));
        }
        if Instant::now() >= self.until {
            return Some(Some(standing.frame(TIMEOUT)));
        }
        self.stage = Stage::Wait;
        Some(None)
    }

    /// Waits for a reason to look again. `None` ends the stream.
    async fn wait(&mut self) -> Option<Option<Event>> {
        tokio::select! {
            delivery = self.events.next() => match delivery {
                Delivery::Event(_) => self.stage = Stage::Look,
                Delivery::Lagged { .. } => {
                    self.events = self.again().await?;
                    self.stage = Stage::Look;
                }
                Delivery::Closed => return None,
            },
            () = sleep_until(self.until) => self.stage = Stage::Look,
            _ = self.pulse.tick() => {
                let welcome = self.listener.is_welcome(&self.lnbot).await;
                return welcome.then(|| Some(alive()));
            }
        }
        Some(None)
    }

    /// Listens anew, in the place of what was cut off.
    async fn again(&self) -> Option<Subscription> {
        let (service, listener) = (&self.lnbot.service, self.listener.counted());
        service.subscribe(self.topic, None, listener).await.ok()
    }

    async fn standing(&self) -> Result<Option<Standing>, ServiceError> {
        let service = &self.lnbot.service;
        Ok(match self.what {
            Subject::Invoice(hash) => {
                let row = service.invoice(hash).await?;
                row.as_ref().map(render::invoice).map(|shown| Standing {
                    status: shown.status,
                    is_final: matches!(shown.status, "settled" | "expired"),
                    data: snake(&shown),
                })
            }
            Subject::Payment(id) => {
                let row = service.payment(id).await?;
                row.as_ref().map(render::payment).map(|shown| Standing {
                    status: shown.status,
                    is_final: matches!(shown.status, "settled" | "failed"),
                    data: snake(&shown),
                })
            }
        })
    }
}
