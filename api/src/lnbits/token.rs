//! Logins: JSON Web Tokens (RFC 7519), signed with HS256. Owns their claims; whether the holder is
//! still there, and has not logged out since, is asked on every request.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use till::holder::Holder;
use till::id::HolderId;
use till::time::Timestamp;

/// The purpose of the key that signs logins.
pub(super) const KEY_PURPOSE: &str = "lnbits/jwt";
/// What `typ` says, so that no other token signed with a key of ours is taken for one of these.
const LNBITS: &str = "lnbits";

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    epoch: u32,
    iat: u64,
    exp: u64,
    typ: String,
}

/// What a token says that was signed by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// Whose it is.
    pub(crate) holder: HolderId,
    /// Which of their logins: those of an earlier number have ended.
    pub(crate) epoch: u32,
}

/// Makes and reads logins.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    lifetime_secs: u64,
}

impl Tokens {
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

    /// How long a login is good, in seconds.
    pub(crate) const fn lifetime_secs(&self) -> u64 {
        self.lifetime_secs
    }

    /// A login of `holder`, good from `now` on.
    pub(crate) fn issue(
        &self,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            sub: holder.id.to_string(),
            epoch: holder.epoch,
            iat: now.as_secs(),
            exp: now.as_secs().saturating_add(self.lifetime_secs),
            typ: LNBITS.to_owned(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// What `token` says, if it is ours and good at `now`.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<Login> {
        let told = decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = told.ok()?.claims;
        let good = claims.typ == LNBITS && now.as_secs() < claims.exp;
        let holder = claims.sub.parse().ok().filter(|_| good)?;
        let epoch = claims.epoch;
        Some(Login { holder, epoch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn ana() -> Holder {
        Holder {
            id: HolderId::from_bytes([1; 16]),
            name: Some("ana".into()),
            password: None,
            is_admin: false,
            created_at: NOW,
            deleted_at: None,
            epoch: 3,
            wallets: 1,
            recovery: None,
            keys: Vec::new(),
        }
    }

    #[test]
    fn a_login_is_good_for_its_lifetime_to_the_second() {
        let tokens = Tokens::new(&[7; 32], 900);
        let token = tokens.issue(&ana(), NOW).expect("signs");
        let login = Login {
            holder: ana().id,
            epoch: 3,
        };
        assert_eq!(tokens.read(&token, NOW), Some(login));
        assert_eq!(tokens.read(&token, NOW.plus_secs(899)), Some(login));
        assert_eq!(tokens.read(&token, NOW.plus_secs(900)), None);
    }

    #[test]
    fn only_our_key_and_type_count() {
        let tokens = Tokens::new(&[7; 32], 900);
        let other = Tokens::new(&[8; 32], 900);
        let token = tokens.issue(&ana(), NOW).expect("signs");
        assert_eq!(other.read(&token, NOW), None);
        let claims = Claims {
            sub: ana().id.to_string(),
            epoch: 3,
            iat: NOW.as_secs(),
            exp: NOW.as_secs() + 900,
            typ: "access".into(),
        };
        let key = EncodingKey::from_secret(&[7; 32]);
        let other_kind = encode(&Header::new(Algorithm::HS256), &claims, &key).expect("signs");
        assert_eq!(tokens.read(&other_kind, NOW), None);
        for junk in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert_eq!(tokens.read(junk, NOW), None, "{junk}");
        }
    }
}
