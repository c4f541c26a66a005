//! The manifest of a backup: what it is of, and the digest of every file in it. Owns its form, which
//! stays readable for later releases.

use serde::{Deserialize, Serialize};

/// The form that this program writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;
/// Its name in a backup.
pub(super) const NAME: &str = "manifest.json";

/// What a backup is of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// RFC 3339, in UTC.
    pub(crate) made_at: String,
    /// The program's version.
    pub(crate) program: String,
    pub(crate) network: String,
    /// Null where the till had never started.
    pub(crate) node_id: Option<String>,
    /// Records in the journal.
    pub(crate) records: u64,
    /// The last record's hash, which covers all before it; hexadecimal.
    pub(crate) head: String,
    /// Whether the till served meanwhile.
    pub(crate) was_running: bool,
    pub(crate) seed: SeedIs,
    /// All files but this one.
    pub(crate) files: Vec<Packed>,
}

/// Where the seed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeedIs {
    /// In the backup, encrypted with its passphrase.
    Encrypted,
    /// Not in the backup: it has no passphrase.
    LeftOut,
}

/// A file in a backup.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packed {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// Hexadecimal.
    pub(crate) sha256: String,
}
