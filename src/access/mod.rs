//! Who may do what: the business, its staff, their sessions and wallet tokens. Owns the rows;
//! passwords arrive hashed and tokens as digests, so no secret is ever here.
//!
//! Many sessions or tokens end at once by a number: a session carries its user's
//! [`sessions_epoch`](User::sessions_epoch), a wallet token the shop's
//! [`wallet_epoch`](Business::wallet_epoch), and one of an earlier number is not good any more. So
//! nobody has to find them, ending them is one row, and a login that was checked against the old
//! password cannot slip in after the change. A moment would not do: two records may have the same.

mod note;

use minicbor::{Decode, Encode};

use crate::id::{SecretHash, SessionId, UserId};
use crate::time::Timestamp;

pub use note::{AccessAction, AccessNote, Subject, UserChanges};

/// The longest name of a user or a business, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// A wallet token's last use is written down at most this often.
pub const TOUCH_EVERY_SECS: u64 = 30;

/// What a member of staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Makes invoices and hears of their payment.
    #[n(0)]
    Cashier,
    /// Everything else too.
    #[n(1)]
    Admin,
}

/// An Argon2id hash in PHC string form. Redacted in `Debug`: it can be guessed at offline.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PasswordHash(#[n(0)] String);

impl PasswordHash {
    /// Wraps a PHC string (`$argon2id$...`).
    #[must_use]
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, for verification.
    #[must_use]
    pub fn phc(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// The shop itself: there is exactly one once the till is set up.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Business {
    /// What it calls itself.
    #[n(0)]
    pub name: Option<String>,
    /// The currency it counts in, an ISO 4217 code.
    #[n(1)]
    pub currency: Option<String>,
    /// Opens the wallet routes for an administrator.
    #[n(2)]
    pub wallet_password: PasswordHash,
    /// When the till was set up.
    #[n(3)]
    pub initialized_at: Timestamp,
    /// How often the wallet password was changed; tokens of an earlier one are not good.
    #[n(4)]
    #[cbor(default)]
    pub wallet_epoch: u32,
    /// How many administrators there are. Kept by the ledger: one must always be left.
    #[n(5)]
    #[cbor(default)]
    pub admins: u32,
    /// How many [`AccessNote`]s there are: the last one's number.
    #[n(6)]
    #[cbor(default)]
    pub notes: u64,
}

impl Business {
    /// Whether a wallet token is good at `now`, `lifetime_secs` after its last use at most. Its
    /// session has to stand, too.
    #[must_use]
    pub fn admits(&self, token: &WalletToken, now: Timestamp, lifetime_secs: u64) -> bool {
        token.epoch == self.wallet_epoch && token.is_live(now, lifetime_secs)
    }
}

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct User {
    /// Who it is.
    #[n(0)]
    pub id: UserId,
    /// What they log in with; unique.
    #[n(1)]
    pub name: String,
    /// What they may do.
    #[n(2)]
    pub role: Role,
    /// Their password.
    #[n(3)]
    pub password: PasswordHash,
    /// Their PIN, for a quick login at the till.
    #[n(4)]
    pub pin: PasswordHash,
    /// When they were added.
    #[n(5)]
    pub created_at: Timestamp,
    /// How often all their sessions were ended; those of an earlier number are not good.
    #[n(6)]
    #[cbor(default)]
    pub sessions_epoch: u32,
    /// When they were deleted. The row stays, for what names them; the name is free again.
    #[n(7)]
    pub deleted_at: Option<Timestamp>,
}

impl User {
    /// Whether they are on the staff still.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Whether they are on the staff, as an administrator.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        match self.role {
            Role::Admin => self.is_present(),
            Role::Cashier => false,
        }
    }

    /// Whether this is who logs in with `name`.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.is_present() && self.name == name
    }

    /// Whether a session of theirs is good at `now`.
    #[must_use]
    pub fn admits(&self, session: &Session, now: Timestamp) -> bool {
        let theirs = session.user == self.id && session.epoch == self.sessions_epoch;
        theirs && self.is_present() && session.is_live(now)
    }
}

/// Finds who was last given a name. They may have been deleted or renamed since: ask whether they
/// [answer to it](User::answers_to).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct UserName {
    /// The name.
    #[n(0)]
    pub name: String,
    /// Whose it is.
    #[n(1)]
    pub user: UserId,
}

/// A login. Its refresh token rotates; using an old one ends the session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    /// Which session.
    #[n(0)]
    pub id: SessionId,
    /// Whose.
    #[n(1)]
    pub user: UserId,
    /// The digest of the one refresh token that is good now.
    #[n(2)]
    pub refresh: SecretHash,
    /// When that token stops being good.
    #[n(3)]
    pub expires_at: Timestamp,
    /// When the session was ended on purpose.
    #[n(4)]
    pub revoked_at: Option<Timestamp>,
    /// The user's [`sessions_epoch`](User::sessions_epoch) when they logged in.
    #[n(5)]
    #[cbor(default)]
    pub epoch: u32,
}

impl Session {
    /// Whether the session itself is good at `now`; its user has to [admit](User::admits) it, too.
    #[must_use]
    fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Proof that an administrator typed the wallet password. Good for a time after its last use.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WalletToken {
    /// The digest of the token.
    #[n(0)]
    pub token: SecretHash,
    /// The session it was given to; it ends with it.
    #[n(1)]
    pub session: SessionId,
    /// When it was last used, to the minute or so.
    #[n(2)]
    pub used_at: Timestamp,
    /// When it was given back.
    #[n(3)]
    pub revoked_at: Option<Timestamp>,
    /// The shop's [`wallet_epoch`](Business::wallet_epoch) when the password was typed.
    #[n(4)]
    #[cbor(default)]
    pub epoch: u32,
}

impl WalletToken {
    fn is_live(&self, now: Timestamp, lifetime_secs: u64) -> bool {
        self.revoked_at.is_none() && now < self.used_at.plus_secs(lifetime_secs)
    }
}
