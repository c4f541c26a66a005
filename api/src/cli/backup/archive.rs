//! The file of a backup: a tar archive, written whole or not at all, for its owner's eyes. Owns
//! packing, unpacking and checking; it does not know what the files in it are for.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use till_actors::backup;
use till_actors::journal::JournalError;

use super::JOURNAL;
use super::manifest::{self, Manifest, Packed};
use crate::config::Network;

/// Rights of a backup, and of all that is unpacked from one.
const FILE_MODE: u32 = 0o600;
/// The longest manifest that is read.
const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;

/// Why there is no archive, or no good one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{} is there already; a backup is never overwritten", .0.display())]
    Exists(PathBuf),
    #[error("{} is no backup of a till: {why}", .path.display())]
    NoBackup { path: PathBuf, why: String },
    #[error("{name} in the backup is not as it was written: do not use this backup")]
    Damaged { name: String },
    #[error("this backup has format {0}, which a newer program wrote: use that one")]
    Newer(u32),
    #[error("the backup's journal: {0}")]
    Journal(#[from] JournalError),
    #[error("the system gave no randomness")]
    Entropy,
}

/// A folder of our own for what is packed or unpacked. Removed when it goes.
#[derive(Debug)]
pub(crate) struct Workspace(PathBuf);

impl Workspace {
    /// Makes one in `folder`, readable by its owner only.
    pub(crate) fn make(folder: &Path) -> Result<Self, ArchiveError> {
        let mut suffix = [0; 8];
        getrandom::fill(&mut suffix).map_err(|_| ArchiveError::Entropy)?;
        let path = folder.join(format!(".tilld-backup-{}", hex::encode(suffix)));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(failed("create", &path))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let path = self.path(name);
        let put = create(&path).and_then(|mut file| file.write_all(bytes));
        put.map_err(failed("write", &path))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // Left behind it is only in the way of nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Packs files of the workspace, and gives the archive its name once it is on disk.
pub(crate) fn write(
    work: Workspace,
    mut manifest: Manifest,
    names: &[&str],
    to: &Path,
) -> Result<Manifest, ArchiveError> {
    for name in names {
        manifest.files.push(digest(&work.path(name), name)?);
    }
    let text = serde_json::to_vec_pretty(&manifest);
    let text = text.map_err(|error| failed("write", to)(error.into()))?;
    work.put(manifest::NAME, &text)?;
    let draft = work.path("archive");
    let packed = create(&draft).and_then(|file| {
        let mut tar = tar::Builder::new(file);
        tar.mode(tar::HeaderMode::Deterministic);
        for name in std::iter::once(&manifest::NAME).chain(names) {
            append(&mut tar, &work.path(name), name)?;
        }
        tar.into_inner()?.sync_all()
    });
    packed.map_err(failed("write", &draft))?;
    if to.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(to.to_owned()));
    }
    fs::rename(&draft, to).map_err(failed("create", to))?;
    let folder = folder_of(to);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(failed("sync", folder))?;
    Ok(manifest)
}

fn append(tar: &mut tar::Builder<File>, path: &Path, name: &str) -> io::Result<()> {
    let file = File::open(path)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(file.metadata()?.len());
    header.set_mode(FILE_MODE);
    header.set_cksum();
    tar.append_data(&mut header, name, file)
}

/// Unpacks a backup and checks all of it. What was unpacked goes with the workspace.
pub(crate) fn open(file: &Path) -> Result<(Manifest, Workspace), ArchiveError> {
    let work = Workspace::make(&std::env::temp_dir())?;
    open_in(file, work)
}

/// The same, unpacked in a workspace of the caller's: on the disk where it is to stay.
pub(crate) fn open_in(file: &Path, work: Workspace) -> Result<(Manifest, Workspace), ArchiveError> {
    let no_backup = |why: String| ArchiveError::NoBackup {
        path: file.to_owned(),
        why,
    };
    let archive = File::open(file).map_err(failed("read", file))?;
    let mut archive = tar::Archive::new(archive);
    let mut entries = archive.entries().map_err(failed("read", file))?;
    let first = entries
        .next()
        .ok_or_else(|| no_backup("it is empty".to_owned()))?;
    let first = first.map_err(|error| no_backup(error.to_string()))?;
    let manifest: Manifest = serde_json::from_reader(first.take(MAX_MANIFEST_BYTES))
        .map_err(|error| no_backup(format!("it does not begin with a manifest ({error})")))?;
    if manifest.format > manifest::FORMAT {
        return Err(ArchiveError::Newer(manifest.format));
    }
    let mut expected = manifest.files.iter();
    for entry in entries {
        let mut entry = entry.map_err(|error| no_backup(error.to_string()))?;
        // Nothing but what the manifest names, and in its order: no path of the archive's choosing.
        let next = expected.next();
        let name = entry.path().map(|path| path.display().to_string());
        let packed = next.filter(|packed| name.as_ref().is_ok_and(|name| *name == packed.name));
        let packed = packed.ok_or_else(|| no_backup("it holds files of others".to_owned()))?;
        if packed.name.contains('/') || packed.name.starts_with('.') {
            return Err(no_backup("it holds files of others".to_owned()));
        }
        let path = work.path(&packed.name);
        let mut out = create(&path).map_err(failed("write", &path))?;
        io::copy(&mut entry, &mut out).map_err(|error| no_backup(error.to_string()))?;
        if digest(&path, &packed.name)? != *packed {
            return Err(damaged(&packed.name));
        }
    }
    if let Some(missing) = expected.next() {
        return Err(damaged(&missing.name));
    }
    check_journal(&manifest, &work).map(|()| (manifest, work))
}

fn check_journal(manifest: &Manifest, work: &Workspace) -> Result<(), ArchiveError> {
    let network = manifest.network.parse::<Network>();
    let network = network.map_err(|()| damaged(manifest::NAME))?;
    let found = backup::check_journal(&work.path(JOURNAL), network.into())?;
    let is_it = found.head.seq == manifest.records
        && hex::encode(found.head.hash) == manifest.head
        && found.node_id == manifest.node_id;
    if is_it { Ok(()) } else { Err(damaged(JOURNAL)) }
}

fn digest(path: &Path, name: &str) -> Result<Packed, ArchiveError> {
    let mut file = File::open(path).map_err(failed("read", path))?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer).map_err(failed("read", path))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    Ok(Packed {
        name: name.to_owned(),
        bytes,
        sha256: hex::encode(hasher.finalize()),
    })
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn damaged(name: &str) -> ArchiveError {
    ArchiveError::Damaged {
        name: name.to_owned(),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    let path = path.to_owned();
    move |source| ArchiveError::Io {
        action,
        path,
        source,
    }
}
