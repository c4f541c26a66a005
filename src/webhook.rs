//! Webhooks of wallets: addresses that are told of everything that happens there, until they are
//! deleted or are no good any more. Owns the rows; what waits to be told is the outbox's.

use minicbor::{Decode, Encode};

use crate::id::{WalletId, WebhookId};
use crate::time::Timestamp;

/// How many webhooks a wallet can have.
pub const MAX_WEBHOOKS: usize = 10;

/// An address that is told of everything in a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Webhook {
    /// What it is known by.
    #[n(0)]
    pub id: WebhookId,
    /// What it is told of.
    #[n(1)]
    pub wallet: WalletId,
    /// Where it is.
    #[n(2)]
    pub url: String,
    /// When it was added.
    #[n(3)]
    pub created_at: Timestamp,
    /// Since when it is told nothing, because it did not take what it was told.
    #[n(4)]
    pub ended_at: Option<Timestamp>,
    /// When its owner deleted it.
    #[n(5)]
    pub deleted_at: Option<Timestamp>,
}

impl Webhook {
    /// Whether it is told what happens.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.ended_at.is_none() && self.is_present()
    }

    /// Whether its owner has not deleted it.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.deleted_at.is_none()
    }
}

/// A wallet's webhooks, in the order in which they were added: one row for each wallet that ever had one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WebhooksOf {
    /// Which wallet.
    #[n(0)]
    pub wallet: WalletId,
    /// Those that are not deleted.
    #[n(1)]
    pub webhooks: Vec<WebhookId>,
}
