//! What can be asked about holders of wallets.

use super::Command;
use crate::holder::{Holder, Key, Permissions, Wallet};
use crate::id::{HolderId, PaymentHash, SecretHash, ShareId, WalletId};

/// What can be asked about holders of wallets, their keys and shares.
#[derive(Clone, Debug)]
pub enum HolderCommand {
    /// Somebody comes, maybe with a first wallet.
    Add {
        /// Who.
        holder: Box<Holder>,
        /// Their own keys, where the surface gives such.
        keys: Vec<Key>,
        /// Their first wallet.
        wallet: Option<WalletKeys>,
    },
    /// A holder wants another wallet.
    AddWallet(WalletKeys),
    /// All logins of a holder end.
    EndLogins {
        /// Whose.
        holder: HolderId,
    },
    /// A wallet gets another name or currency.
    ChangeWallet {
        /// Which.
        wallet: WalletId,
        /// Its name from now on.
        name: Option<String>,
        /// Its currency from now on; an empty text is none.
        currency: Option<String>,
    },
    /// A wallet gets other keys, and the present ones stop being good.
    ReplaceKeys {
        /// Which.
        wallet: WalletId,
        /// The wallet's epoch that the present keys were derived from: refused if it has changed.
        epoch: u32,
        /// The present ones.
        old: Vec<SecretHash>,
        /// Those of the next epoch.
        new: Vec<Key>,
    },
    /// A wallet is wanted no more: its invoices are cancelled, and what is left is the house's.
    DeleteWallet {
        /// Which.
        wallet: WalletId,
        /// Its invoices that are open, being claimed or held, as far as the caller has seen: refused
        /// if there are others by now.
        live: Vec<PaymentHash>,
    },
    /// One of a holder's own keys is replaced, and stops being good.
    ReplaceOwnKey {
        /// Whose.
        holder: HolderId,
        /// Which, from 0.
        slot: usize,
        /// The new one.
        key: Box<Key>,
    },
    /// What gives a lost account back is another from now on.
    SetRecovery {
        /// Whose.
        holder: HolderId,
        /// Its digest.
        digest: SecretHash,
    },
    /// Whoever knows what gives a lost account back gets new keys, and the old ones stop being good.
    Restore {
        /// The digest of what they know.
        digest: SecretHash,
        /// The new keys, one for each slot.
        keys: Vec<Key>,
    },
    /// The one key that a wallet has where keys are given out.
    WalletKey {
        /// Which wallet.
        wallet: WalletId,
        /// What becomes of it.
        change: KeyChange,
    },
    /// A key was used.
    NoteUse {
        /// Which.
        key: SecretHash,
    },
    /// Something about a share of a wallet.
    Share(ShareCommand),
}

/// What becomes of the one key that was given out for a wallet.
#[derive(Clone, Debug)]
pub enum KeyChange {
    /// There is one from now on; refused if there was.
    Give(Box<Key>),
    /// There is another from now on; refused if there was none.
    Rotate(Box<Key>),
    /// There is none from now on; refused if there was none.
    Revoke,
}

/// What can be asked about shares.
#[derive(Clone, Debug)]
pub enum ShareCommand {
    /// A holder is invited to a wallet.
    Invite {
        /// Which wallet.
        wallet: WalletId,
        /// Who.
        to: HolderId,
        /// What they may do.
        permissions: Permissions,
    },
    /// The invited one wants it.
    Accept {
        /// Which share.
        share: ShareId,
        /// The invitation that the keys were derived from: refused if there is another by now.
        epoch: u32,
        /// The other's keys.
        keys: Vec<Key>,
    },
    /// The invited one does not want it, or not any more.
    Reject {
        /// Which share.
        share: ShareId,
    },
    /// The wallet's holder takes it back.
    Revoke {
        /// Which share.
        share: ShareId,
    },
}

/// A wallet that is made, with its keys. Numbers and times are the ledger's to fill in.
#[derive(Clone, Debug)]
pub struct WalletKeys {
    /// The wallet.
    pub wallet: Box<Wallet>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// The name under which it can be paid from the beginning, where nobody chooses one.
    pub address: Option<String>,
}

impl From<HolderCommand> for Command {
    fn from(command: HolderCommand) -> Self {
        Self::Holder(Box::new(command))
    }
}
