//! Who is logged in: by `Authorization: Bearer`, or the cookie that a login sets. Owns the cookie's
//! name; the `usr` parameter of LNbits proves nothing here.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use till::id::HolderId;

use super::Lnbits;
use super::error::Error;
use crate::http::{Cookies, SetCookie, bearer};

/// The cookie of a login.
const COOKIE: &str = "cookie_access_token";

/// A holder who is logged in.
pub(crate) struct Bearer(pub(crate) HolderId);

impl FromRequestParts<Lnbits> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        let missing = "Missing user ID or access token.";
        let unauthorized = |detail: &str| Error::new(StatusCode::UNAUTHORIZED, detail);
        let cookies = Cookies::of(&parts.headers);
        let token = bearer(&parts.headers).or_else(|| cookies.get(COOKIE));
        let token = token.ok_or_else(|| unauthorized(missing))?;
        let invalid = || unauthorized("Invalid access token.");
        let login = lnbits.tokens.read(token, lnbits.service.now());
        let login = login.ok_or_else(invalid)?;
        let holder = lnbits.service.holder(login.holder).await?;
        let holder = holder.filter(|holder| holder.epoch == login.epoch);
        Ok(Self(holder.ok_or_else(invalid)?.id))
    }
}

impl Lnbits {
    /// The cookie of a login; an empty token deletes it.
    pub(crate) fn login_cookie(&self, token: &str) -> String {
        let is_gone = token.is_empty();
        let cookie = SetCookie {
            name: COOKIE,
            value: token,
            max_age_secs: if is_gone {
                0
            } else {
                self.tokens.lifetime_secs()
            },
            secure: self.settings.secure_cookies,
        };
        cookie.to_string()
    }
}
