//! Macaroons: their signatures and their binary form, version 2, as libmacaroons has them
//! (github.com/rescrv/libmacaroons, `doc/format.txt`). Owns no meaning of any identifier or caveat.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The first byte of the binary form.
const VERSION: u8 = 2;
/// Ends a section, and the list of caveats.
const END: u8 = 0;
/// The field of a location: a hint, which nothing signs.
const LOCATION: u8 = 1;
/// The field of an identifier, or of a caveat.
const IDENTIFIER: u8 = 2;
/// The field of a third party's verification id.
const VERIFICATION: u8 = 4;
/// The field of the signature.
const SIGNATURE: u8 = 6;
/// What a root key is made a key with.
const KEY_GENERATOR: &[u8] = b"macaroons-key-generator";
/// The longest text that is read, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1_024;

/// A macaroon whose caveats are all first party's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lnbot) struct Macaroon {
    location: Vec<u8>,
    pub(super) identifier: Vec<u8>,
    pub(super) caveats: Vec<Vec<u8>>,
    signature: [u8; 32],
}

impl Macaroon {
    /// A new one.
    pub(super) fn mint(
        root: &[u8],
        location: &str,
        identifier: Vec<u8>,
        caveats: Vec<Vec<u8>>,
    ) -> Self {
        let signature = sign(root, &identifier, &caveats);
        Self {
            location: location.as_bytes().to_vec(),
            identifier,
            caveats,
            signature,
        }
    }

    /// Whether it was made with this root key, and caveats were at most added since.
    pub(super) fn is_signed_with(&self, root: &[u8]) -> bool {
        let expected = sign(root, &self.identifier, &self.caveats);
        expected.ct_eq(&self.signature).into()
    }

    /// Base64 of the binary form.
    pub(in crate::lnbot) fn to_text(&self) -> String {
        let mut bytes = vec![VERSION];
        put(&mut bytes, LOCATION, &self.location);
        put(&mut bytes, IDENTIFIER, &self.identifier);
        bytes.push(END);
        for caveat in &self.caveats {
            put(&mut bytes, IDENTIFIER, caveat);
            bytes.push(END);
        }
        bytes.push(END);
        put(&mut bytes, SIGNATURE, &self.signature);
        STANDARD.encode(bytes)
    }

    /// Reads what [`Self::to_text`] writes; base64's other alphabet and missing padding are taken too.
    /// `None` if it is something else, or needs a third party's discharge.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT_BYTES {
            return None;
        }
        let standard = text.trim_end_matches('=').replace('-', "+");
        let bytes = STANDARD_NO_PAD.decode(standard.replace('_', "/")).ok()?;
        let mut rest = Bytes(bytes.strip_prefix(&[VERSION])?);
        let location = rest.optional(LOCATION)?.unwrap_or_default();
        let identifier = rest.field(IDENTIFIER)?;
        rest.end()?;
        let mut caveats = Vec::new();
        while rest.0.first() != Some(&END) {
            rest.optional(LOCATION)?;
            caveats.push(rest.field(IDENTIFIER)?.to_vec());
            if rest.0.first() == Some(&VERIFICATION) {
                return None;
            }
            rest.end()?;
        }
        rest.end()?;
        let signature = rest.field(SIGNATURE)?.try_into().ok()?;
        let is_all = rest.0.is_empty();
        is_all.then(|| Self {
            location: location.to_vec(),
            identifier: identifier.to_vec(),
            caveats,
            signature,
        })
    }
}

fn sign(root: &[u8], identifier: &[u8], caveats: &[Vec<u8>]) -> [u8; 32] {
    let key = hmac(KEY_GENERATOR, &[root]);
    let first = hmac(&key, &[identifier]);
    let chain = |signature: [u8; 32], caveat: &Vec<u8>| hmac(&signature, &[caveat]);
    caveats.iter().fold(first, chain)
}

/// HMAC-SHA-256 over parts.
pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn put(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    out.push(field);
    let mut length = value.len();
    // LEB128.
    while length > 0x7f {
        out.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or_default());
    out.extend_from_slice(value);
}

/// What is left to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn end(&mut self) -> Option<()> {
        self.0 = self.0.strip_prefix(&[END])?;
        Some(())
    }

    /// `Some(None)` where another field comes.
    fn optional(&mut self, field: u8) -> Option<Option<&'a [u8]>> {
        match self.0.first() {
            Some(next) if *next == field => self.field(field).map(Some),
            Some(_) => Some(None),
            None => None,
        }
    }

    fn field(&mut self, field: u8) -> Option<&'a [u8]> {
        self.0 = self.0.strip_prefix(&[field])?;
        let mut length = 0_usize;
        // No length that fits into a text of ours takes more than three bytes.
        for shift in [0, 7, 14] {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let (value, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with pymacaroons 0.13.0: location `till.example`, key `a root key of any length`,
    /// identifier `id`, caveats `a=1` and a `b=` with 200 times `x`, version 2.
    const FOREIGN: &str = include_str!("pymacaroons.txt");
    const ROOT: &[u8] = b"a root key of any length";

    fn theirs() -> Macaroon {
        let long = format!("b={}", "x".repeat(200));
        let caveats = vec![b"a=1".to_vec(), long.into_bytes()];
        Macaroon::mint(ROOT, "till.example", b"id".to_vec(), caveats)
    }

    #[test]
    fn another_implementation_writes_and_signs_the_same() {
        assert_eq!(theirs().to_text(), FOREIGN.trim());
        let read = Macaroon::from_text(FOREIGN.trim()).expect("a macaroon");
        assert_eq!(read, theirs());
        assert!(read.is_signed_with(ROOT));
        assert!(!read.is_signed_with(b"another root key"));
    }

    #[test]
    fn nothing_signed_can_be_changed_or_taken_away() {
        let macaroon = theirs();
        let mut fewer = macaroon.clone();
        fewer.caveats.pop();
        let mut other = macaroon.clone();
        other.identifier = b"ie".to_vec();
        let mut turned = macaroon.clone();
        turned.caveats.reverse();
        for bad in [fewer, other, turned] {
            assert!(!bad.is_signed_with(ROOT));
        }
    }

    #[test]
    fn base64_is_taken_in_either_alphabet_and_nothing_else_is() {
        let text = theirs().to_text();
        let url_safe = text.replace('+', "-").replace('/', "_");
        assert_eq!(
            Macaroon::from_text(url_safe.trim_end_matches('=')),
            Some(theirs())
        );
        let bytes = STANDARD.decode(&text).expect("base64");
        for length in 0..bytes.len() {
            let cut = STANDARD.encode(&bytes[..length]);
            assert_eq!(Macaroon::from_text(&cut), None, "{length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        let mut first_version = bytes.clone();
        first_version[0] = 1;
        for bad in [longer, first_version] {
            assert_eq!(Macaroon::from_text(&STANDARD.encode(bad)), None);
        }
        for bad in ["", "nonsense!", "AgEL", &"A".repeat(MAX_TEXT_BYTES + 1)] {
            assert_eq!(Macaroon::from_text(bad), None, "{bad}");
        }
    }
}
