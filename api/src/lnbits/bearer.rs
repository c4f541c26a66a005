//! Who is logged in: by `Authorization: Bearer`, or the cookie that a login sets. Owns what such a token
//! must say; the `usr` parameter of LNbits proves nothing here.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use till::id::HolderId;

use super::Lnbits;
use super::error::Error;
use crate::http::{Cookies, bearer};

/// The cookie of a login.
const COOKIE: &str = "cookie_access_token";
/// The purpose of the key that signs logins.
const KEY_PURPOSE: &str = "lnbits/jwt";
/// What `typ` says, so that no other token signed with a key of ours is taken for one of these.
const LNBITS: &str = "lnbits";

/// A holder who is logged in.
pub(crate) struct Bearer(pub(crate) HolderId);

#[derive(Deserialize)]
struct Claims {
    sub: String,
    epoch: u32,
    exp: u64,
    typ: String,
}

impl FromRequestParts<Lnbits> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        let unauthorized = |detail: &str| Error::new(StatusCode::UNAUTHORIZED, detail);
        let cookies = Cookies::of(&parts.headers);
        let token = bearer(&parts.headers).or_else(|| cookies.get(COOKIE));
        let token = token.ok_or_else(|| unauthorized("Missing user ID or access token."))?;
        let invalid = || unauthorized("Invalid access token.");
        let key = DecodingKey::from_secret(&lnbits.service.derive_key(KEY_PURPOSE));
        let mut validation = Validation::new(Algorithm::HS256);
        // The time is checked below, against the clock of the service: the program has but one.
        validation.validate_exp = false;
        let told = decode::<Claims>(token, &key, &validation).map_err(|_| invalid())?;
        let claims = told.claims;
        if claims.typ != LNBITS || lnbits.service.now().as_secs() >= claims.exp {
            return Err(invalid());
        }
        let id = claims.sub.parse().map_err(|_| invalid())?;
        let holder = lnbits.service.holder(id).await?;
        let holder = holder.filter(|holder| holder.epoch == claims.epoch);
        Ok(Self(holder.ok_or_else(invalid)?.id))
    }
}
