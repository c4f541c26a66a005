//! The two headers of L402: `WWW-Authenticate`, in which a seller says what to pay, and `Authorization`, in
//! which a buyer shows that it was paid. Owns their forms; both schemes, `L402` and the older `LSAT`, are
//! taken in any case.

use std::str::FromStr;

use till::id::Preimage;

use super::macaroon::Macaroon;

/// The scheme that is written.
const SCHEME: &str = "L402";
/// The schemes that are read.
const SCHEMES: [&str; 2] = [SCHEME, "LSAT"];
/// What the macaroon is called by one seller or another.
const MACAROON: [&str; 2] = ["macaroon", "token"];
/// What the invoice is called.
const INVOICE: &str = "invoice";

/// What a buyer sends.
#[derive(Debug)]
pub(in crate::lnbot) struct Authorization {
    pub(super) macaroon: Macaroon,
    pub(super) preimage: Preimage,
}

/// What a seller asks for. The macaroon is nothing that a buyer can read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lnbot) struct Challenge {
    pub(in crate::lnbot) macaroon: String,
    pub(in crate::lnbot) invoice: String,
}

/// The header is nothing of L402's.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lnbot) struct Garbage;

impl FromStr for Authorization {
    type Err = Garbage;

    fn from_str(text: &str) -> Result<Self, Garbage> {
        let (scheme, rest) = text.trim().split_once(' ').ok_or(Garbage)?;
        let (macaroon, preimage) = rest.trim().rsplit_once(':').ok_or(Garbage)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(preimage, &mut bytes).map_err(|_| Garbage)?;
        let macaroon = Macaroon::from_text(macaroon).filter(|_| is_ours(scheme));
        Ok(Self {
            macaroon: macaroon.ok_or(Garbage)?,
            preimage: Preimage::from_bytes(bytes),
        })
    }
}

impl Challenge {
    /// As a seller sends it.
    pub(in crate::lnbot) fn to_header(&self) -> String {
        let Self { macaroon, invoice } = self;
        format!("{SCHEME} macaroon=\"{macaroon}\", {INVOICE}=\"{invoice}\"")
    }

    /// What whoever has paid it sends.
    pub(in crate::lnbot) fn paid_with(&self, preimage: &Preimage) -> String {
        let Self { macaroon, .. } = self;
        format!("{SCHEME} {macaroon}:{}", hex::encode(preimage.reveal()))
    }
}

impl FromStr for Challenge {
    type Err = Garbage;

    /// The first challenge of ours in the header: there may be others, for other schemes.
    fn from_str(text: &str) -> Result<Self, Garbage> {
        let mut rest = text;
        let mut found: Vec<(&str, String)> = Vec::new();
        let mut is_among = false;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let length = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(length);
            if name.is_empty() {
                return Err(Garbage);
            }
            match behind.trim_start().strip_prefix('=') {
                Some(value) => {
                    let (value, behind) = value_of(value.trim_start())?;
                    if is_among {
                        found.push((name, value));
                    }
                    rest = behind;
                }
                None if is_among && is_whole(&found) => break,
                None => {
                    is_among = is_ours(name);
                    found.clear();
                    rest = behind;
                }
            }
        }
        read(&found).filter(|_| is_among).ok_or(Garbage)
    }
}

fn is_ours(scheme: &str) -> bool {
    let mut schemes = SCHEMES.iter();
    schemes.any(|known| scheme.eq_ignore_ascii_case(known))
}

/// A character of a token (RFC 9110).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// A value, quoted or not, and what comes behind it.
fn value_of(text: &str) -> Result<(String, &str), Garbage> {
    let Some(quoted) = text.strip_prefix('"') else {
        let length = text.find([' ', '\t', ',']).unwrap_or(text.len());
        let (value, behind) = text.split_at(length);
        return Ok((value.to_owned(), behind));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.push(letters.next().ok_or(Garbage)?.1),
            other => value.push(other),
        }
    }
    Err(Garbage)
}

