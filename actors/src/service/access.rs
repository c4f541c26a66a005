//! Sessions and wallet tokens. Owns the text forms of tokens; they are stored as digests only.

use subtle::ConstantTimeEq;
use till::access::{Business, Session, User, WalletToken};
use till::id::{SecretHash, SessionId};
use till::ledger::{AccessCommand, Refusal};

use super::Service;
use super::invoices::no_randomness;
use super::types::{OpenedSession, ServiceError};
use crate::ledger::{LedgerError, now};

impl Service {
    /// A new login of somebody whose secret was found to be right; the refresh token's text is
    /// returned once and stored as a digest.
    ///
    /// # Errors
    /// [`Refusal::UnknownSession`] if their secret, their role or they themselves have changed since
    /// the row was read.
    pub async fn open_session(
        &self,
        user: &User,
        lifetime_secs: u64,
    ) -> Result<OpenedSession, ServiceError> {
        let session = SessionId::from_bytes(random()?);
        let secret = new_secret()?;
        let row = Session {
            id: session,
            user: user.id,
            refresh: SecretHash::of(secret.as_bytes()),
            expires_at: now().plus_secs(lifetime_secs),
            revoked_at: None,
            epoch: user.sessions_epoch,
        };
        self.parts
            .ledger
            .execute(AccessCommand::OpenSession(row))
            .await?;
        Ok(OpenedSession {
            session,
            user: user.id,
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
        if !same(&row.refresh, &next) || self.live_session(session).await?.is_none() {
            return Ok(None);
        }
        let refresh_token = format!("{session}.{secret}");
        Ok(Some(OpenedSession {
            session,
            user: row.user,
            refresh_token,
        }))
    }

    /// The session with this id and whose it is, if both stand.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn live_session(
        &self,
        id: SessionId,
    ) -> Result<Option<(User, Session)>, ServiceError> {
        let Some(session) = self.row::<Session>(&id)? else {
            return Ok(None);
        };
        let user = self.row::<User>(&session.user)?;
        let user = user.filter(|user| user.admits(&session, now()));
        Ok(user.map(|user| (user, session)))
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

    /// A new wallet token of a session: its text, returned once. `epoch` is that of the password
    /// which was found to be right.
    ///
    /// # Errors
    /// [`Refusal::PasswordChanged`] if there is another password by now.
    pub async fn grant_wallet_token(
        &self,
        session: SessionId,
        epoch: u32,
    ) -> Result<String, ServiceError> {
        let (secret, token) = new_wallet_token(session, epoch)?;
        self.parts
            .ledger
            .execute(AccessCommand::GrantWalletToken(token))
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
        let (shop, now) = (self.row::<Business>(&())?, now());
        let admitted = shop.is_some_and(|shop| shop.admits(&row, now, lifetime_secs));
        if !admitted || self.live_session(row.session).await?.is_none() {
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

/// A wallet token's text, and its row.
pub(super) fn new_wallet_token(
    session: SessionId,
    epoch: u32,
) -> Result<(String, WalletToken), ServiceError> {
    let secret = new_secret()?;
    let row = WalletToken {
        token: SecretHash::of(secret.as_bytes()),
        session,
        used_at: now(),
        revoked_at: None,
        epoch,
    };
    Ok((secret, row))
}

/// 256 bits of randomness as text.
fn new_secret() -> Result<String, ServiceError> {
    Ok(hex::encode(random::<32>()?))
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes)
}

fn same(a: &SecretHash, b: &SecretHash) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
