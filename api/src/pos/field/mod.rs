//! Rules for single fields, wherever they stand. Owns bounds and the sentence that names a field
//! that breaks them; knows no request.

mod moment;

use std::fmt;

pub(crate) use moment::{Span, span};

use till::access::MAX_NAME_BYTES;
use till::invoice::MAX_DESCRIPTION_BYTES;
use till::money::{Msat, Sat};
use till::offer::MAX_PAYER_NOTE_BYTES;

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
/// The longest an offer may be payable that is not payable for ever, in seconds: ten years.
pub(crate) const MAX_OFFER_EXPIRY_SECS: u64 = 315_360_000;
/// The longest address of a peer, in bytes: a host name (RFC 1035) and a port.
pub(crate) const MAX_PEER_ADDRESS_BYTES: usize = 255 + 6;

/// The longest on-chain address, in bytes: bech32 ends at 90 characters (BIP 173).
const MAX_ADDRESS_BYTES: usize = 90;
/// The highest feerate that is taken for meant, in sat/vB: twice the worst there ever was.
const MAX_FEERATE: u64 = 5_000;

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

/// What the payer of an offer is shown.
pub(crate) fn offer_text(field: &'static str, text: String) -> Result<String, Invalid> {
    if text.len() <= MAX_DESCRIPTION_BYTES {
        return Ok(text);
    }
    let rule = format!("must be at most {MAX_DESCRIPTION_BYTES} bytes");
    Err(Invalid::new(field, rule))
}

/// What the recipient of a payment to an offer is told.
pub(crate) fn payer_note(field: &'static str, text: String) -> Result<String, Invalid> {
    if text.len() <= MAX_PAYER_NOTE_BYTES {
        return Ok(text);
    }
    let rule = format!("must be at most {MAX_PAYER_NOTE_BYTES} bytes");
    Err(Invalid::new(field, rule))
}

/// How long an offer is payable, where not for ever.
pub(crate) fn offer_expiry(field: &'static str, secs: u64) -> Result<u32, Invalid> {
    let fits = (1..=MAX_OFFER_EXPIRY_SECS).contains(&secs);
    let secs = u32::try_from(secs).ok().filter(|_| fits);
    secs.ok_or_else(|| {
        Invalid::new(
            field,
            format!("must be 1 to {MAX_OFFER_EXPIRY_SECS} seconds (ten years), or absent"),
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

/// An on-chain address, as far as it can be told without knowing the network.
pub(crate) fn onchain_address(field: &'static str, text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if (1..=MAX_ADDRESS_BYTES).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let rule = format!("must be an on-chain address of at most {MAX_ADDRESS_BYTES} characters");
    Err(Invalid::new(field, rule))
}

/// A feerate in satoshis per virtual byte.
pub(crate) fn feerate(field: &'static str, rate: u64) -> Result<u64, Invalid> {
    if (1..=MAX_FEERATE).contains(&rate) {
        return Ok(rate);
    }
    let rule = format!("must be 1 to {MAX_FEERATE} satoshis per virtual byte");
    Err(Invalid::new(field, rule))
}

/// A channel id of BOLT 2, with or without `0x` before it.
pub(crate) fn channel_id(field: &'static str, text: &str) -> Result<String, Invalid> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(digits.to_ascii_lowercase());
    }
    Err(Invalid::new(
        field,
        "must be a channel's id, 64 hexadecimal digits",
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
mod tests;
