//! What can be asked of a till that was restored from a backup.

use super::Command;
use crate::id::PaymentId;

/// What the operator of a restored till says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestorationCommand {
    /// The books end at the backup, and payments may be made all the same.
    Acknowledge,
    /// What became of a payment that was under way when the backup was taken.
    Resolve {
        /// Which payment.
        id: PaymentId,
        /// Whether the recipient has the money.
        paid: bool,
    },
}

impl From<RestorationCommand> for Command {
    fn from(command: RestorationCommand) -> Self {
        Self::Restoration(command)
    }
}
