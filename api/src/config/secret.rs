//! A text that must not be seen: the type of every secret setting.
//!
//! Owns redaction and wiping. Knows nothing of what the secret is for.

use std::fmt;

use zeroize::Zeroizing;

/// What is printed in place of a secret.
pub(crate) const REDACTED: &str = "(redacted)";

/// A secret text. `Debug` never shows it, there is no `Display`, and its memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself. The name is long so that every use of it stands out in review.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}
