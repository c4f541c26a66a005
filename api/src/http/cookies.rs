//! Cookies and bearer tokens as they stand in headers. Owns the syntax of both directions
//! (RFC 6265, RFC 6750); what a token proves is not known here.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};

/// The cookies of a request, of all its `Cookie` lines: clients may send several (RFC 9113, 8.2.3,
/// and any curl with more than one `-H "Cookie: …"`).
pub(crate) struct Cookies<'a>(&'a HeaderMap);

impl<'a> Cookies<'a> {
    /// The cookies in these headers.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        Self(headers)
    }

    /// The first cookie of that name which is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim().trim_matches('"')))
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| value)
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A cookie to be set: never readable by scripts, never sent from another site.
#[derive(Clone, Copy)]
pub(crate) struct SetCookie<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its value; must need no quoting. Empty to delete it.
    pub(crate) value: &'a str,
    /// For how long a browser keeps it, in seconds; 0 deletes it.
    pub(crate) max_age_secs: u64,
    /// Whether it may only travel over https.
    pub(crate) secure: bool,
}

impl fmt::Display for SetCookie<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secure = if self.secure { "; Secure" } else { "" };
        write!(
            f,
            "{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
            self.name, self.value, self.max_age_secs
        )
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn all_cookie_lines_are_one() {
        let map = headers(&[
            ("cookie", "accessToken=a.b.c; theme=dark"),
            ("cookie", "refreshToken=r"),
            ("cookie", " walletAccessToken = \"w\" ;"),
        ]);
        let cookies = Cookies::of(&map);
        assert_eq!(cookies.get("accessToken"), Some("a.b.c"));
        assert_eq!(cookies.get("refreshToken"), Some("r"));
        assert_eq!(cookies.get("walletAccessToken"), Some("w"));
        assert_eq!(cookies.get("theme"), Some("dark"));
        assert_eq!(cookies.get("accesstoken"), None);
    }

    #[test]
    fn odd_cookie_lines_are_passed_over() {
        let mut map = headers(&[("cookie", ";;=;a"), ("cookie", "x=; x=1=2")]);
        map.append(
            "cookie",
            HeaderValue::from_bytes(b"y=\xff").expect("opaque bytes"),
        );
        let cookies = Cookies::of(&map);
        assert_eq!(cookies.get("x"), Some("1=2"));
        assert_eq!(cookies.get("y"), None);
        assert_eq!(cookies.get("a"), None);
    }

    #[test]
    fn bearer_tokens_are_found_whatever_the_case() {
        assert_eq!(
            bearer(&headers(&[("authorization", "bearer  t")])),
            Some("t")
        );
        assert_eq!(bearer(&headers(&[("authorization", "Basic t")])), None);
        assert_eq!(bearer(&headers(&[("authorization", "Bearer ")])), None);
        assert_eq!(bearer(&headers(&[])), None);
    }

    #[test]
    fn cookies_are_for_this_site_and_no_script() {
        let cookie = SetCookie {
            name: "accessToken",
            value: "t",
            max_age_secs: 900,
            secure: true,
        };
        assert_eq!(
            cookie.to_string(),
            "accessToken=t; Path=/; Max-Age=900; HttpOnly; SameSite=Strict; Secure"
        );
    }
}
