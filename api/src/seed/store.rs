//! The seed file on disk: made once, whole or not at all, readable by its owner only.
//!
//! Owns the file operations and their order. What is in the file is the business of
//! [`super::envelope`].

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    Mnemonic, Passphrase, SeedError,
    envelope::{self, EnvelopeError},
};

/// Rights of the seed file: its owner's alone.
const FILE_MODE: u32 = 0o600;
/// Rights of a data folder made here.
const DIR_MODE: u32 = 0o700;

/// Stores a seed. When this returns `Ok`, it is on disk. Whatever happens, a file that was at
/// `path` before is left alone, and there is never half a seed there.
///
/// # Errors
/// [`SeedError::Exists`] where there is anything at `path`, else what the file system said.
pub fn create(
    path: &Path,
    mnemonic: &Mnemonic,
    passphrase: Option<&Passphrase>,
) -> Result<(), SeedError> {
    let mut randomness = [0; 40];
    getrandom::fill(&mut randomness).map_err(|_| SeedError::Entropy)?;
    let text = envelope::seal(mnemonic, passphrase, &randomness);
    let folder = folder_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(DIR_MODE)
        .create(folder)
        .map_err(io_error("create", folder))?;

    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(|_| SeedError::Entropy)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.tmp", hex::encode(suffix)));
    let draft = PathBuf::from(draft);
    let result = write_draft(&draft, &text).and_then(|()| publish(&draft, path));
    // The draft is either a second name of the seed by now, or of no use.
    let removed = fs::remove_file(&draft);
    result?;
    removed.map_err(io_error("remove", &draft))?;
    sync_folder(folder)?;
    // The folder may be new itself.
    sync_folder(folder_of(folder))
}

fn write_draft(draft: &Path, text: &str) -> Result<(), SeedError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(draft)
        .map_err(io_error("create", draft))?;
    file.write_all(text.as_bytes())
        .map_err(io_error("write", draft))?;
    file.sync_all().map_err(io_error("write", draft))
}

/// Gives the draft its name. A hard link, unlike a rename, fails where the name is taken.
fn publish(draft: &Path, path: &Path) -> Result<(), SeedError> {
    fs::hard_link(draft, path).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            SeedError::Exists(path.to_owned())
        } else {
            io_error("create", path)(source)
        }
    })
}

fn sync_folder(folder: &Path) -> Result<(), SeedError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_error("sync", folder))
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Whether the seed at `path` needs a passphrase.
///
/// # Errors
/// Where it is missing, unreadable or damaged.
pub fn is_encrypted(path: &Path) -> Result<bool, SeedError> {
    envelope::is_encrypted(&read(path)?).map_err(|error| named(error, path))
}

/// Reads the seed at `path`; a plain one needs no passphrase.
///
/// # Errors
/// Where it is missing, unreadable or damaged, or the passphrase is not the one.
pub fn open(path: &Path, passphrase: Option<&Passphrase>) -> Result<Mnemonic, SeedError> {
    envelope::unseal(&read(path)?, passphrase).map_err(|error| named(error, path))
}

/// A seed file is a few hundred bytes; anything larger is not one.
const MAX_FILE_BYTES: u64 = 4096;

fn read(path: &Path) -> Result<Zeroizing<String>, SeedError> {
    let file = File::open(path).map_err(|source| {
        if source.kind() == io::ErrorKind::NotFound {
            SeedError::Missing(path.to_owned())
        } else {
            io_error("read", path)(source)
        }
    })?;
    // Room for all of it from the start: a growing buffer would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize + 1));
    io::Read::read_to_end(&mut io::Read::take(file, MAX_FILE_BYTES), &mut bytes)
        .map_err(io_error("read", path))?;
    let damaged = |_| SeedError::Damaged {
        path: path.to_owned(),
        reason: "it is not text",
    };
    std::str::from_utf8(&bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(damaged)
}

fn named(error: EnvelopeError, path: &Path) -> SeedError {
    let path = path.to_owned();
    match error {
        EnvelopeError::Damaged(reason) => SeedError::Damaged { path, reason },
        EnvelopeError::UnknownVersion(version) => SeedError::UnknownVersion { path, version },
        EnvelopeError::WrongPassphrase => SeedError::WrongPassphrase(path),
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SeedError {
    let path = path.to_owned();
    move |source| SeedError::Io {
        action,
        path,
        source,
    }
}
