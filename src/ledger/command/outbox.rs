//! What can be asked about the outbox.

use super::Command;
use crate::id::{WalletId, WebhookId};
use crate::outbox::Verdict;

/// What can be asked about the outbox.
#[derive(Clone, Debug)]
pub enum OutboxCommand {
    /// A delivery was tried.
    Tried {
        /// Which.
        number: u64,
        /// Which try it was, from 1: what is told twice counts once.
        attempt: u32,
        /// What came of it.
        verdict: Verdict,
        /// An HTTP status, or what is wrong in a word.
        status: String,
    },
    /// Somebody wants to be told of everything in a wallet.
    AddWebhook {
        /// Our name for it; fresh randomness.
        id: WebhookId,
        /// Which wallet.
        wallet: WalletId,
        /// Where they are.
        url: String,
    },
    /// They do not want to any more; what waits for them is dropped.
    DeleteWebhook {
        /// Which wallet.
        wallet: WalletId,
        /// Which of its webhooks.
        id: WebhookId,
    },
}

impl From<OutboxCommand> for Command {
    fn from(command: OutboxCommand) -> Self {
        Self::Outbox(command)
    }
}
