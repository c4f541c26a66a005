//! What is wrong with a configuration, and where it was said.
//!
//! Owns the wording of origins and of the list of problems. Does not find any problem itself.

use std::{fmt, path::PathBuf};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable, by name.
    Environment(String),
    /// A command-line flag, as typed.
    Flag(String),
}

/// One thing that is wrong, never showing a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it was said.
    pub origin: Origin,
    /// The key as `section.key`; a bare section; or empty for a file that is not TOML at all.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin,
            path,
            message,
        } = self;
        match origin {
            Origin::Default => write!(f, "{path}: {message}"),
            Origin::File(file) if path.is_empty() => write!(f, "{}: {message}", file.display()),
            Origin::File(file) => write!(f, "{}: {path}: {message}", file.display()),
            Origin::Environment(name) => write!(f, "environment variable {name}: {message}"),
            Origin::Flag(flag) if flag.contains(path.as_str()) => {
                write!(f, "command line {flag}: {message}")
            }
            Origin::Flag(flag) => write!(f, "command line {flag} ({path}): {message}"),
        }
    }
}

/// Everything that is wrong with a configuration, all at once; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The problems: file first, then environment, flags, and values against each other.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [one] => write!(f, "the configuration has a problem:\n  - {one}"),
            many => {
                write!(f, "the configuration has {} problems:", many.len())?;
                many.iter()
                    .try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}
