//! Who may do what: the business, its staff, their sessions and wallet tokens. Owns the rows;
//! passwords arrive hashed and tokens as digests, so no secret is ever here.

use minicbor::{Decode, Encode};

use crate::id::{SecretHash, SessionId, UserId};
use crate::time::Timestamp;

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
}

/// Finds a user by the name they type.
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
}

impl Session {
    /// Whether the session is good at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
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
}

impl WalletToken {
    /// Whether the token is good at `now`, `lifetime_secs` after its last use at most.
    #[must_use]
    pub fn is_live(&self, now: Timestamp, lifetime_secs: u64) -> bool {
        self.revoked_at.is_none() && now < self.used_at.plus_secs(lifetime_secs)
    }
}
