//! The text of a seed file, and the encryption in it. Pure: no files here.
//!
//! Three lines, each ended by a line feed:
//!
//! ```text
//! tilld-seed 1 plain
//! word word word ...
//! sha256 <hex>
//! ```
//!
//! or
//!
//! ```text
//! tilld-seed 1 argon2id m=65536 t=3 p=4 xchacha20poly1305
//! <base64 of: salt, 16 bytes | nonce, 24 bytes | ciphertext and tag>
//! sha256 <hex>
//! ```
//!
//! The last line is the SHA-256 of the two lines above with their line feeds. It needs no
//! passphrase and so tells a damaged file from a wrong passphrase; it also catches what the short
//! checksum of BIP 39 misses. It is no protection against an attacker: that is the tag, with the
//! first line as associated data. Argon2id (RFC 9106; `m` in KiB) makes the 32-byte key from the
//! passphrase in NFKD. The plaintext is the words, separated by single spaces.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Mnemonic, Passphrase};

const MAGIC: &str = "tilld-seed";
const VERSION: &str = "1";
const CHECKSUM: &str = "sha256";
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// Bounds for what a header may ask of us, so that a tampered file cannot eat the machine.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// Cost of turning a passphrase into a key.
#[derive(Debug, Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The second recommended option of RFC 9106: 64 MiB, three passes, four lanes.
const COST: Cost = Cost {
    memory_kib: 64 * 1024,
    passes: 3,
    lanes: 4,
};

/// How a seed file is protected.
enum Kind {
    /// By the rights of the file only.
    Plain,
    /// By a passphrase, at this cost.
    Encrypted(Cost),
}

/// Why a text could not be opened; the file name is added by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EnvelopeError {
    Damaged(&'static str),
    UnknownVersion(String),
    WrongPassphrase,
}

/// The text to store. `randomness` is salt and nonce, fresh for every file.
pub(super) fn seal(
    mnemonic: &Mnemonic,
    passphrase: Option<&Passphrase>,
    randomness: &[u8; SALT_BYTES + NONCE_BYTES],
) -> Zeroizing<String> {
    let phrase = mnemonic.phrase();
    let body = match passphrase {
        None => Zeroizing::new(format!("{MAGIC} {VERSION} plain\n{}\n", phrase.as_str())),
        Some(passphrase) => {
            let header = encrypted_header(COST);
            let (salt, nonce) = randomness.split_at(SALT_BYTES);
            let payload = Payload {
                msg: phrase.as_bytes(),
                aad: header.as_bytes(),
            };
            let ciphertext = cipher(passphrase, salt, COST)
                .encrypt(&nonce_of(nonce), payload)
                .expect("a phrase is far shorter than the cipher's limit");
            let stored = STANDARD.encode([randomness.as_slice(), &ciphertext].concat());
            Zeroizing::new(format!("{header}\n{stored}\n"))
        }
    };
    Zeroizing::new(format!("{}{CHECKSUM} {}\n", body.as_str(), checksum(&body)))
}

/// Whether a passphrase is needed. Checks that the text is intact.
pub(super) fn is_encrypted(text: &str) -> Result<bool, EnvelopeError> {
    parse(text).map(|(kind, _, _)| matches!(kind, Kind::Encrypted(_)))
}

/// The mnemonic in the text. A passphrase given for a plain file is not needed and not used.
pub(super) fn unseal(
    text: &str,
    passphrase: Option<&Passphrase>,
) -> Result<Mnemonic, EnvelopeError> {
    let (kind, header, stored) = parse(text)?;
    match kind {
        Kind::Plain => words(stored),
        Kind::Encrypted(cost) => {
            let passphrase = passphrase.ok_or(EnvelopeError::WrongPassphrase)?;
            let bytes = STANDARD
                .decode(stored)
                .map_err(|_| EnvelopeError::Damaged("the second line is not base64"))?;
            let (randomness, ciphertext) = bytes
                .split_at_checked(SALT_BYTES + NONCE_BYTES)
                .ok_or(EnvelopeError::Damaged("the second line is too short"))?;
            let (salt, nonce) = randomness.split_at(SALT_BYTES);
            let payload = Payload {
                msg: ciphertext,
                aad: header.as_bytes(),
            };
            let phrase = cipher(passphrase, salt, cost)
                .decrypt(&nonce_of(nonce), payload)
                .map(Zeroizing::new)
                .map_err(|_| EnvelopeError::WrongPassphrase)?;
            words(std::str::from_utf8(&phrase).map_err(|_| NOT_WORDS)?)
        }
    }
}

