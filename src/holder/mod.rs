//! Who has wallets beside the house: holders, their wallets, the keys to them, and what they share.
//! Owns the rows; passwords arrive hashed and keys as digests. One wallet is the same on every surface
//! that knows wallets; a key works only on the surface that it was made for.

use minicbor::{Decode, Encode};

use crate::access::PasswordHash;
use crate::id::{HolderId, SecretHash, ShareId, WalletId};
use crate::ledger::Origin;
use crate::time::Timestamp;

/// Somebody who has wallets (LNbits: a user; ln.bot: an account).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Holder {
    /// Who it is.
    #[n(0)]
    pub id: HolderId,
    /// What they log in with, if they may; unique.
    #[n(1)]
    pub name: Option<String>,
    /// Their password, if they may log in.
    #[n(2)]
    pub password: Option<PasswordHash>,
    /// Whether they see and do what other holders may not.
    #[n(3)]
    pub is_admin: bool,
    /// When they came.
    #[n(4)]
    pub created_at: Timestamp,
    /// When they went.
    #[n(5)]
    pub deleted_at: Option<Timestamp>,
    /// Rises when all their logins end; a login carries the number it was made with.
    #[n(6)]
    pub epoch: u32,
    /// How many wallets they ever had: the last one's number.
    #[n(7)]
    pub wallets: u32,
    /// The digest of what gives a lost account back.
    #[n(8)]
    pub recovery: Option<SecretHash>,
    /// Their own keys' digests, by slot: where the surface gives such keys.
    #[n(9)]
    #[cbor(default)]
    pub keys: Vec<SecretHash>,
}

/// How many wallets a holder may make. Deleted ones count: what happened in them is kept for good.
pub const MAX_WALLETS: u32 = 1_000;
/// How many keys of their own a holder has: one to use, and one to change over to.
pub const HOLDER_KEYS: usize = 2;

/// Finds a holder by the digest of what gives a lost account back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Recovery {
    /// The digest.
    #[n(0)]
    pub digest: SecretHash,
    /// Whose it is, or was: the holder's row tells.
    #[n(1)]
    pub holder: HolderId,
}

/// Finds a holder by the name they type.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HolderName {
    /// The name.
    #[n(0)]
    pub name: String,
    /// Whose it is.
    #[n(1)]
    pub holder: HolderId,
}

/// A wallet: a name for an account of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Wallet {
    /// Which wallet.
    #[n(0)]
    pub id: WalletId,
    /// Whose.
    #[n(1)]
    pub holder: HolderId,
    /// Counts the holder's wallets from 1.
    #[n(2)]
    pub number: u32,
    /// What its holder calls it.
    #[n(3)]
    pub name: String,
    /// What amounts are shown in beside satoshis, an ISO 4217 code.
    #[n(4)]
    pub currency: Option<String>,
    /// When it was made.
    #[n(5)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[n(6)]
    pub updated_at: Timestamp,
    /// When it was deleted: a tombstone, its history stays.
    #[n(7)]
    pub deleted_at: Option<Timestamp>,
    /// Rises when its keys are replaced: they are derived from the seed, the wallet and this.
    #[n(8)]
    pub epoch: u32,
    /// The one key that was given out for it, where keys are given and not derived.
    #[n(9)]
    pub key: Option<SecretHash>,
}

/// What opens a wallet, or a holder's account, for a program.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Key {
    /// The digest of its text.
    #[n(0)]
    pub hash: SecretHash,
    /// The surface that it is for.
    #[n(1)]
    pub origin: Origin,
    /// What it allows.
    #[n(2)]
    pub scope: KeyScope,
    /// Whose it is.
    #[n(3)]
    pub holder: HolderId,
    /// The wallet that it opens; `None` for a holder's own.
    #[n(4)]
    pub wallet: Option<WalletId>,
    /// The share that it was made for, where it opens somebody else's wallet.
    #[n(5)]
    pub share: Option<ShareId>,
    /// When it was made.
    #[n(6)]
    pub created_at: Timestamp,
    /// When it stopped being good.
    #[n(7)]
    pub revoked_at: Option<Timestamp>,
    /// What its owner knows it by: its beginning and end. Of keys that are shown once.
    #[n(8)]
    pub hint: Option<String>,
    /// When it was used last, to within [`USE_NOTED_SECS`].
    #[n(9)]
    pub last_used_at: Option<Timestamp>,
}

