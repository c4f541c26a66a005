//! What can be asked about holders of wallets.

use super::Command;
use crate::holder::{Holder, Key, Wallet};

/// What can be asked about holders of wallets, their keys and shares.
#[derive(Clone, Debug)]
pub enum HolderCommand {
    /// Somebody comes, maybe with a first wallet.
    Add {
        /// Who.
        holder: Box<Holder>,
        /// Their own key, where the surface gives one.
        key: Option<Box<Key>>,
        /// Their first wallet.
        wallet: Option<WalletKeys>,
    },
    /// A holder wants another wallet.
    AddWallet(WalletKeys),
}

/// A wallet that is made, with its keys. Numbers and times are the ledger's to fill in.
#[derive(Clone, Debug)]
pub struct WalletKeys {
    /// The wallet.
    pub wallet: Box<Wallet>,
    /// Its keys.
    pub keys: Vec<Key>,
}

impl From<HolderCommand> for Command {
    fn from(command: HolderCommand) -> Self {
        Self::Holder(command)
    }
}
