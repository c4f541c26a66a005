//! The seed: twelve or twenty-four BIP 39 words from which all keys of the till grow.
//!
//! Owns making it, storing it (plain or encrypted) and reading it back. It does not know the
//! configuration, the node, or how a passphrase is asked for; those come in as arguments.

mod envelope;
mod passphrase;
mod reader;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf};

pub use passphrase::{Passphrase, PassphraseError, PassphraseSources};
pub use reader::SeedReader;
pub use store::{create, is_encrypted, open};
use zeroize::{Zeroize, Zeroizing};

/// How many words a new seed has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordCount {
    /// 128 bits of entropy.
    Twelve,
    /// 256 bits of entropy.
    #[default]
    TwentyFour,
}

impl WordCount {
    fn entropy_bytes(self) -> usize {
        match self {
            Self::Twelve => 16,
            Self::TwentyFour => 32,
        }
    }
}

/// The words. `Debug` shows none of them, and the memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Mnemonic(bip39::Mnemonic);

impl Mnemonic {
    /// A new seed from the operating system's randomness.
    ///
    /// # Errors
    /// [`SeedError::Entropy`] where the system has no randomness to give.
    pub fn generate(words: WordCount) -> Result<Self, SeedError> {
        let mut entropy = Zeroizing::new([0; 32]);
        let entropy = &mut entropy[..words.entropy_bytes()];
        getrandom::fill(entropy).map_err(|_| SeedError::Entropy)?;
        let mnemonic = bip39::Mnemonic::from_entropy(entropy);
        entropy.zeroize();
        Ok(Self(
            mnemonic.expect("16 and 32 bytes are entropy lengths of BIP 39"),
        ))
    }

    /// Reads words that somebody wrote down, in English, any white space between them.
    ///
    /// # Errors
    /// [`SeedError::Words`] where they are not a BIP 39 mnemonic.
    pub fn parse(words: &str) -> Result<Self, SeedError> {
        bip39::Mnemonic::parse_in(bip39::Language::English, words)
            .map(Self)
            .map_err(|_| SeedError::Words)
    }

    /// The words, separated by spaces.
    pub fn phrase(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string())
    }

    /// The words one by one.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.0.words()
    }

    /// The type that the node takes.
    pub fn as_bip39(&self) -> &bip39::Mnemonic {
        &self.0
    }
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mnemonic(redacted)")
    }
}

/// Why a seed could not be made, stored or read. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The operating system has no randomness.
    #[error("the operating system gave no randomness; no seed was made")]
    Entropy,
    /// Not a mnemonic.
    #[error("these are not the words of a seed: check spelling, order and number")]
    Words,
    /// A seed is there, and a seed is never overwritten.
    #[error("{} is there already; a seed is never overwritten", .0.display())]
    Exists(PathBuf),
    /// There is no seed.
    #[error("there is no seed at {}; `tilld init` makes one", .0.display())]
    Missing(PathBuf),
    /// The file is not what was written.
    #[error("the seed file {} is damaged ({reason}); restore it from a copy or from the words", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// The file was written by a later release.
    #[error("the seed file {} has format {version:?}, which this release cannot read", .path.display())]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// The version found.
        version: String,
    },
    /// The file is intact and the passphrase is another one.
    #[error("wrong passphrase for the seed file {}", .0.display())]
    WrongPassphrase(PathBuf),
    /// The file system said no.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The passphrase could not be had.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
}
