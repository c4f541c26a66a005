//! Webhooks: who makes their bodies, what they are signed with, where they may go; and those of wallets.

use till::id::{WalletId, WebhookId};
use till::ledger::{Origin, OutboxCommand, Refusal, WalletRef};
use till::outbox::Delivery;
use till::webhook::{Webhook, WebhooksOf};

use super::Service;
use super::holders::random;
use super::types::ServiceError;
use crate::outbound::OutboundError;
use crate::webhooks::{Render, secret, secret_text, webhook_secret};

impl Service {
    /// Has a surface make the bodies of what is told through it. Until then they wait.
    pub fn webhook_bodies(&self, origin: Origin, render: Render) {
        self.parts.outward.bodies.register(origin, render);
    }

    /// What a wallet's webhooks are signed with: `whsec_` and base64, as Standard Webhooks has it.
    #[must_use]
    pub fn webhook_secret(&self, wallet: WalletRef) -> String {
        secret_text(&secret(&self.parts.root, wallet))
    }

    /// Whether an address could be called, as far as that shows without looking it up.
    ///
    /// # Errors
    /// [`OutboundError`] says why not.
    pub fn check_address(&self, url: &str) -> Result<(), OutboundError> {
        self.parts.outward.outbound.check(url)
    }

    /// Has an address told of everything in a wallet from now on: the webhook, and what it is signed with,
    /// which is not shown again.
    ///
    /// # Errors
    /// [`Refusal::WebhookExists`], [`Refusal::TooManyWebhooks`]. Whether the address may be called is the
    /// caller's to [check](Self::check_address).
    pub async fn add_webhook(
        &self,
        wallet: WalletId,
        url: String,
    ) -> Result<(Webhook, String), ServiceError> {
        let id = WebhookId::from_bytes(random()?);
        let add = OutboxCommand::AddWebhook { id, wallet, url };
        self.parts.ledger.execute(add).await?;
        let webhook = self.row::<Webhook>(&id)?.ok_or(ServiceError::Unknown)?;
        let secret = secret_text(&webhook_secret(&self.parts.root, id));
        Ok((webhook, secret))
    }

    /// A wallet's webhooks, in the order in which they were added.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn webhooks(&self, wallet: WalletId) -> Result<Vec<Webhook>, ServiceError> {
        self.read(move |views| {
            let list = views.get::<WebhooksOf>(&wallet)?;
            let ids = list.map(|list| list.webhooks).unwrap_or_default();
            let mut webhooks = Vec::with_capacity(ids.len());
            for id in ids {
                webhooks.extend(views.get::<Webhook>(&id)?);
            }
            Ok(webhooks)
        })
        .await
    }

    /// Deletes a wallet's webhook. What waits for it is not told.
    ///
    /// # Errors
    /// [`Refusal::UnknownWebhook`] if the wallet has none of that id.
    pub async fn delete_webhook(
        &self,
        wallet: WalletId,
        id: WebhookId,
    ) -> Result<(), ServiceError> {
        let delete = OutboxCommand::DeleteWebhook { wallet, id };
        self.parts.ledger.execute(delete).await?;
        Ok(())
    }

    /// A wallet's webhook, and what it was told or is to be told, newest first, from below `after` on.
    ///
    /// # Errors
    /// [`Refusal::UnknownWebhook`] if the wallet has none of that id.
    pub async fn deliveries(
        &self,
        (wallet, id): (WalletId, WebhookId),
        after: Option<u64>,
        most: usize,
    ) -> Result<(Webhook, Vec<Delivery>), ServiceError> {
        let webhook = self.row::<Webhook>(&id)?;
        let webhook = webhook.filter(|webhook| webhook.wallet == wallet && webhook.is_present());
        let webhook = webhook.ok_or(Refusal::UnknownWebhook)?;
        let deliveries = self.read(move |views| views.deliveries_of(id, after, most));
        Ok((webhook, deliveries.await?))
    }

    /// The event that a delivery tells of.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn event(&self, id: u64) -> Result<Option<till::ledger::Event>, ServiceError> {
        self.row(&id)
    }
}
