//! Who calls: by `Authorization: Bearer uk_...` (a user's) or `wk_...` (a wallet's). Owns what each key
//! opens: somebody else's wallet is as unknown as one that does not exist.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use till::holder::{Holder, Wallet};
use till::id::HolderId;
use till::ledger::{Origin, WalletRef};
use till_actors::service::Bearer;

use super::error::Error;
use super::{Lnbot, id};
use crate::http::bearer;

/// The longest key that is looked up, in bytes.
pub(crate) const MAX_KEY_BYTES: usize = 128;
/// How a wallet's own key names its wallet.
const CURRENT: &str = "current";
/// The part of the path that names the wallet.
const WALLET_ID: &str = "wallet_id";

/// A user, by one of their own keys.
pub(crate) struct UserKey {
    /// Who.
    pub(crate) holder: Holder,
}

/// Either key.
pub(crate) struct AnyKey(pub(crate) Bearer);

/// The wallet that the path names, opened by its own key or by its user's.
pub(crate) struct OwnWallet(pub(crate) Wallet);

impl OwnWallet {
    /// The wallet as the ledger knows it.
    pub(crate) const fn account(&self) -> WalletRef {
        WalletRef::Wallet(self.0.id)
    }
}

/// The same, by its user's key alone.
pub(crate) struct UsersWallet(pub(crate) Wallet);

impl FromRequestParts<Lnbot> for AnyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbot: &Lnbot) -> Result<Self, Error> {
        open(parts, lnbot).await.map(Self)
    }
}

impl FromRequestParts<Lnbot> for UserKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbot: &Lnbot) -> Result<Self, Error> {
        match open(parts, lnbot).await? {
            Bearer::Holder { holder, .. } => Ok(Self { holder: *holder }),
            Bearer::Wallet(_) => Err(needs_user_key()),
        }
    }
}

impl FromRequestParts<Lnbot> for OwnWallet {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbot: &Lnbot) -> Result<Self, Error> {
        let bearer = open(parts, lnbot).await?;
        let named = named_wallet(parts, lnbot).await?;
        match bearer {
            Bearer::Wallet(own) if named == CURRENT || id::parse_wallet(&named) == Some(own.id) => {
                Ok(Self(*own))
            }
            Bearer::Wallet(_) => Err(Error::unknown_wallet()),
            Bearer::Holder { holder, .. } => users_wallet(lnbot, holder.id, &named).await.map(Self),
        }
    }
}

impl FromRequestParts<Lnbot> for UsersWallet {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbot: &Lnbot) -> Result<Self, Error> {
        let UserKey { holder } = UserKey::from_request_parts(parts, lnbot).await?;
        let named = named_wallet(parts, lnbot).await?;
        users_wallet(lnbot, holder.id, &named).await.map(Self)
    }
}

async fn users_wallet(lnbot: &Lnbot, holder: HolderId, named: &str) -> Result<Wallet, Error> {
    if named == CURRENT {
        let why = "\"current\" is for wallet keys; name the wallet by its id";
        return Err(Error::bad_request(why));
    }
    let id = id::parse_wallet(named).ok_or_else(Error::unknown_wallet)?;
    let wallet = lnbot.service.wallet(id).await?;
    let own = wallet.filter(|wallet| wallet.holder == holder && wallet.is_open());
    own.ok_or_else(Error::unknown_wallet)
}

async fn named_wallet(parts: &mut Parts, lnbot: &Lnbot) -> Result<String, Error> {
    let params = RawPathParams::from_request_parts(parts, lnbot).await;
    let params = params.map_err(|_| Error::bad_request("the path cannot be read"))?;
    let named = params.iter().find(|(name, _)| *name == WALLET_ID);
    Ok(named.map(|(_, id)| id.to_owned()).unwrap_or_default())
}

async fn open(parts: &Parts, lnbot: &Lnbot) -> Result<Bearer, Error> {
    let missing = || Error::new(StatusCode::UNAUTHORIZED, "An API key is required.");
    let text = bearer(&parts.headers).ok_or_else(missing)?;
    let opened = match text.len() <= MAX_KEY_BYTES {
        true => lnbot.service.bearer_of(Origin::Lnbot, text).await?,
        false => None,
    };
    opened.ok_or_else(|| Error::new(StatusCode::UNAUTHORIZED, "Invalid API key."))
}

fn needs_user_key() -> Error {
    Error::new(StatusCode::FORBIDDEN, "This needs a user key (uk_).")
}