fn is_whole(found: &[(&str, String)]) -> bool {
    read(found).is_some()
}

fn read(found: &[(&str, String)]) -> Option<Challenge> {
    let of = |wanted: &str| {
        let mut named = found.iter();
        let pair = named.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        pair.map(|(_, value)| value.clone())
    };
    let macaroon = MACAROON.iter().find_map(|name| of(name));
    // It goes into another header as it is.
    let is_safe = |c: char| c.is_ascii_graphic() && !":,\"".contains(c);
    let macaroon = macaroon.filter(|text| !text.is_empty() && text.chars().all(is_safe))?;
    let invoice = of(INVOICE).filter(|text| !text.is_empty())?;
    Some(Challenge { macaroon, invoice })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_sellers_write_them() {
        for header in [
            r#"L402 macaroon="AgEL==", invoice="lnbc1""#,
            r#"LSAT macaroon="AgEL==", invoice="lnbc1""#,
            r#"l402 invoice="lnbc1",macaroon="AgEL==""#,
            r#"L402 version="0", token="AgEL==", invoice="lnbc1""#,
            r#"L402 macaroon=AgEL==, invoice=lnbc1"#,
            r#"L402  Macaroon = "AgEL==" , Invoice = "lnbc1""#,
            r#"Basic realm="a, b=\"c\"", L402 macaroon="AgEL==", invoice="lnbc1""#,
            r#"LSAT macaroon="AgEL==", invoice="lnbc1", L402 macaroon="x", invoice="y""#,
            r#"L402 macaroon="AgEL==", invoice="lnbc1", Bearer realm="x""#,
        ] {
            let read = header.parse::<Challenge>();
            let read = read.unwrap_or_else(|_| Challenge {
                macaroon: header.to_owned(),
                invoice: String::new(),
            });
            assert_eq!((&*read.macaroon, &*read.invoice), ("AgEL==", "lnbc1"));
        }
        for header in [
            "",
            "L402",
            "L402 mac:inv",
            r#"L402 macaroon="a""#,
            r#"L402 invoice="lnbc1""#,
            r#"L402 macaroon="", invoice="lnbc1""#,
            r#"L402 macaroon="a b", invoice="lnbc1""#,
            r#"L402 macaroon="a", invoice="lnbc1"#,
            r#"Bearer macaroon="a", invoice="lnbc1""#,
            r#"macaroon="a", invoice="lnbc1""#,
            "L402 \"",
            "ł402 é=1",
        ] {
            assert_eq!(header.parse::<Challenge>(), Err(Garbage), "{header}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let challenge = Challenge {
            macaroon: "AgEL+/==".into(),
            invoice: "lnbcrt1".into(),
        };
        let header = challenge.to_header();
        assert_eq!(header, "L402 macaroon=\"AgEL+/==\", invoice=\"lnbcrt1\"");
        assert_eq!(header.parse(), Ok(challenge));
    }

    #[test]
    fn what_is_no_token_is_garbage() {
        let preimage = "01".repeat(32);
        let good = Macaroon::mint(b"k", "l", b"i".to_vec(), Vec::new()).to_text();
        for scheme in ["L402", "l402", "LSAT", "lsat"] {
            let text = format!("{scheme} {good}:{preimage}");
            assert!(text.parse::<Authorization>().is_ok(), "{text}");
        }
        for bad in [
            String::new(),
            "L402 token".to_owned(),
            format!("Bearer {good}:{preimage}"),
            format!("L402 {good}"),
            format!("L402 {good}:"),
            format!("L402 {good}:{}", "01".repeat(31)),
            format!("L402 {good}:{}", "zz".repeat(32)),
            format!("L402 {preimage}:{preimage}"),
            format!("L402{good}:{preimage}"),
        ] {
            assert!(bad.parse::<Authorization>().is_err(), "{bad}");
        }
    }
}
