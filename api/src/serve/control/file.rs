//! `control.json` in the data folder: where a running till can be asked, and with which token. Owns
//! the file's form and its mode.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The file's name.
pub(crate) const FILE_NAME: &str = "control.json";
/// Readable by the till's own user: whoever has the token may ask.
const MODE: u32 = 0o600;

/// What is in the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct ControlFile {
    /// On 127.0.0.1.
    pub(crate) port: u16,
    /// To be presented as a bearer token. Not printable, as all secrets.
    pub(crate) token: String,
}

impl ControlFile {
    /// Written beside and moved, so that no reader sees half of it, and never with a wider mode.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let beside = path.with_extension("json.new");
        if beside.exists() {
            fs::remove_file(&beside)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(MODE)
            .open(&beside)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(beside, path)
    }

    pub(crate) fn read(path: &Path) -> std::io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_for_the_owner_s_eyes_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        for port in [1, 2] {
            let token = "secret".to_owned();
            ControlFile { port, token }.write(&path).unwrap();
            assert_eq!(ControlFile::read(&path).unwrap().port, port);
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                MODE
            );
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
