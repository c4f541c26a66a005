//! Tokens: what ours say, which key they are signed with, and whether one is good. Owns the caveat
//! `expiry`; other caveats are whoever sells by tokens to judge.

use till::id::{PaymentHash, WalletId};
use till::time::Timestamp;
use till_actors::service::Service;
use zeroize::Zeroizing;

use super::header::Authorization;
use super::macaroon::{Macaroon, hmac};

/// What the key of all tokens is derived for.
const KEY_PURPOSE: &str = "lnbot/l402";
/// The version of an identifier, its first two bytes.
const VERSION: [u8; 2] = [0, 0];
/// Our caveat: until when the token is good, in seconds since 1970.
const EXPIRY: &str = "expiry";

/// Makes and judges the tokens of one wallet.
pub(in crate::lnbot) struct Mint {
    key: Zeroizing<[u8; 32]>,
    wallet: WalletId,
}

/// What a token is worth.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lnbot) struct Verdict {
    /// Why it is not good.
    pub(in crate::lnbot) error: Option<&'static str>,
    /// What was paid for, and what it is limited to: known where the macaroon is this wallet's.
    pub(in crate::lnbot) known: Option<(PaymentHash, Vec<String>)>,
}

impl Mint {
    pub(in crate::lnbot) fn of(service: &Service, wallet: WalletId) -> Self {
        let key = Zeroizing::new(service.derive_key(KEY_PURPOSE));
        Self { key, wallet }
    }

    /// A macaroon that is good once the payment is made, until `expires_at`.
    pub(in crate::lnbot) fn make(
        &self,
        (hash, token_id): (PaymentHash, [u8; 32]),
        location: &str,
        expires_at: Timestamp,
        caveats: Vec<String>,
    ) -> Macaroon {
        let identifier = [VERSION.as_slice(), hash.as_bytes(), &token_id].concat();
        let expiry = format!("{EXPIRY}={}", expires_at.as_secs());
        let caveats = std::iter::once(expiry).chain(caveats);
        let caveats = caveats.map(String::into_bytes).collect();
        Macaroon::mint(
            self.root(&token_id).as_slice(),
            location,
            identifier,
            caveats,
        )
    }

    /// Whether a token is good at `now`.
    pub(in crate::lnbot) fn judge(&self, token: &Authorization, now: Timestamp) -> Verdict {
        let foreign = Verdict {
            error: Some("The macaroon is not one of this wallet's."),
            known: None,
        };
        let Some((hash, token_id)) = identified(&token.macaroon.identifier) else {
            return foreign;
        };
        if !token
            .macaroon
            .is_signed_with(self.root(&token_id).as_slice())
        {
            return foreign;
        }
        let (caveats, expires_at) = match read(&token.macaroon.caveats) {
            Ok(read) => read,
            Err(error) => {
                return Verdict {
                    error: Some(error),
                    known: None,
                };
            }
        };
        let error = if token.preimage.payment_hash() != hash {
            Some("The preimage does not open the payment hash.")
        } else if expires_at <= now.as_secs() {
            Some("The token has expired.")
        } else {
            None
        };
        let known = Some((hash, caveats));
        Verdict { error, known }
    }

    fn root(&self, token_id: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(hmac(
            self.key.as_slice(),
            &[self.wallet.as_bytes(), token_id],
        ))
    }
}

/// Whether a caveat has the form that all have.
pub(in crate::lnbot) fn is_caveat(text: &str) -> bool {
    let (key, value) = text.split_once('=').unwrap_or_default();
    let is_good = !key.is_empty() && !text.contains(char::is_control);
    is_good && (key != EXPIRY || value.parse::<u64>().is_ok())
}

fn identified(identifier: &[u8]) -> Option<(PaymentHash, [u8; 32])> {
    let rest = identifier.strip_prefix(&VERSION)?;
    let (hash, token_id) = rest.split_first_chunk::<32>()?;
    Some((PaymentHash::from_bytes(*hash), token_id.try_into().ok()?))
}

/// The caveats, and the earliest expiry of them: whoever has a token can add one, and only so that it
/// ends sooner. One that cannot be read is kept to all the same, so the token is no good.
fn read(caveats: &[Vec<u8>]) -> Result<(Vec<String>, u64), &'static str> {
    let mut texts = Vec::with_capacity(caveats.len());
    let mut expires_at = u64::MAX;
    for caveat in caveats {
        let text = String::from_utf8(caveat.clone()).map_err(|_| "A caveat is no text.")?;
        if let Some((EXPIRY, value)) = text.split_once('=') {
            let unreadable = |_| "An expiry cannot be read.";
            expires_at = expires_at.min(value.parse().map_err(unreadable)?);
        }
        texts.push(text);
    }
    Ok((texts, expires_at))
}

#[cfg(test)]
mod tests {
    use till::id::Preimage;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn mint(wallet: u8) -> Mint {
        Mint {
            key: Zeroizing::new([7; 32]),
            wallet: WalletId::from_bytes([wallet; 16]),
        }
    }

    fn token(caveats: &[&str]) -> Authorization {
        let preimage = Preimage::from_bytes([1; 32]);
        let made = mint(1).make(
            (preimage.payment_hash(), [2; 32]),
            "till.example",
            at(NOW + 60),
            caveats.iter().map(|text| (*text).to_owned()).collect(),
        );
        let text = format!("L402 {}:{}", made.to_text(), hex::encode(preimage.reveal()));
        text.parse().expect("a token")
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn a_token_is_good_until_its_time_and_for_its_wallet() {
        let token = token(&["tier=gold"]);
        let verdict = mint(1).judge(&token, at(NOW));
        let caveats = vec![format!("expiry={}", NOW + 60), "tier=gold".to_owned()];
        let known = Some((Preimage::from_bytes([1; 32]).payment_hash(), caveats));
        assert_eq!(verdict, Verdict { error: None, known });
        assert!(mint(1).judge(&token, at(NOW + 59)).error.is_none());
        assert!(mint(1).judge(&token, at(NOW + 60)).error.is_some());
        let foreign = mint(2).judge(&token, at(NOW));
        assert!(foreign.error.is_some() && foreign.known.is_none());
        let mut unpaid = token;
        unpaid.preimage = Preimage::from_bytes([9; 32]);
        let verdict = mint(1).judge(&unpaid, at(NOW));
        assert!(verdict.error.is_some() && verdict.known.is_some());
    }

    #[test]
    fn another_expiry_only_tightens() {
        let later = format!("expiry={}", NOW + 900);
        assert!(
            mint(1)
                .judge(&token(&[&later]), at(NOW + 61))
                .error
                .is_some()
        );
        let sooner = format!("expiry={}", NOW + 30);
        assert!(
            mint(1)
                .judge(&token(&[&sooner]), at(NOW + 29))
                .error
                .is_none()
        );
        assert!(
            mint(1)
                .judge(&token(&[&sooner]), at(NOW + 30))
                .error
                .is_some()
        );
        assert!(
            mint(1)
                .judge(&token(&["expiry=soon"]), at(NOW))
                .error
                .is_some()
        );
    }

    #[test]
    fn caveats_are_keys_and_values() {
        for good in ["a=1", "a=", "a=b=c", "expiry=7", "service = x"] {
            assert!(is_caveat(good), "{good}");
        }
        for bad in ["", "a", "=1", "expiry=", "expiry=x", "expiry=-1", "a=\n"] {
            assert!(!is_caveat(bad), "{bad}");
        }
    }
}
