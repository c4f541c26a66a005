//! The tokens that a request carries, and the cookies that carry them back. Owns their names and
//! which header stands for which cookie; does not know whether they are good.

use axum::http::HeaderMap;

use crate::http::{Cookies, SetCookie, bearer};
use crate::pos::settings::Settings;

/// The cookie of the access token.
pub(crate) const ACCESS: &str = "accessToken";
/// The cookie of the refresh token.
pub(crate) const REFRESH: &str = "refreshToken";
/// The cookie of the wallet token.
pub(crate) const WALLET: &str = "walletAccessToken";

/// The tokens of one request. A bearer token stands in for the cookie: one of the shape of a JWT
/// for the access token, any other for the wallet token.
pub(crate) struct Credentials<'a> {
    /// The access token.
    pub(crate) access: Option<&'a str>,
    /// The wallet token.
    pub(crate) wallet: Option<&'a str>,
    /// The refresh token; on the routes that want one, a bearer token may stand in for it.
    pub(crate) refresh: Option<&'a str>,
}

impl<'a> Credentials<'a> {
    /// The tokens in these headers.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let cookies = Cookies::of(headers);
        let (jwt, opaque) = match bearer(headers) {
            Some(token) if token.matches('.').count() == 2 => (Some(token), None),
            Some(token) => (None, Some(token)),
            None => (None, None),
        };
        Self {
            access: jwt.or_else(|| cookies.get(ACCESS)),
            wallet: opaque.or_else(|| cookies.get(WALLET)),
            refresh: cookies.get(REFRESH).or_else(|| bearer(headers)),
        }
    }
}

impl Settings {
    /// The access token's cookie, gone when the token is.
    pub(crate) fn access_cookie(&self, token: &str) -> String {
        self.cookie(ACCESS, token, self.access_token_secs)
    }

    /// The refresh token's cookie.
    pub(crate) fn refresh_cookie(&self, token: &str) -> String {
        self.cookie(REFRESH, token, self.refresh_token_secs)
    }

    /// The wallet token's cookie. It stays as long as the session can: every use extends the
    /// token's life at the server, and the cookie's text, with its age, was sent only once.
    pub(crate) fn wallet_cookie(&self, token: &str) -> String {
        self.cookie(WALLET, token, self.refresh_token_secs)
    }

    /// Deletes a cookie.
    pub(crate) fn deleted_cookie(&self, name: &str) -> String {
        self.cookie(name, "", 0)
    }

    fn cookie(&self, name: &str, value: &str, max_age_secs: u64) -> String {
        let cookie = SetCookie {
            name,
            value,
            max_age_secs,
            secure: self.secure_cookies,
        };
        cookie.to_string()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_bearer_token_stands_in_for_the_cookie_it_looks_like() {
        let mut headers = HeaderMap::new();
        let cookie = HeaderValue::from_static("accessToken=a.b.c; walletAccessToken=w");
        headers.insert("cookie", cookie);
        let plain = Credentials::of(&headers);
        assert_eq!((plain.access, plain.wallet), (Some("a.b.c"), Some("w")));
        headers.insert("authorization", HeaderValue::from_static("Bearer d.e.f"));
        let jwt = Credentials::of(&headers);
        assert_eq!((jwt.access, jwt.wallet), (Some("d.e.f"), Some("w")));
        headers.insert("authorization", HeaderValue::from_static("Bearer 0f0f"));
        let opaque = Credentials::of(&headers);
        assert_eq!(
            (opaque.access, opaque.wallet),
            (Some("a.b.c"), Some("0f0f"))
        );
    }
}
