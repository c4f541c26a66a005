//! What can be asked about staff, sessions and wallet tokens.

use super::{Command, WalletKeys};
use crate::access::{AccessAction, Business, PasswordHash, Role, Session, User, WalletToken};
use crate::holder::Holder;
use crate::id::{SecretHash, SessionId, UserId};
use crate::time::Timestamp;

/// What can be asked about staff, sessions and wallet tokens.
#[derive(Clone, Debug)]
pub enum AccessCommand {
    /// The first set-up: the shop and its first administrator.
    Initialize {
        /// The shop.
        business: Business,
        /// Its first administrator.
        admin: User,
        /// The same person as a holder of wallets, and their first one.
        holder: Option<(Box<Holder>, WalletKeys)>,
    },
    /// Another member of staff.
    AddUser {
        /// Who asks.
        by: UserId,
        /// The new one.
        user: User,
    },
    /// A member of staff gets another name, role, password or PIN.
    ChangeUser {
        /// Who asks.
        by: UserId,
        /// Whom it is about.
        user: UserId,
        /// What becomes different.
        change: UserChange,
    },
    /// A member of staff leaves.
    DeleteUser {
        /// Who asks.
        by: UserId,
        /// Whom it is about.
        user: UserId,
    },
    /// All sessions of a member of staff end, and their wallet tokens with them.
    EndSessions {
        /// Who asks.
        by: UserId,
        /// Whom it is about.
        user: UserId,
    },
    /// Another wallet password: every wallet token ends, and the one who asks gets a new one.
    ChangeWalletPassword {
        /// Who asks.
        by: UserId,
        /// The new password.
        password: PasswordHash,
        /// The token of the one who asks, with the epoch of the password that they typed.
        token: WalletToken,
    },
    /// Somebody does what the log shall tell.
    NoteAccess {
        /// Who.
        by: UserId,
        /// What.
        action: AccessAction,
    },
    /// A login.
    OpenSession(Session),
    /// A refresh token is used: exchanged for `next`, or the session ends if it is an old one.
    RotateSession {
        /// Which session.
        session: SessionId,
        /// The digest of the token that was presented.
        presented: SecretHash,
        /// The digest of the token that replaces it.
        next: SecretHash,
        /// When that one stops being good.
        expires_at: Timestamp,
    },
    /// A logout: the session and its wallet tokens end.
    EndSession {
        /// Which session.
        session: SessionId,
    },
    /// The wallet password was typed correctly.
    GrantWalletToken(WalletToken),
    /// A wallet token is used.
    TouchWalletToken {
        /// Its digest.
        token: SecretHash,
    },
    /// A wallet token is given back.
    RevokeWalletToken {
        /// Its digest.
        token: SecretHash,
    },
}

/// What becomes different of a member of staff; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What they log in with.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Their password.
    pub password: Option<PasswordHash>,
    /// Their PIN.
    pub pin: Option<PasswordHash>,
}

impl From<AccessCommand> for Command {
    fn from(command: AccessCommand) -> Self {
        Self::Access(Box::new(command))
    }
}
