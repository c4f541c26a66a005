//! Rules for single fields, wherever they stand. Owns bounds and the sentence that names a field
//! that breaks them; knows no request.

use std::fmt;

use till::access::MAX_NAME_BYTES;
use till::invoice::MAX_DESCRIPTION_BYTES;
use till::money::{Msat, Sat};

/// Digits of a PIN.
pub(crate) const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=12;
/// Bytes of a password: the least that is worth hashing, the most that a person types.
pub(crate) const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 8..=128;
/// The longest reference of a caller's, in bytes.
pub(crate) const MAX_EXTERNAL_ID_BYTES: usize = 256;
/// The longest webhook address, in bytes.
pub(crate) const MAX_WEBHOOK_URL_BYTES: usize = 2_048;
/// The longest an invoice may be payable, in seconds: a week.
pub(crate) const MAX_EXPIRY_SECS: u64 = 604_800;
/// The longest address of a peer, in bytes: a host name (RFC 1035) and a port.
pub(crate) const MAX_PEER_ADDRESS_BYTES: usize = 255 + 6;

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    field: &'static str,
    rule: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, rule: impl Into<String>) -> Self {
        Self {
            field,
            rule: rule.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.rule)
    }
}

impl std::error::Error for Invalid {}

/// A name of a person or a shop.
pub(crate) fn name(field: &'static str, text: &str) -> Result<String, Invalid> {
    let fits = (1..=MAX_NAME_BYTES).contains(&text.len());
    if !fits || text.trim() != text || text.chars().any(char::is_control) {
        let rule = format!(
            "must be 1 to {MAX_NAME_BYTES} bytes, without control characters or outer spaces"
        );
        return Err(Invalid::new(field, rule));
    }
    Ok(text.to_owned())
}

/// A PIN that somebody chooses.
pub(crate) fn pin(field: &'static str, text: &str) -> Result<(), Invalid> {
    if PIN_DIGITS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    let (least, most) = (PIN_DIGITS.start(), PIN_DIGITS.end());
    Err(Invalid::new(
        field,
        format!("must be {least} to {most} digits"),
    ))
}

/// A password that somebody chooses.
pub(crate) fn password(field: &'static str, text: &str) -> Result<(), Invalid> {
    if PASSWORD_BYTES.contains(&text.len()) {
        return Ok(());
    }
    let (least, most) = (PASSWORD_BYTES.start(), PASSWORD_BYTES.end());
    Err(Invalid::new(
        field,
        format!("must be {least} to {most} bytes"),
    ))
}

/// A password or PIN that somebody tries: anything that could be right.
pub(crate) fn attempt(field: &'static str, text: &str) -> Result<(), Invalid> {
    let most = *PASSWORD_BYTES.end();
    if (1..=most).contains(&text.len()) {
        return Ok(());
    }
    Err(Invalid::new(field, format!("must be 1 to {most} bytes")))
}

/// An ISO 4217 currency code.
pub(crate) fn currency(field: &'static str, text: &str) -> Result<String, Invalid> {
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(Invalid::new(
        field,
        "must be a currency code of three letters",
    ))
}

/// An amount that is asked for or paid: at least one satoshi.
pub(crate) fn amount(field: &'static str, sat: u64) -> Result<Sat, Invalid> {
    Sat::new(sat)
        .filter(|sat| *sat > Sat::ZERO)
        .ok_or_else(|| Invalid::new(field, "must be a whole number of satoshis, at least 1"))
}

/// What an asked amount is called in whole satoshis: what a payer needs.
pub(crate) fn asked_sat(amount: Msat) -> Sat {
    amount.to_sat_ceil()
}

/// What the payer is shown.
pub(crate) fn description(field: &'static str, text: String) -> Result<String, Invalid> {
    if text.len() <= MAX_DESCRIPTION_BYTES {
        return Ok(text);
    }
    let rule = format!("must be at most {MAX_DESCRIPTION_BYTES} bytes; send a descriptionHash");
    Err(Invalid::new(field, rule))
}

/// A caller's own reference.
pub(crate) fn external_id(field: &'static str, text: String) -> Result<String, Invalid> {
    if text.len() <= MAX_EXTERNAL_ID_BYTES {
        return Ok(text);
    }
    let rule = format!("must be at most {MAX_EXTERNAL_ID_BYTES} bytes");
    Err(Invalid::new(field, rule))
}

/// How long an invoice is payable.
pub(crate) fn expiry(field: &'static str, secs: u64) -> Result<u32, Invalid> {
    let fits = (1..=MAX_EXPIRY_SECS).contains(&secs);
    let secs = u32::try_from(secs).ok().filter(|_| fits);
    secs.ok_or_else(|| {
        Invalid::new(
            field,
            format!("must be 1 to {MAX_EXPIRY_SECS} seconds (a week)"),
        )
    })
}

