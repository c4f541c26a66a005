//! The shop, its staff, their sessions and wallet tokens. Owns the text forms of tokens; they are
//! stored as digests only. Passwords come in hashed.

use subtle::ConstantTimeEq;
use till::access::{Business, PasswordHash, Role, Session, User, UserName, WalletToken};
use till::id::{SecretHash, SessionId, UserId};
use till::ledger::{AccessCommand, Refusal};
use till::time::Timestamp;

use super::Service;
use super::invoices::no_randomness;
use super::types::{InitialSetup, OpenedSession, ServiceError};
use crate::ledger::{LedgerError, now};

impl Service {
    /// The shop, once the till is set up.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn business(&self) -> Result<Option<Business>, ServiceError> {
        self.row(&())
    }

    /// Sets the till up, once.
    ///
    /// # Errors
    /// [`Refusal::AlreadyInitialized`] the second time.
    pub async fn initialize(&self, setup: InitialSetup) -> Result<User, ServiceError> {
        let business = Business {
            name: setup.business_name,
            currency: setup.business_currency,
            wallet_password: setup.wallet_password,
            initialized_at: Timestamp::default(),
        };
        let admin = new_user(setup.name, Role::Admin, setup.password, setup.pin)?;
        let id = admin.id;
        self.parts
            .ledger
            .execute(AccessCommand::Initialize { business, admin })
            .await?;
        self.row(&id)?.ok_or(ServiceError::Unknown)
    }

    /// Adds a member of staff.
    ///
    /// # Errors
    /// [`Refusal::NameTaken`] if somebody has that name.
    pub async fn add_user(
        &self,
        name: String,
        role: Role,
        password: PasswordHash,
        pin: PasswordHash,
    ) -> Result<User, ServiceError> {
        let user = new_user(name, role, password, pin)?;
        let id = user.id;
        self.parts
            .ledger
            .execute(AccessCommand::AddUser(user))
            .await?;
        self.row(&id)?.ok_or(ServiceError::Unknown)
    }

    /// All members of staff.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn users(&self) -> Result<Vec<User>, ServiceError> {
        self.read(|views| views.all::<User>()).await
    }

    /// The member of staff with this name.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>, ServiceError> {
        match self.row::<UserName>(&name.to_owned())? {
            Some(found) => self.row(&found.user),
            None => Ok(None),
        }
    }

    /// The member of staff with this id.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, ServiceError> {
        self.row(&id)
    }

    /// A new login; the refresh token's text is returned once and stored as a digest.
    ///
    /// # Errors
    /// [`ServiceError`] if the login could not be written down.
    pub async fn open_session(
        &self,
        user: UserId,
        lifetime_secs: u64,
    ) -> Result<OpenedSession, ServiceError> {
        let session = SessionId::from_bytes(random()?);
        let secret = new_secret()?;
        let row = Session {
            id: session,
            user,
            refresh: SecretHash::of(secret.as_bytes()),
            expires_at: now().plus_secs(lifetime_secs),
            revoked_at: None,
        };
        self.parts
            .ledger
            .execute(AccessCommand::OpenSession(row))
            .await?;
        Ok(OpenedSession {
            session,
            user,
            refresh_token: format!("{session}.{secret}"),
        })
    }

    /// Exchanges a refresh token. `None` if it is unknown, expired, or an old one: whoever presents
    /// an old one has stolen it or was stolen from, and the session has been ended.
    ///
    /// # Errors
    /// [`ServiceError`] if the exchange could not be written down.
    pub async fn rotate_session(
        &self,
        refresh_token: &str,
        lifetime_secs: u64,
    ) -> Result<Option<OpenedSession>, ServiceError> {
        let Some((session, presented)) = refresh_token.split_once('.') else {
            return Ok(None);
        };
        let Ok(session) = session.parse::<SessionId>() else {
            return Ok(None);
        };
        let secret = new_secret()?;
        let next = SecretHash::of(secret.as_bytes());
        let rotate = AccessCommand::RotateSession {
            session,
            presented: SecretHash::of(presented.as_bytes()),
            next,
            expires_at: now().plus_secs(lifetime_secs),
        };
        match self
            .parts
            .ledger
            .execute(rotate)
            .await
            .map_err(ServiceError::from)
        {
            Ok(_) => {}
            Err(ServiceError::Refused(Refusal::UnknownSession)) => return Ok(None),
            Err(error) => return Err(error),
        }
        let row = self
            .row::<Session>(&session)?
            .ok_or(ServiceError::Unknown)?;
        if !same(&row.refresh, &next) || !row.is_live(now()) {
            return Ok(None);
        }
        let refresh_token = format!("{session}.{secret}");
        Ok(Some(OpenedSession {
            session,
            user: row.user,
            refresh_token,
        }))
    }

    /// The session with this id.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, ServiceError> {
        self.row(&id)
    }

    /// Ends a session, and with it its wallet tokens.
    ///
    /// # Errors
    /// [`ServiceError`] if that could not be written down.
    pub async fn end_session(&self, id: SessionId) -> Result<(), ServiceError> {
        self.parts
            .ledger
            .execute(AccessCommand::EndSession { session: id })
            .await?;
        Ok(())
    }

    /// A new wallet token of a session: its text, returned once.
    ///
    /// # Errors
    /// [`ServiceError`] if it could not be written down.
    pub async fn grant_wallet_token(&self, session: SessionId) -> Result<String, ServiceError> {
        let secret = new_secret()?;
        let token = SecretHash::of(secret.as_bytes());
        let row = WalletToken {
            token,
            session,
            used_at: now(),
            revoked_at: None,
        };
        self.parts
            .ledger
            .execute(AccessCommand::GrantWalletToken(row))
            .await?;
        Ok(secret)
    }

    /// The token's row if it and its session are live; notes the use.
    ///
    /// # Errors
    /// [`ServiceError`] if the use could not be written down.
    pub async fn use_wallet_token(
        &self,
        token: &str,
        lifetime_secs: u64,
    ) -> Result<Option<WalletToken>, ServiceError> {
        let token = SecretHash::of(token.as_bytes());
        let Some(row) = self.row::<WalletToken>(&token)? else {
            return Ok(None);
        };
        let session = self.row::<Session>(&row.session)?;
        let now = now();
        let session_is_live = session.is_some_and(|session| session.is_live(now));
        if !session_is_live || !row.is_live(now, lifetime_secs) {
            return Ok(None);
        }
        if row.used_at.plus_secs(till::access::TOUCH_EVERY_SECS) <= now {
            self.parts
                .ledger
                .execute(AccessCommand::TouchWalletToken { token })
                .await?;
        }
        Ok(Some(row))
    }

    /// Gives a wallet token back. One that is not known is none.
    ///
    /// # Errors
    /// [`ServiceError`] if that could not be written down.
    pub async fn revoke_wallet_token(&self, token: &str) -> Result<(), ServiceError> {
        let token = SecretHash::of(token.as_bytes());
        let revoked = self
            .parts
            .ledger
            .execute(AccessCommand::RevokeWalletToken { token })
            .await;
        if let Err(error) = revoked
            && error != LedgerError::Refused(Refusal::UnknownSession)
        {
            return Err(error.into());
        }
        Ok(())
    }
}

fn new_user(
    name: String,
    role: Role,
    password: PasswordHash,
    pin: PasswordHash,
) -> Result<User, ServiceError> {
    let id = UserId::from_bytes(random()?);
    Ok(User {
        id,
        name,
        role,
        password,
        pin,
        created_at: Timestamp::default(),
    })
}

/// 256 bits of randomness as text.
fn new_secret() -> Result<String, ServiceError> {
    Ok(hex::encode(random::<32>()?))
}

fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes)
}

fn same(a: &SecretHash, b: &SecretHash) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
