//! Whose wallets a list is about: those of a key, of a login, or of whom an administrator names. Owns what
//! the `usr` parameter means; it never authenticates.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use till::holder::Wallet;
use till::id::HolderId;

use crate::lnbits::Lnbits;
use crate::lnbits::access::{AnyKey, Opened};
use crate::lnbits::bearer::Bearer;
use crate::lnbits::error::Error;
use crate::lnbits::filters::Params;

/// Parameter by which an administrator names somebody else.
const USR: &str = "usr";

/// Whose lists are looked at: a key's wallet, or all that whoever is logged in may see.
pub(crate) struct Owned(pub(crate) Vec<Wallet>);

/// What a login looks at: its own wallets and those that are shared with it; an administrator's, those of
/// the user that `usr` names. Whoever is no administrator names in vain.
pub(crate) struct Seen {
    pub(crate) user: HolderId,
    pub(crate) wallets: Vec<Wallet>,
}

impl FromRequestParts<Lnbits> for Seen {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        let Bearer(own) = Bearer::from_request_parts(parts, lnbits).await?;
        let params = Params::from_request_parts(parts, lnbits).await?;
        let named = params.get(USR).filter(|user| !user.is_empty());
        let named = match lnbits.service.holder(own).await? {
            Some(holder) if holder.is_admin => named,
            Some(_) | None => None,
        };
        // Whoever does not exist has no wallets.
        let user = named.map_or(Ok(own), str::parse);
        let wallets = match user {
            Ok(user) => lnbits.seen_by(user).await?,
            Err(_) => Vec::new(),
        };
        Ok(Self {
            user: user.unwrap_or(own),
            wallets,
        })
    }
}

impl FromRequestParts<Lnbits> for Owned {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        let has_key = parts.headers.contains_key("x-api-key")
            || query.split('&').any(|pair| pair.starts_with("api-key="));
        if has_key {
            let AnyKey(opened) = AnyKey::from_request_parts(parts, lnbits).await?;
            return Ok(Self(vec![seen(opened)?]));
        }
        let seen = Seen::from_request_parts(parts, lnbits).await?;
        Ok(Self(seen.wallets))
    }
}

/// The wallet of a key that may see what is in it.
pub(super) fn seen(opened: Opened) -> Result<Wallet, Error> {
    match opened.may.view {
        true => Ok(opened.wallet),
        false => Err(Error::new(
            StatusCode::FORBIDDEN,
            "Not allowed to view payments.",
        )),
    }
}