/// How long after a noted use of a key the next one is noted: not every call shall be a record.
pub const USE_NOTED_SECS: u64 = 600;

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum KeyScope {
    /// Seeing the wallet, and making invoices.
    #[n(0)]
    Invoice,
    /// Everything that can be done with the wallet.
    #[n(1)]
    Admin,
    /// Everything that its holder can do.
    #[n(2)]
    Holder,
}

/// A wallet that its holder shares with another.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Share {
    /// Which share.
    #[n(0)]
    pub id: ShareId,
    /// Which wallet.
    #[n(1)]
    pub wallet: WalletId,
    /// Who is invited.
    #[n(2)]
    pub to: HolderId,
    /// What they may do.
    #[n(3)]
    pub permissions: Permissions,
    /// Where it stands.
    #[n(4)]
    pub state: ShareState,
    /// When the invitation was made.
    #[n(5)]
    pub created_at: Timestamp,
    /// Counts the invitations of this holder to this wallet: keys are derived from it.
    #[n(6)]
    #[cbor(default)]
    pub epoch: u32,
    /// The keys that the other has been given.
    #[n(7)]
    #[cbor(default)]
    pub keys: Vec<SecretHash>,
}

/// Where a share stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ShareState {
    /// The other has not answered.
    #[n(0)]
    Invited,
    /// The other has the wallet in their list.
    #[n(1)]
    Accepted,
    /// The other does not want it.
    #[n(2)]
    Rejected,
    /// The wallet's holder has taken it back.
    #[n(3)]
    Revoked,
}

/// What somebody may do with a wallet that is not theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Permissions {
    /// See payments.
    #[n(0)]
    pub view: bool,
    /// Make invoices.
    #[n(1)]
    pub receive: bool,
    /// Pay.
    #[n(2)]
    pub send: bool,
    /// Rename the wallet, and share it on.
    #[n(3)]
    pub manage: bool,
}

impl Permissions {
    /// Everything: what a holder may do with their own.
    pub const ALL: Self = Self {
        view: true,
        receive: true,
        send: true,
        manage: true,
    };

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            view: self.view && other.view,
            receive: self.receive && other.receive,
            send: self.send && other.send,
            manage: self.manage && other.manage,
        }
    }

    /// Whether `other` allows nothing that these do not.
    #[must_use]
    pub fn include(self, other: Self) -> bool {
        self.and(other) == other
    }

    /// Whether they allow anything.
    #[must_use]
    pub const fn any(self) -> bool {
        self.view || self.receive || self.send || self.manage
    }
}

impl Share {
    /// The one share of a wallet with a holder: a second invitation is the same share again.
    #[must_use]
    pub fn id_of(wallet: WalletId, to: HolderId) -> ShareId {
        let both = [wallet.as_bytes().as_slice(), to.as_bytes()].concat();
        let digest = SecretHash::of(&both);
        let (id, _) = digest.as_bytes().split_at(16);
        ShareId::from_bytes(id.try_into().unwrap_or_default())
    }

    /// Whether it gives the other anything now.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self.state, ShareState::Accepted)
    }

    /// Whether the other may still answer.
    #[must_use]
    pub const fn is_invited(&self) -> bool {
        matches!(self.state, ShareState::Invited)
    }
}

impl Holder {
    /// Whether they are there.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.deleted_at.is_none()
    }
}

impl Wallet {
    /// Whether it can be used.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.deleted_at.is_none()
    }
}

impl Key {
    /// Whether it is good.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.revoked_at.is_none()
    }

    /// Whether its use at `now` need not be noted: it was, not long before.
    #[must_use]
    pub fn is_use_noted(&self, now: Timestamp) -> bool {
        let noted = self.last_used_at;
        noted.is_some_and(|noted| now < noted.plus_secs(USE_NOTED_SECS))
    }
}
