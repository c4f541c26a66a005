//! Who calls: by a wallet's key in `X-Api-Key` or `?api-key=`. Owns what each key opens.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use till::holder::{KeyScope, Permissions, Share, Wallet};
use till::ledger::{Origin, WalletRef};

use super::error::Error;
use super::{Dialect, Lnbits, shared};

/// The header of a wallet's key.
const API_KEY: &str = "x-api-key";
/// The longest key that is looked up, in bytes.
const MAX_KEY_BYTES: usize = 128;

/// A wallet, opened by one of its keys.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// Which.
    pub(crate) wallet: Wallet,
    /// What may be done with it.
    pub(crate) may: Permissions,
    /// Whether by its admin key.
    pub(crate) by_admin_key: bool,
    /// The share that the key belongs to, where the wallet is somebody else's.
    pub(crate) share: Option<Share>,
}

impl Opened {
    /// The wallet as the ledger knows it.
    pub(crate) const fn account(&self) -> WalletRef {
        WalletRef::Wallet(self.wallet.id)
    }
}

/// Either key.
pub(crate) struct AnyKey(pub(crate) Opened);

/// The admin key.
pub(crate) struct AdminKey(pub(crate) Opened);

impl FromRequestParts<Lnbits> for AnyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        open(parts, lnbits).await.map(Self)
    }
}

impl FromRequestParts<Lnbits> for AdminKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        let opened = open(parts, lnbits).await?;
        if !opened.by_admin_key {
            return Err(Error::new(StatusCode::FORBIDDEN, "Invalid adminkey."));
        }
        Ok(Self(opened))
    }
}

/// A key, or, where real servers ask for none, nobody. One that opens nothing is as good as none there.
pub(crate) struct MaybeKey(pub(crate) Option<Opened>);

impl FromRequestParts<Lnbits> for MaybeKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        let opens_nothing = [StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND];
        match (open(parts, lnbits).await, lnbits.settings.dialect) {
            (Ok(opened), _) => Ok(Self(Some(opened))),
            (Err(error), Dialect::V1) if opens_nothing.contains(&error.status()) => Ok(Self(None)),
            (Err(error), Dialect::V1 | Dialect::Documented) => Err(error),
        }
    }
}

async fn open(parts: &Parts, lnbits: &Lnbits) -> Result<Opened, Error> {
    let missing = || Error::new(StatusCode::UNAUTHORIZED, "No Api Key provided.");
    let opened = opened_by_key(lnbits, &key(parts).ok_or_else(missing)?).await?;
    let is_shared = opened.share.is_some();
    if is_shared && !shared::allows(opened.may, &parts.method, parts.uri.path()) {
        let detail = "The wallet is shared without that permission.";
        return Err(Error::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(opened)
}

/// The wallet that the text of a key opens; what a share allows is the caller's to look at.
pub(super) async fn opened_by_key(lnbits: &Lnbits, text: &str) -> Result<Opened, Error> {
    let opened = match text.len() <= MAX_KEY_BYTES {
        true => lnbits.service.opened_by(Origin::Lnbits, text).await?,
        false => None,
    };
    let unknown = || match lnbits.settings.dialect {
        Dialect::Documented => Error::new(StatusCode::UNAUTHORIZED, "Invalid key."),
        Dialect::V1 => Error::new(StatusCode::NOT_FOUND, "Wallet not found."),
    };
    let opened = opened.ok_or_else(unknown)?;
    let by_admin_key = opened.key.scope == KeyScope::Admin;
    let of_key = Permissions {
        view: true,
        receive: true,
        send: by_admin_key,
        manage: by_admin_key,
    };
    let may = match &opened.share {
        None => of_key,
        Some(share) => of_key.and(share.permissions),
    };
    Ok(Opened {
        wallet: opened.wallet,
        may,
        by_admin_key,
        share: opened.share,
    })
}

/// The key of a request: the header's, or else the query's.
fn key(parts: &Parts) -> Option<String> {
    if let Some(header) = parts.headers.get(API_KEY) {
        return header.to_str().ok().map(str::to_owned);
    }
    let query = parts.uri.query()?;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    let named = pairs.into_iter().find(|(name, _)| name == "api-key");
    named.map(|(_, value)| value)
}