const NOT_WORDS: EnvelopeError = EnvelopeError::Damaged("it does not hold the words of a seed");

fn words(phrase: &str) -> Result<Mnemonic, EnvelopeError> {
    Mnemonic::parse(phrase).map_err(|_| NOT_WORDS)
}

/// Kind, header line and stored line of an intact text.
fn parse(text: &str) -> Result<(Kind, &str, &str), EnvelopeError> {
    let mut fields = text.lines().next().unwrap_or_default().split(' ');
    if fields.next() != Some(MAGIC) {
        return Err(EnvelopeError::Damaged("it does not begin like a seed file"));
    }
    match fields.next() {
        Some(VERSION) => {}
        // Only a number is a version; anything else is damage.
        Some(other) if other.parse::<u32>().is_ok() => {
            return Err(EnvelopeError::UnknownVersion(other.to_owned()));
        }
        Some(_) | None => return Err(EnvelopeError::Damaged("its version is not a number")),
    }
    let (body, sum) = text
        .strip_suffix('\n')
        .and_then(|text| text.rfind('\n').map(|end| text.split_at(end + 1)))
        .ok_or(EnvelopeError::Damaged("lines are missing"))?;
    if sum.split_once(' ') != Some((CHECKSUM, &checksum(body))) {
        return Err(EnvelopeError::Damaged("its checksum does not match"));
    }
    let (header, stored) = body
        .strip_suffix('\n')
        .and_then(|body| body.split_once('\n'))
        .ok_or(EnvelopeError::Damaged("lines are missing"))?;
    let kind = parse_kind(header).ok_or(EnvelopeError::Damaged("its first line is not valid"))?;
    Ok((kind, header, stored))
}

fn parse_kind(header: &str) -> Option<Kind> {
    match header.split(' ').skip(2).collect::<Vec<_>>().as_slice() {
        ["plain"] => Some(Kind::Plain),
        ["argon2id", memory, passes, lanes, "xchacha20poly1305"] => {
            let number = |field: &str, name, max| {
                let number: u32 = field.strip_prefix(name)?.parse().ok()?;
                (1..=max).contains(&number).then_some(number)
            };
            let cost = Cost {
                memory_kib: number(memory, "m=", MAX_MEMORY_KIB)?,
                passes: number(passes, "t=", MAX_PASSES)?,
                lanes: number(lanes, "p=", MAX_LANES)?,
            };
            // Argon2 wants at least eight blocks of memory for each lane.
            (cost.memory_kib >= 8 * cost.lanes).then_some(Kind::Encrypted(cost))
        }
        _ => None,
    }
}

fn encrypted_header(cost: Cost) -> String {
    let Cost {
        memory_kib,
        passes,
        lanes,
    } = cost;
    format!("{MAGIC} {VERSION} argon2id m={memory_kib} t={passes} p={lanes} xchacha20poly1305")
}

fn checksum(body: &str) -> String {
    hex::encode(Sha256::digest(body.as_bytes()))
}

fn nonce_of(bytes: &[u8]) -> XNonce {
    XNonce::try_from(bytes).expect("the nonce is cut to its length by the caller")
}

fn cipher(passphrase: &Passphrase, salt: &[u8], cost: Cost) -> XChaCha20Poly1305 {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES))
        .expect("the cost is ours, or was checked when the header was read");
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.normalized().as_bytes(), salt, key.as_mut())
        .expect("salt and key have lengths that Argon2 takes, and a passphrase is never 4 GiB");
    XChaCha20Poly1305::new_from_slice(key.as_ref()).expect("the key is 32 bytes long")
}
