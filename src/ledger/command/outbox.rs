//! What can be asked about the outbox.

use super::Command;
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
}

impl From<OutboxCommand> for Command {
    fn from(command: OutboxCommand) -> Self {
        Self::Outbox(command)
    }
}
