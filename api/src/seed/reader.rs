//! Reads the seed once more, while the till runs. Owns where it is and where its passphrase comes
//! from; keeps neither words nor passphrase.

use std::path::PathBuf;

use super::{Mnemonic, PassphraseSources, SeedError, is_encrypted, open};

/// Where a seed is that has been opened before.
#[derive(Debug, Clone)]
pub struct SeedReader {
    file: PathBuf,
    passphrase: PassphraseSources,
}

impl SeedReader {
    /// A reader of this file. The passphrase of an encrypted one is looked for in the same places
    /// as at the start, but nobody is asked.
    #[must_use]
    pub const fn new(file: PathBuf, passphrase: PassphraseSources) -> Self {
        Self { file, passphrase }
    }

    /// Reads the seed. Blocks, and for an encrypted one takes a tenth of a second and 64 MiB.
    ///
    /// # Errors
    /// As [`open`]; where the passphrase was typed at the start, it is nowhere now.
    pub fn read(&self) -> Result<Mnemonic, SeedError> {
        if !is_encrypted(&self.file)? {
            return open(&self.file, None);
        }
        let passphrase = self.passphrase.resolve(|| Ok(None))?;
        open(&self.file, Some(&passphrase))
    }
}
