//! `/wallets/{wallet_id}/events`: everything that happens in a wallet, each with an id by which a client
//! resumes. Owns the events' names and which there are.
//!
//! `data` is the invoice or payment as it stands when it is told: a client that was away for a day hears
//! that an invoice was made, and that it is settled already.

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event as Shown;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use till::id::{PaymentHash, PaymentId};
use till::ledger::{Event, EventBody};
use till_actors::abort::periphery;
use till_actors::hub::{Delivery, Subscription, Topic};
use till_actors::service::ServiceError;
use tokio::time::Interval;

use super::frame::{Frame, alive, greeting, pulse, respond, snake};
use super::listener::Listener;
use super::query::since;
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, render, wire};

/// `GET /wallets/{wallet_id}/events`
pub(in crate::lnbot) async fn everything(
    listener: Listener,
    State(lnbot): State<Lnbot>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let since = since(&headers, query.as_deref())?;
    let topic = Topic::Wallet(listener.account());
    let line = Line {
        events: lnbot
            .service
            .subscribe(topic, since, listener.counted())
            .await?,
        pulse: pulse(lnbot.settings.keep_alive),
        lnbot,
        listener,
        greeted: false,
    };
    Ok(respond(unfold(line, |line| periphery(line.next()))))
}

struct Line {
    lnbot: Lnbot,
    listener: Listener,
    events: Subscription,
    pulse: Interval,
    greeted: bool,
}

impl Line {
    /// The next frame; `None` ends the stream, and the client resumes.
    async fn next(mut self) -> Option<(Frame, Self)> {
        if !self.greeted {
            self.greeted = true;
            let frame = greeting(Some(self.events.cursor()));
            return Some((Ok(frame), self));
        }
        loop {
            let told = tokio::select! {
                delivery = self.events.next() => self.tell(delivery).await?,
                _ = self.pulse.tick() => {
                    let welcome = self.listener.is_welcome(&self.lnbot).await;
                    welcome.then(alive).map(Some)?
                }
            };
            if let Some(frame) = told {
                return Some((Ok(frame), self));
            }
        }
    }

    async fn tell(&self, delivery: Delivery) -> Option<Option<Shown>> {
        let event = match delivery {
            Delivery::Event(event) => event,
            Delivery::Lagged { .. } | Delivery::Closed => return None,
        };
        match self.words(&event).await {
            Ok(Some((name, data))) => {
                let created_at = wire::moment(event.at);
                let body = json!({"event": name, "created_at": created_at, "data": data});
                let frame = Shown::default().id(event.id.to_string());
                Some(Some(frame.data(body.to_string())))
            }
            Ok(None) => Some(None),
            Err(error) => {
                tracing::warn!(%error, "a stream could not be told");
                None
            }
        }
    }

    /// What an event is called here, and what it is about; `None` for what this surface does not tell.
    async fn words(&self, event: &Event) -> Result<Option<(&'static str, Value)>, ServiceError> {
        let told = match &event.body {
            EventBody::InvoiceCreated { hash } => ("invoice.created", self.invoice(*hash).await?),
            EventBody::PaymentReceived { hash, .. } => {
                ("invoice.settled", self.invoice(*hash).await?)
            }
            EventBody::PaymentCreated { id } => ("payment.created", self.payment(*id).await?),
            EventBody::PaymentSent { id, .. } => ("payment.settled", self.payment(*id).await?),
            EventBody::PaymentFailed { id, .. } => ("payment.failed", self.payment(*id).await?),
            EventBody::InvoiceExpired { .. }
            | EventBody::InvoiceHeld { .. }
            | EventBody::InvoiceCancelled { .. }
            | EventBody::ChannelOpened { .. }
            | EventBody::ChannelClosed { .. }
            | EventBody::SpendMined { .. }
            | EventBody::Alarm(_) => return Ok(None),
        };
        let (name, data) = told;
        Ok(data.map(|data| (name, data)))
    }

    async fn invoice(&self, hash: PaymentHash) -> Result<Option<Value>, ServiceError> {
        let row = self.lnbot.service.invoice(hash).await?;
        Ok(row.map(|row| snake(&render::invoice(&row))))
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<Value>, ServiceError> {
        let row = self.lnbot.service.payment(id).await?;
        Ok(row.map(|row| snake(&render::payment(&row))))
    }
}
