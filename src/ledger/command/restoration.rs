//! What can be asked of a till that was restored from a backup, or begun anew from its seed.

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
    /// There is no backup: the books begin anew.
    Anew(InceptionCommand),
}

/// What is said of books that begin with a recovery from the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InceptionCommand {
    /// They do: the first that is said of all.
    Begin,
    /// The best block when the new node first knew the chain.
    At {
        /// Its height.
        height: u32,
    },
}

impl From<InceptionCommand> for Command {
    fn from(command: InceptionCommand) -> Self {
        RestorationCommand::Anew(command).into()
    }
}

impl From<RestorationCommand> for Command {
    fn from(command: RestorationCommand) -> Self {
        Self::Restoration(command)
    }
}