/// Where a caller wants to be told. Whether the address may be reached is decided when it is used.
pub(crate) fn webhook_url(field: &'static str, text: String) -> Result<String, Invalid> {
    let uri = text.parse::<axum::http::Uri>().ok();
    let https = uri.is_some_and(|uri| {
        uri.scheme_str() == Some("https")
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.authority().is_some_and(|a| !a.as_str().contains('@'))
    });
    if https && text.len() <= MAX_WEBHOOK_URL_BYTES {
        return Ok(text);
    }
    let rule =
        format!("must be an https URL without user name, at most {MAX_WEBHOOK_URL_BYTES} bytes");
    Err(Invalid::new(field, rule))
}

/// A node's public key: 33 bytes, compressed (SEC 1).
pub(crate) fn node_id(field: &'static str, text: &str) -> Result<String, Invalid> {
    let compressed = text.starts_with("02") || text.starts_with("03");
    if compressed && text.len() == 66 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Invalid::new(
        field,
        "must be a node's public key, 66 hexadecimal digits",
    ))
}

/// Where a peer listens.
pub(crate) fn peer_address(field: &'static str, text: &str) -> Result<String, Invalid> {
    let parts = text.rsplit_once(':');
    let good = parts.is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    if good && plain && text.len() <= MAX_PEER_ADDRESS_BYTES {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(field, "must be host:port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_hold_at_their_edges() {
        let long = |n: usize| "a".repeat(n);
        let table: &[(&str, bool, bool)] = &[
            ("name of 64", name("f", &long(64)).is_ok(), true),
            ("name of 65", name("f", &long(65)).is_ok(), false),
            ("no name", name("f", "").is_ok(), false),
            ("name with space", name("f", "Ana Lima").is_ok(), true),
            ("name with outer space", name("f", " Ana").is_ok(), false),
            ("name with bell", name("f", "A\u{7}").is_ok(), false),
            ("pin of 4", pin("f", "0123").is_ok(), true),
            ("pin of 12", pin("f", "012345678901").is_ok(), true),
            ("pin of 3", pin("f", "012").is_ok(), false),
            ("pin of 13", pin("f", "0123456789012").is_ok(), false),
            ("pin of letters", pin("f", "12a4").is_ok(), false),
            ("pin of other digits", pin("f", "١٢٣٤").is_ok(), false),
            ("password of 8", password("f", &long(8)).is_ok(), true),
            ("password of 7", password("f", &long(7)).is_ok(), false),
            ("password of 129", password("f", &long(129)).is_ok(), false),
            (
                "currency",
                currency("f", "eur") == Ok("EUR".to_owned()),
                true,
            ),
            ("no currency", currency("f", "euro").is_ok(), false),
            ("one satoshi", amount("f", 1).is_ok(), true),
            ("no satoshi", amount("f", 0).is_ok(), false),
            (
                "all money",
                amount("f", 2_100_000_000_000_000).is_ok(),
                true,
            ),
            (
                "more than that",
                amount("f", 2_100_000_000_000_001).is_ok(),
                false,
            ),
            (
                "description of 639",
                description("f", long(639)).is_ok(),
                true,
            ),
            (
                "description of 640",
                description("f", long(640)).is_ok(),
                false,
            ),
            (
                "reference of 256",
                external_id("f", long(256)).is_ok(),
                true,
            ),
            (
                "reference of 257",
                external_id("f", long(257)).is_ok(),
                false,
            ),
            ("a second", expiry("f", 1).is_ok(), true),
            ("a week", expiry("f", 604_800).is_ok(), true),
            ("no time", expiry("f", 0).is_ok(), false),
            ("more than a week", expiry("f", 604_801).is_ok(), false),
            (
                "https",
                webhook_url("f", "https://a.example/x?y".into()).is_ok(),
                true,
            ),
            (
                "http",
                webhook_url("f", "http://a.example/".into()).is_ok(),
                false,
            ),
            (
                "user in url",
                webhook_url("f", "https://u:p@a.example/".into()).is_ok(),
                false,
            ),
            (
                "no host",
                webhook_url("f", "https:///x".into()).is_ok(),
                false,
            ),
            (
                "node id",
                node_id("f", &format!("02{}", long(64))).is_ok(),
                true,
            ),
            ("short node id", node_id("f", "02ab").is_ok(), false),
            (
                "uncompressed node id",
                node_id("f", &format!("04{}", long(64))).is_ok(),
                false,
            ),
            ("peer", peer_address("f", "10.0.0.2:9735").is_ok(), true),
            ("v6 peer", peer_address("f", "[::1]:9735").is_ok(), true),
            (
                "peer without port",
                peer_address("f", "peer.example").is_ok(),
                false,
            ),
            (
                "peer at port 0",
                peer_address("f", "peer.example:0").is_ok(),
                false,
            ),
            (
                "peer with space",
                peer_address("f", "a b:9735").is_ok(),
                false,
            ),
        ];
        for (what, is, should) in table {
            assert_eq!(is, should, "{what}");
        }
    }

    #[test]
    fn a_broken_rule_names_its_field() {
        let broken = amount("amountSat", 0).expect_err("zero");
        let text = "amountSat must be a whole number of satoshis, at least 1";
        assert_eq!(broken.to_string(), text);
    }
}
