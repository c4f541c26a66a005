//! Index entries of holders, wallets, keys and shares, and of a wallet's one list of everything. Owns
//! their keys and the queries that read them.

use till::address::Address;
use till::holder::{Key, Share, ShareState, Wallet};
use till::id::{HolderId, PaymentHash, PaymentId, SecretHash, ShareId, TxId, WalletId};
use till::ledger::WalletRef;
use till::ledger::entity::Damaged;

use super::index::{Entries, Index, numbered, single};
use super::{ViewError, Views};

/// What came or went, as [`Index::Entries`] finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An invoice.
    Invoice(PaymentHash),
    /// A payment.
    Payment(PaymentId),
    /// A deposit.
    Deposit(TxId),
}

impl Entry {
    fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Invoice(hash) => [b"i", hash.as_bytes().as_slice()].concat(),
            Self::Payment(id) => [b"p", id.as_bytes().as_slice()].concat(),
            Self::Deposit(tx_id) => [b"d", tx_id.as_bytes().as_slice()].concat(),
        }
    }

    /// Reads what stands in an entry's value, and hands back the [`Brief`](super::Brief) behind it.
    ///
    /// # Errors
    /// [`Damaged`] if that is no such thing.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Damaged> {
        let damaged = || Damaged {
            key: hex::encode(bytes),
            why: "an entry names nothing".into(),
        };
        let (kind, rest) = bytes.split_first().ok_or_else(damaged)?;
        let hash = || rest.split_first_chunk::<32>().ok_or_else(damaged);
        Ok(match kind {
            b'i' => {
                let (hash, brief) = hash()?;
                (Self::Invoice(PaymentHash::from_bytes(*hash)), brief)
            }
            b'p' => {
                let (id, brief) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
                (Self::Payment(PaymentId::from_bytes(*id)), brief)
            }
            b'd' => {
                let (tx_id, brief) = hash()?;
                (Self::Deposit(TxId::from_bytes(*tx_id)), brief)
            }
            _ => return Err(damaged()),
        })
    }
}

/// An entry of a wallet's one list, with what is searched of it.
pub(super) fn entry(
    wallet: WalletRef,
    entry: u32,
    what: Entry,
    brief: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let mut value = what.to_bytes();
    value.extend(brief);
    (numbered(Index::Entries, wallet, entry), value)
}

pub(super) fn wallet(wallet: &Wallet) -> Entries {
    if !wallet.is_open() {
        return Entries::new();
    }
    let mut key = single(Index::WalletsOfHolder, wallet.holder.as_bytes());
    key.extend(wallet.number.to_be_bytes());
    vec![(key, wallet.id.as_bytes().to_vec())]
}

pub(super) fn key(key: &Key) -> Entries {
    match key.wallet {
        Some(wallet) if key.is_live() => {
            let tail = [wallet.as_bytes().as_slice(), key.hash.as_bytes()].concat();
            vec![(single(Index::KeysOfWallet, &tail), Vec::new())]
        }
        Some(_) | None => Entries::new(),
    }
}

pub(super) fn address(address: &Address) -> Entries {
    if !address.is_live() {
        return Entries::new();
    }
    let tail = [
        address.wallet.as_bytes().as_slice(),
        address.name.as_bytes(),
    ]
    .concat();
    vec![(single(Index::AddressesOfWallet, &tail), Vec::new())]
}

pub(super) fn share(share: &Share) -> Entries {
    match share.state {
        ShareState::Rejected | ShareState::Revoked => Entries::new(),
        ShareState::Invited | ShareState::Accepted => {
            let to = [share.to.as_bytes().as_slice(), share.id.as_bytes()].concat();
            let of = [share.wallet.as_bytes().as_slice(), share.id.as_bytes()].concat();
            vec![
                (single(Index::SharesTo, &to), Vec::new()),
                (single(Index::SharesOfWallet, &of), Vec::new()),
            ]
        }
    }
}

impl Views {
    /// A holder's wallets, the oldest first.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn wallets_of(&self, holder: HolderId) -> Result<Vec<Wallet>, ViewError> {
        self.vital(|| {
            let prefix = single(Index::WalletsOfHolder, holder.as_bytes());
            let mut wallets = Vec::new();
            for found in self.tree.scan_prefix(prefix).values() {
                let id = last::<16>(&found?)?;
                wallets.extend(self.get::<Wallet>(&WalletId::from_bytes(id))?);
            }
            Ok(wallets)
        })
    }

    /// The good keys of a wallet.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn keys_of(&self, wallet: WalletId) -> Result<Vec<Key>, ViewError> {
        self.vital(|| {
            let prefix = single(Index::KeysOfWallet, wallet.as_bytes());
            let mut keys = Vec::new();
            for found in self.tree.scan_prefix(prefix).keys() {
                let hash = last::<32>(&found?)?;
                keys.extend(self.get::<Key>(&SecretHash::from_bytes(hash))?);
            }
            Ok(keys)
        })
    }

    /// A wallet's Lightning addresses that can be paid, by name.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn addresses_of(&self, wallet: WalletId) -> Result<Vec<Address>, ViewError> {
        self.vital(|| {
            let prefix = single(Index::AddressesOfWallet, wallet.as_bytes());
            let mut addresses = Vec::new();
            for found in self.tree.scan_prefix(&prefix).keys() {
                let found = found?;
                let name = found.get(prefix.len()..).unwrap_or_default();
                let name = String::from_utf8_lossy(name).into_owned();
                addresses.extend(self.get::<Address>(&name)?);
            }
            Ok(addresses)
        })
    }

    /// What is shared with a holder, invitations included.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn shares_to(&self, holder: HolderId) -> Result<Vec<Share>, ViewError> {
        self.shares(&single(Index::SharesTo, holder.as_bytes()))
    }

    /// With whom a wallet is shared, invitations included.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn shares_of(&self, wallet: WalletId) -> Result<Vec<Share>, ViewError> {
        self.shares(&single(Index::SharesOfWallet, wallet.as_bytes()))
    }

    fn shares(&self, prefix: &[u8]) -> Result<Vec<Share>, ViewError> {
        self.vital(|| {
            let mut shares = Vec::new();
            for found in self.tree.scan_prefix(prefix).keys() {
                let id = last::<16>(&found?)?;
                shares.extend(self.get::<Share>(&ShareId::from_bytes(id))?);
            }
            Ok(shares)
        })
    }
}

fn last<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Damaged> {
    bytes.last_chunk::<N>().copied().ok_or_else(|| Damaged {
        key: hex::encode(bytes),
        why: "an index entry is too short".into(),
    })
}
