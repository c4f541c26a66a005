//! From what people type or scan to the address behind it (LUD-01, LUD-16, LUD-17).

use bitcoin::bech32::{Bech32, Hrp, primitives::decode::CheckedHrpstring};
use reqwest::Url;

use super::LnurlError;

/// The longest text that is looked at, in bytes.
const MAX_BYTES: usize = 2_048;
/// The schemes of LUD-17.
const SCHEMES: [&str; 4] = ["lnurlp", "lnurlw", "lnurlc", "keyauth"];

/// The address that an LNURL, a Lightning address or a link of LUD-17 stands for.
///
/// # Errors
/// [`LnurlError::NotAnAddress`].
pub fn url_of(text: &str) -> Result<String, LnurlError> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return Err(LnurlError::NotAnAddress);
    }
    let text = match text.get(..10) {
        Some(scheme) if scheme.eq_ignore_ascii_case("lightning:") => &text[10..],
        Some(_) | None => text,
    };
    if let Some((scheme, rest)) = text.split_once("://") {
        return link(scheme, rest, text);
    }
    if let Some((user, host)) = text.split_once('@') {
        return person(user, host);
    }
    decode(text)
}

fn decode(text: &str) -> Result<String, LnurlError> {
    let bad = |_| LnurlError::NotAnAddress;
    let read = CheckedHrpstring::new::<Bech32>(text).map_err(bad)?;
    let hrp = Hrp::parse("lnurl").map_err(|_| LnurlError::NotAnAddress)?;
    let url = String::from_utf8(read.byte_iter().collect());
    match url {
        Ok(url) if read.hrp() == hrp && Url::parse(&url).is_ok() => Ok(url),
        Ok(_) | Err(_) => Err(LnurlError::NotAnAddress),
    }
}

/// `lnurlp://host/path`, or a web page with the code in `?lightning=`.
fn link(scheme: &str, rest: &str, text: &str) -> Result<String, LnurlError> {
    let scheme = scheme.to_ascii_lowercase();
    if SCHEMES.contains(&scheme.as_str()) {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return checked(&format!("{}://{rest}", web_scheme(host)));
    }
    if !["https", "http"].contains(&scheme.as_str()) {
        return Err(LnurlError::NotAnAddress);
    }
    let url = Url::parse(text).map_err(|_| LnurlError::NotAnAddress)?;
    let code = url.query_pairs().find(|(name, _)| name == "lightning");
    match code {
        Some((_, code)) => decode(&code),
        None => Ok(text.to_owned()),
    }
}

/// `user@host`: the user in `a-z0-9-_.+`.
fn person(user: &str, host: &str) -> Result<String, LnurlError> {
    let user = user.to_ascii_lowercase();
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    if user.is_empty()
        || host.is_empty()
        || !user.bytes().all(is_user)
        || !host.bytes().all(is_host)
    {
        return Err(LnurlError::NotAnAddress);
    }
    checked(&format!(
        "{}://{host}/.well-known/lnurlp/{user}",
        web_scheme(host)
    ))
}

/// This machine has no certificate; whether it may be called at all is the outbound policy's.
fn web_scheme(host: &str) -> &'static str {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_local = name == "localhost"
        || name
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|ip| ip.is_loopback());
    if is_local { "http" } else { "https" }
}

fn checked(url: &str) -> Result<String, LnurlError> {
    match Url::parse(url) {
        Ok(parsed) if parsed.has_host() => Ok(url.to_owned()),
        Ok(_) | Err(_) => Err(LnurlError::NotAnAddress),
    }
}
