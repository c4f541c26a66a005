//! The log of what is worth asking about later: who read a secret, took the books along, or changed
//! who may do what. Owns its rows; in which words they are shown is the surface's.

use minicbor::{Decode, Encode};

use super::Role;
use crate::id::UserId;
use crate::time::Timestamp;

/// One line of the log. Lines are numbered from 1 without a gap, so that a page of them is
/// arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AccessNote {
    /// Its number.
    #[n(0)]
    pub number: u64,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// Who did it.
    #[n(2)]
    pub user: UserId,
    /// What they were called then.
    #[n(3)]
    pub user_name: String,
    /// What they did.
    #[n(4)]
    pub action: AccessAction,
}

/// What somebody did. No variant holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum AccessAction {
    /// Asked for the words of the seed, and may have them.
    #[n(0)]
    SeedRead,
    /// Asked for the words of the seed with a wrong password.
    #[n(1)]
    SeedRefused,
    /// Took the books along.
    #[n(2)]
    Export {
        /// From when on; `None` from the beginning.
        #[n(0)]
        from: Option<Timestamp>,
        /// Until when; `None` until now.
        #[n(1)]
        to: Option<Timestamp>,
    },
    /// Changed the wallet password.
    #[n(3)]
    WalletPasswordChanged,
    /// Wanted to change the wallet password and did not know the present one.
    #[n(4)]
    WalletPasswordRefused,
    /// Added a member of staff.
    #[n(5)]
    UserAdded(#[n(0)] Subject),
    /// Changed a member of staff.
    #[n(6)]
    UserChanged(#[n(0)] Subject, #[n(1)] UserChanges),
    /// Deleted a member of staff.
    #[n(7)]
    UserDeleted(#[n(0)] Subject),
    /// Ended all sessions of a member of staff.
    #[n(8)]
    SessionsEnded(#[n(0)] Subject),
}

/// The member of staff to whom something was done, as they were afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Subject {
    /// Who.
    #[n(0)]
    pub user: UserId,
    /// What they were called.
    #[n(1)]
    pub name: String,
    /// What they might do.
    #[n(2)]
    pub role: Role,
}

/// What was changed of a member of staff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct UserChanges {
    /// The name.
    #[n(0)]
    pub name: bool,
    /// The role.
    #[n(1)]
    pub role: bool,
    /// The password.
    #[n(2)]
    pub password: bool,
    /// The PIN.
    #[n(3)]
    pub pin: bool,
}

impl UserChanges {
    /// Whether anything was.
    #[must_use]
    pub const fn any(self) -> bool {
        self.name || self.ends_sessions()
    }

    /// Whether it changed how they log in or what they may do: whoever is logged in as them has
    /// shown something that is not good any more.
    #[must_use]
    pub const fn ends_sessions(self) -> bool {
        self.role || self.password || self.pin
    }
}
