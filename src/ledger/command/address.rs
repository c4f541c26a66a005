//! What can be asked about Lightning addresses.

use super::Command;
use crate::id::WalletId;
use crate::money::Sat;

/// What can be asked about Lightning addresses.
#[derive(Clone, Debug)]
pub enum AddressCommand {
    /// A wallet wants to be paid under a name, and pays the house for it.
    Claim {
        /// Which wallet.
        wallet: WalletId,
        /// The name.
        name: String,
        /// Whether nobody chose it.
        generated: bool,
        /// What it costs.
        cost: Sat,
    },
    /// A wallet does not want a name any more.
    Delete {
        /// Which wallet.
        wallet: WalletId,
        /// The name.
        name: String,
    },
    /// A name that was chosen becomes another wallet's.
    Transfer {
        /// Whose it is.
        from: WalletId,
        /// The name.
        name: String,
        /// Whose it will be.
        to: WalletId,
    },
}

impl From<AddressCommand> for Command {
    fn from(command: AddressCommand) -> Self {
        Self::Address(command)
    }
}
