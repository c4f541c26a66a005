//! A name and a password for bitcoind's RPC that stay the same over restarts, as its cookie does not. Owns the
//! file with them, which has the form of a cookie.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};

/// What the file is called.
pub(super) const FILE: &str = "rpc-login";
const NAME: &str = "regtest";

/// Who asks.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) name: String,
    pub(super) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login {
    /// The one that a folder keeps, or a new one.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = format!("{NAME}:{}", random()?);
                let mut options = OpenOptions::new();
                let mut file = options.write(true).create(true).mode(0o600).open(&path)?;
                file.write_all(fresh.as_bytes())?;
                fresh
            }
            Err(error) => return Err(error),
        };
        let (name, password) = text
            .split_once(':')
            .ok_or_else(|| io::Error::other(format!("{} is damaged", path.display())))?;
        Ok(Login {
            name: name.to_owned(),
            password: password.to_owned(),
        })
    }

    /// The one in a file that somebody else wrote, as `name:password` in one line.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let (name, password) = text
            .trim_end()
            .split_once(':')
            .ok_or_else(|| io::Error::other("it is not name:password"))?;
        Ok(Login {
            name: name.to_owned(),
            password: password.to_owned(),
        })
    }

    /// What bitcoind is told of it: `name:salt$HMAC-SHA256(salt, password)`, see its `share/rpcauth`.
    pub(super) fn rpcauth(&self) -> io::Result<String> {
        let salt = random()?;
        let mut engine = HmacEngine::<sha256::Hash>::new(salt.as_bytes());
        engine.input(self.password.as_bytes());
        let digest = Hmac::from_engine(engine);
        Ok(format!("{}:{salt}${digest}", self.name))
    }
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}
