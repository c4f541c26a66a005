//! Access tokens: JSON Web Tokens (RFC 7519), signed with HS256. Owns their claims; whether the
//! session behind one still stands is asked elsewhere, on every request.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use till::id::{SessionId, UserId};
use till::time::Timestamp;

/// What `typ` says, so that no other token signed with a key of ours is taken for one of these.
const ACCESS: &str = "access";

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    sid: String,
    /// For clients to read; what a user may do is looked up.
    role: String,
    iat: u64,
    exp: u64,
    typ: String,
}

/// What a token says that was signed by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Whose it is.
    pub(crate) user: UserId,
    /// The login that it belongs to.
    pub(crate) session: SessionId,
}

/// Makes and reads access tokens.
pub(crate) struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    lifetime_secs: u64,
}

impl AccessTokens {
    pub(crate) fn new(key: &[u8; 32], lifetime_secs: u64) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The time is checked below, against the clock of the service: the program has but one.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
            lifetime_secs,
        }
    }

    /// A token for `access`, good from `now` on.
    pub(crate) fn issue(
        &self,
        access: Access,
        role: &str,
        now: Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            sub: access.user.to_string(),
            sid: access.session.to_string(),
            role: role.to_owned(),
            iat: now.as_secs(),
            exp: now.as_secs().saturating_add(self.lifetime_secs),
            typ: ACCESS.to_owned(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// What `token` says, if it is ours and good at `now`.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<Access> {
        let claims = self.claims(token)?;
        (now.as_secs() < claims.exp).then(|| claims.access())?
    }

    /// What `token` says, if it is ours, however old: to end a session its age does not matter.
    pub(crate) fn read_expired(&self, token: &str) -> Option<Access> {
        self.claims(token)?.access()
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation)
            .ok()?
            .claims;
        (claims.typ == ACCESS).then_some(claims)
    }
}

impl Claims {
    fn access(&self) -> Option<Access> {
        Some(Access {
            user: self.sub.parse().ok()?,
            session: self.sid.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn access() -> Access {
        Access {
            user: UserId::from_bytes([1; 16]),
            session: SessionId::from_bytes([2; 16]),
        }
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new(&[7; 32], 900)
    }

    fn signed(algorithm: Algorithm, typ: &str) -> String {
        let claims = Claims {
            sub: access().user.to_string(),
            sid: access().session.to_string(),
            role: "admin".into(),
            iat: NOW.as_secs(),
            exp: NOW.as_secs() + 900,
            typ: typ.into(),
        };
        let key = EncodingKey::from_secret(&[7; 32]);
        encode(&Header::new(algorithm), &claims, &key).expect("signs")
    }

    #[test]
    fn a_token_is_good_for_its_lifetime_to_the_second() {
        let token = tokens().issue(access(), "admin", NOW).expect("signs");
        assert_eq!(tokens().read(&token, NOW), Some(access()));
        assert_eq!(tokens().read(&token, NOW.plus_secs(899)), Some(access()));
        assert_eq!(tokens().read(&token, NOW.plus_secs(900)), None);
        assert_eq!(tokens().read_expired(&token), Some(access()));
    }

    #[test]
    fn only_our_key_algorithm_and_type_count() {
        let other = AccessTokens::new(&[8; 32], 900);
        let token = tokens().issue(access(), "admin", NOW).expect("signs");
        assert_eq!(other.read(&token, NOW), None);
        let cases = [
            (Algorithm::HS256, "access", Some(access())),
            (Algorithm::HS384, "access", None),
            (Algorithm::HS256, "refresh", None),
        ];
        for (algorithm, typ, expected) in cases {
            let read = tokens().read(&signed(algorithm, typ), NOW);
            assert_eq!(read, expected, "{algorithm:?} {typ}");
        }
    }

    #[test]
    fn what_is_not_a_token_is_nobody() {
        let token = tokens().issue(access(), "admin", NOW).expect("signs");
        let payload = token.split('.').nth(1).expect("three parts").to_owned();
        // {"alg":"none","typ":"JWT"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
        for text in ["", "a.b.c", "..", &token[..token.len() - 2], &unsigned] {
            assert_eq!(tokens().read(text, NOW), None, "{text}");
        }
    }
}
