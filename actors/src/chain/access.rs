//! Who asks a bitcoind, and where. Owns the form of the file with name and password.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use zeroize::Zeroizing;

/// No name with a password is longer; whatever is, is another file. In bytes.
const MAX_LOGIN_BYTES: usize = 4_096;

/// Where a bitcoind's RPC is, and who asks.
#[derive(Clone)]
pub struct BitcoindAccess {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who asks.
    pub login: Login,
    /// Where the login was read, and is read again when it is refused.
    pub file: Option<PathBuf>,
}

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name of `rpcauth`, or of the cookie.
    pub user: String,
    /// The password that goes with it.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login {
    /// Reads `name:password` from a file of one line; `None` if it has another form.
    ///
    /// # Errors
    /// The system's, if it cannot be read.
    pub fn read(file: &Path) -> io::Result<Option<Self>> {
        let text = Zeroizing::new(std::fs::read_to_string(file)?);
        Ok(match text.trim().split_once(':') {
            Some((name, password)) if text.len() <= MAX_LOGIN_BYTES && !name.is_empty() => {
                Some(Self {
                    user: name.to_owned(),
                    password: Zeroizing::new(password.to_owned()),
                })
            }
            Some(_) | None => None,
        })
    }
}

impl BitcoindAccess {
    /// What stands in the header of a question (RFC 7617).
    pub(super) fn basic(&self) -> Zeroizing<String> {
        let (user, password) = (&self.login.user, &*self.login.password);
        let login = Zeroizing::new(format!("{user}:{password}"));
        let coded = Zeroizing::new(BASE64_STANDARD.encode(login.as_bytes()));
        Zeroizing::new(format!("Basic {}", *coded))
    }

    /// The login that the file has now.
    pub(super) fn read_again(&self) -> Option<Login> {
        Login::read(self.file.as_ref()?).ok().flatten()
    }
}

impl fmt::Debug for BitcoindAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitcoindAccess")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
