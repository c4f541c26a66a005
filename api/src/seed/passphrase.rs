//! The passphrase of the seed, and the places it can come from.
//!
//! Owns the order: a file named in the configuration, the systemd credential, then a person. It
//! does not know how a person is asked; a function that does is handed in.

use std::{
    borrow::Cow,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Name of the systemd credential (`LoadCredential=seed-passphrase:...`).
const CREDENTIAL: &str = "seed-passphrase";

/// A passphrase, never empty. `Debug` shows nothing of it, and the memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase as typed; none where it is empty.
    pub fn new(text: Zeroizing<String>) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// Reads a file. One line end at the end of it does not count, as editors add it.
    ///
    /// # Errors
    /// Where the file cannot be read, is not text, or is empty.
    pub fn read(path: &Path) -> Result<Self, PassphraseError> {
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|source| PassphraseError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Self::new(Zeroizing::new(line.to_owned()))
            .ok_or_else(|| PassphraseError::Empty(path.to_owned()))
    }

    /// In Unicode's NFKD, so that all keyboards give the same bytes.
    pub(super) fn normalized(&self) -> Zeroizing<String> {
        let mut text = Cow::Borrowed(self.0.as_str());
        bip39::Mnemonic::normalize_utf8_cow(&mut text);
        Zeroizing::new(text.into_owned())
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(redacted)")
    }
}

/// Where a passphrase may be found.
#[derive(Debug, Clone, Default)]
pub struct PassphraseSources {
    /// The file named in the configuration.
    pub file: Option<PathBuf>,
    /// The folder of systemd's credentials, `$CREDENTIALS_DIRECTORY`.
    pub credentials_dir: Option<PathBuf>,
}

impl PassphraseSources {
    /// The passphrase from the first place that has one. `ask` is asked last, and answers `None`
    /// where there is nobody to ask.
    ///
    /// # Errors
    /// Where a place has something unusable, or no place has anything.
    pub fn resolve(
        &self,
        ask: impl FnOnce() -> io::Result<Option<Zeroizing<String>>>,
    ) -> Result<Passphrase, PassphraseError> {
        if let Some(file) = &self.file {
            return Passphrase::read(file);
        }
        let credential = self
            .credentials_dir
            .as_ref()
            .map(|dir| dir.join(CREDENTIAL));
        if let Some(credential) = credential.filter(|file| file.exists()) {
            return Passphrase::read(&credential);
        }
        let typed = ask().map_err(PassphraseError::Prompt)?;
        typed
            .and_then(Passphrase::new)
            .ok_or(PassphraseError::Nowhere)
    }
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// A file that should hold it cannot be read.
    #[error("cannot read the passphrase file {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is empty.
    #[error("the passphrase file {} is empty", .0.display())]
    Empty(PathBuf),
    /// Asking failed.
    #[error("cannot ask for the passphrase: {0}")]
    Prompt(io::Error),
    /// No place has it.
    #[error(
        "the seed is encrypted and there is no passphrase: set seed.passphrase_file, give the \
         systemd credential \"seed-passphrase\", or start from a terminal and type it"
    )]
    Nowhere,
}
