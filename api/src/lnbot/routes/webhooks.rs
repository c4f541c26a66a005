//! Webhooks: added, listed, deleted, and what they were told.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use till::id::WebhookId;
use till::outbox::{self, DeliveryState, MAX_URL_BYTES};
use till_actors::outbound::OutboundError;

use crate::lnbot::access::OwnWallet;
use crate::lnbot::body::Body;
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, id, webhook, wire};

/// How many deliveries are listed if the caller does not say.
const DEFAULT_LIMIT: usize = 20;
/// The most that are listed at once.
const MAX_LIMIT: usize = 100;

/// `POST /wallets/{wallet_id}/webhooks`
pub(crate) async fn create(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::NewWebhook>,
) -> Result<Json<wire::MadeWebhook>, Error> {
    let url = request.url;
    if url.len() > MAX_URL_BYTES {
        let why = format!("url has at most {MAX_URL_BYTES} bytes");
        return Err(Error::bad_request(why));
    }
    lnbot.service.check_address(&url).map_err(not_allowed)?;
    let (made, secret) = lnbot.service.add_webhook(wallet.id, url).await?;
    Ok(Json(wire::MadeWebhook {
        id: id::webhook(made.id),
        url: made.url,
        secret,
        created_at: wire::moment(made.created_at),
    }))
}

/// `GET /wallets/{wallet_id}/webhooks`
pub(crate) async fn list(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
) -> Result<Json<Vec<wire::Webhook>>, Error> {
    let webhooks = lnbot.service.webhooks(wallet.id).await?;
    let entries = webhooks.into_iter().map(|webhook| wire::Webhook {
        id: id::webhook(webhook.id),
        active: webhook.is_active(),
        url: webhook.url,
        created_at: wire::moment(webhook.created_at),
    });
    Ok(Json(entries.collect()))
}

/// `DELETE /wallets/{wallet_id}/webhooks/{webhook_id}`
pub(crate) async fn delete(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Path((_, named)): Path<(String, String)>,
) -> Result<StatusCode, Error> {
    let id = parse(&named)?;
    lnbot.service.delete_webhook(wallet.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /wallets/{wallet_id}/webhooks/{webhook_id}/deliveries`
pub(crate) async fn deliveries(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Path((_, named)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<wire::Delivery>>, Error> {
    let (limit, after) = page(query.as_deref().unwrap_or_default())?;
    let whose = (wallet.id, parse(&named)?);
    let (webhook, rows) = lnbot.service.deliveries(whose, after, limit).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let event = lnbot.service.event(row.event_id).await?;
        let event = event.as_ref().and_then(webhook::event_name);
        entries.push(delivery(&row, webhook.is_active(), event));
    }
    Ok(Json(entries))
}

fn delivery(row: &outbox::Delivery, active: bool, event: Option<&'static str>) -> wire::Delivery {
    let (status, is_due) = match row.state {
        DeliveryState::Waiting if active => ("pending", true),
        // It is dropped when its turn comes.
        DeliveryState::Waiting | DeliveryState::GivenUp => ("failed", false),
        DeliveryState::Delivered => ("delivered", false),
    };
    wire::Delivery {
        id: row.id(),
        number: row.number,
        event,
        status,
        tries: row.tries,
        last_status: row.status.clone(),
        created_at: wire::moment(row.created_at),
        next_try_at: is_due.then(|| wire::moment(row.due_at)),
    }
}

fn page(query: &str) -> Result<(usize, Option<u64>), Error> {
    let malformed = |_| Error::bad_request("the query cannot be read");
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(malformed)?;
    let (mut limit, mut after) = (DEFAULT_LIMIT, None);
    for (name, value) in pairs {
        match name.as_str() {
            "limit" => {
                let given = value.parse().ok();
                let given = given.filter(|limit| (1..=MAX_LIMIT).contains(limit));
                let why = || Error::bad_request(format!("limit is from 1 to {MAX_LIMIT}"));
                limit = given.ok_or_else(why)?;
            }
            "after" => {
                let why = |_| Error::bad_request("after is a number");
                after = Some(value.parse().map_err(why)?);
            }
            _ => {}
        }
    }
    Ok((limit, after))
}

fn parse(named: &str) -> Result<WebhookId, Error> {
    id::parse_webhook(named).ok_or_else(|| Error::not_found("Webhook not found."))
}

fn not_allowed(error: OutboundError) -> Error {
    Error::bad_request(format!("url cannot be called: {error}"))
}
