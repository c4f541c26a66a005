//! Rules for webhooks: how many a wallet has, which are told of an event, and which are not worth it any
//! more.

use super::draft::Draft;
use super::wallet;
use crate::id::{WalletId, WebhookId};
use crate::ledger::account::WalletRef;
use crate::ledger::command::Refusal;
use crate::ledger::entity::{Archive, Damaged};
use crate::ledger::record::{Event, EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::outbox::{Delivery, DeliveryState, Subject, Verdict};
use crate::webhook::{MAX_WEBHOOKS, Webhook, WebhooksOf};

pub(super) fn add<A: Archive>(
    state: &State<A>,
    draft: Draft,
    (id, wallet): (WebhookId, WalletId),
    url: String,
) -> Result<Record, Refusal> {
    wallet::open(state, wallet)?;
    let known = of_wallet(state, wallet)?;
    if known.iter().any(|webhook| webhook.url == url) {
        return Err(Refusal::WebhookExists);
    }
    if known.len() >= MAX_WEBHOOKS {
        return Err(Refusal::TooManyWebhooks(MAX_WEBHOOKS));
    }
    let webhook = Webhook {
        id,
        wallet,
        url,
        created_at: draft.at(),
        ended_at: None,
        deleted_at: None,
    };
    Ok(draft.fact(Fact::WebhookSet(Box::new(webhook))).finish())
}

pub(super) fn delete<A: Archive>(
    state: &State<A>,
    draft: Draft,
    wallet: WalletId,
    id: WebhookId,
) -> Result<Record, Refusal> {
    let webhook = state.get::<Webhook>(&id)?;
    let webhook = webhook.filter(|webhook| webhook.wallet == wallet && webhook.is_present());
    let webhook = webhook.ok_or(Refusal::UnknownWebhook)?;
    let deleted_at = Some(draft.at());
    let webhook = Webhook {
        deleted_at,
        ..webhook
    };
    Ok(draft.fact(Fact::WebhookSet(Box::new(webhook))).finish())
}

/// A webhook that did not take what it was told, tried as often as can be, is told nothing more: nobody
/// is there, or nobody looks after it. What waits for it is dropped when its turn comes.
pub(super) fn end_if_dead<A: Archive>(
    state: &State<A>,
    draft: Draft,
    (delivery, verdict): (&Delivery, Verdict),
) -> Result<Draft, Refusal> {
    let is_dead = match verdict {
        Verdict::Failed | Verdict::Refused | Verdict::Gone => {
            delivery.state == DeliveryState::GivenUp
        }
        Verdict::Taken | Verdict::Pointless => false,
    };
    let Some(id) = delivery.webhook.filter(|_| is_dead) else {
        return Ok(draft);
    };
    let webhook = state.get::<Webhook>(&id)?.filter(Webhook::is_active);
    let Some(webhook) = webhook else {
        return Ok(draft);
    };
    let ended_at = Some(draft.at());
    let webhook = Webhook {
        ended_at,
        ..webhook
    };
    Ok(draft.fact(Fact::WebhookSet(Box::new(webhook))))
}

/// Those of a wallet that are told of an event, and what it is about.
pub(super) fn told<A: Archive>(
    state: &State<A>,
    event: &Event,
) -> Result<Option<(Subject, Vec<Webhook>)>, Damaged> {
    let subject = match &event.body {
        EventBody::InvoiceCreated { hash, .. } | EventBody::PaymentReceived { hash, .. } => {
            Subject::Invoice(*hash)
        }
        EventBody::PaymentCreated { id, .. }
        | EventBody::PaymentSent { id, .. }
        | EventBody::PaymentFailed { id, .. } => Subject::Payment(*id),
        EventBody::InvoiceExpired { .. }
        | EventBody::ChannelOpened { .. }
        | EventBody::ChannelClosed { .. }
        | EventBody::Alarm(_)
        | EventBody::InvoiceHeld { .. }
        | EventBody::SpendMined { .. }
        | EventBody::InvoiceCancelled { .. } => return Ok(None),
    };
    let WalletRef::Wallet(wallet) = event.wallet else {
        return Ok(None);
    };
    let mut webhooks = of_wallet(state, wallet)?;
    webhooks.retain(Webhook::is_active);
    Ok(Some((subject, webhooks)))
}

fn of_wallet<A: Archive>(state: &State<A>, wallet: WalletId) -> Result<Vec<Webhook>, Damaged> {
    let list = state.get::<WebhooksOf>(&wallet)?;
    let ids = list.map(|list| list.webhooks).unwrap_or_default();
    let mut webhooks = Vec::with_capacity(ids.len());
    for id in ids {
        webhooks.extend(state.get::<Webhook>(&id)?);
    }
    Ok(webhooks)
}
