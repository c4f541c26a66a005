//! The tiers of callers, as extractors: a handler names the one it wants and is not run for any
//! other. Owns what each tier has to prove.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use till::access::{Role, User};
use till::id::SessionId;

use super::Credentials;
use crate::pos::Pos;
use crate::pos::error::{Case, Error};

/// A member of staff, logged in.
#[derive(Clone, Debug)]
pub(crate) struct Staff {
    /// Who it is, as of now: a role in a token may be out of date.
    pub(crate) user: User,
    /// The login.
    pub(crate) session: SessionId,
}

/// A member of staff who is an administrator.
#[derive(Clone, Debug)]
pub(crate) struct Admin(pub(crate) Staff);

/// An administrator who has typed the wallet password in this session.
#[derive(Clone, Debug)]
pub(crate) struct WalletAdmin(pub(crate) Staff);

/// Somebody who is logged in, or has a wallet token.
#[derive(Clone, Debug)]
pub(crate) struct StaffOrWallet;

impl Pos {
    /// Who an access token belongs to, if it and its session stand.
    pub(crate) async fn staff(&self, token: Option<&str>) -> Result<Staff, Error> {
        let now = self.service.now();
        let access = token.and_then(|token| self.tokens.read(token, now));
        let access = access.ok_or_else(Error::unauthorized)?;
        let staff = self.live_staff(access.session).await?;
        match staff {
            Some(staff) if staff.user.id == access.user => Ok(staff),
            Some(_) | None => Err(Error::unauthorized()),
        }
    }

    /// Whose session this is, if it stands.
    pub(crate) async fn live_staff(&self, session: SessionId) -> Result<Option<Staff>, Error> {
        let found = self.service.live_session(session).await?;
        Ok(found.map(|(user, session)| Staff {
            user,
            session: session.id,
        }))
    }

    /// The session that a wallet token was given to, if both stand. Notes the use.
    async fn wallet_session(&self, token: Option<&str>) -> Result<Option<SessionId>, Error> {
        let Some(token) = token else { return Ok(None) };
        let lifetime_secs = self.settings.wallet_token_secs;
        let token = self.service.use_wallet_token(token, lifetime_secs).await?;
        Ok(token.map(|token| token.session))
    }
}

impl FromRequestParts<Pos> for Staff {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, pos: &Pos) -> Result<Self, Error> {
        pos.staff(Credentials::of(&parts.headers).access).await
    }
}

impl FromRequestParts<Pos> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, pos: &Pos) -> Result<Self, Error> {
        let staff = Staff::from_request_parts(parts, pos).await?;
        match staff.user.role {
            Role::Admin => Ok(Self(staff)),
            Role::Cashier => Err(Error::new(Case::Forbidden, "Administrators only")),
        }
    }
}

impl FromRequestParts<Pos> for WalletAdmin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, pos: &Pos) -> Result<Self, Error> {
        let Admin(staff) = Admin::from_request_parts(parts, pos).await?;
        let wallet = Credentials::of(&parts.headers).wallet;
        if pos.wallet_session(wallet).await? == Some(staff.session) {
            return Ok(Self(staff));
        }
        let message = "Wallet access required: POST /wallet/auth first";
        Err(Error::new(Case::WalletAccessRequired, message))
    }
}

impl FromRequestParts<Pos> for StaffOrWallet {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, pos: &Pos) -> Result<Self, Error> {
        let credentials = Credentials::of(&parts.headers);
        let refused = match pos.staff(credentials.access).await {
            Ok(_staff) => return Ok(Self),
            Err(refused) => refused,
        };
        match pos.wallet_session(credentials.wallet).await? {
            Some(_session) => Ok(Self),
            None => Err(refused),
        }
    }
}
