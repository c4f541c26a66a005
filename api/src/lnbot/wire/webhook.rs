//! Webhooks and what they were told.

use serde::{Deserialize, Serialize};

/// Who wants to be told.
#[derive(Deserialize)]
pub(crate) struct NewWebhook {
    pub(crate) url: String,
}

/// A webhook, with what its deliveries are signed with: shown once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MadeWebhook {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) created_at: String,
}

/// A webhook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) url: String,
    /// Whether it is told what happens.
    pub(crate) active: bool,
    pub(crate) created_at: String,
}

/// One thing that a webhook was told, or is to be told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// The `webhook-id` of its tries.
    pub(crate) id: String,
    /// Where it stands in the list.
    pub(crate) number: u64,
    pub(crate) event: Option<&'static str>,
    /// `pending`, `delivered` or `failed`.
    pub(crate) status: &'static str,
    pub(crate) tries: u32,
    /// What came of the last try: an HTTP status, or what was wrong in a word.
    pub(crate) last_status: Option<String>,
    pub(crate) created_at: String,
    /// When it is tried next, while it is pending.
    pub(crate) next_try_at: Option<String>,
}
