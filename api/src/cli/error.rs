//! What a command can fail with, and the exit code of each.
//!
//! Owns the exit codes. The messages are complete: what is wrong and what to do about it.

use std::{io, path::PathBuf, process::ExitCode};

use till_actors::recover::RecoverError;
use till_actors::till::StoppedError;

use super::ask::AskError;
use super::backup::NoBackup;
use super::health::Unwell;
use crate::{config::ConfigError, seed::SeedError, telemetry::TelemetryError};

/// Exit code for a command that failed.
pub(super) const FAILURE: u8 = 1;
/// Exit code for wrong usage or a wrong configuration.
pub(super) const USAGE: u8 = 2;

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cannot read the configuration file {}: {source}", .path.display())]
    UnreadableConfig { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("nothing was made, because there is something already:{}", list(.0))]
    InTheWay(Vec<PathBuf>),
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("no answer: {0}")]
    Prompt(io::Error),
    #[error("the till could not be asked: {0}")]
    Ask(#[from] AskError),
    #[error(transparent)]
    Unwell(#[from] Unwell),
    #[error(transparent)]
    Backup(#[from] NoBackup),
    #[error(transparent)]
    Recover(#[from] RecoverError),
    #[error(transparent)]
    Stopped(#[from] StoppedError),
}

fn list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| format!("\n  {}", path.display()))
        .collect()
}

impl CliError {
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::UnreadableConfig { .. } | Self::Usage(_) => USAGE.into(),
            Self::Seed(_)
            | Self::Telemetry(_)
            | Self::InTheWay(_)
            | Self::Io { .. }
            | Self::Prompt(_)
            | Self::Ask(_)
            | Self::Unwell(_)
            | Self::Backup(_)
            | Self::Recover(_)
            | Self::Stopped(_) => FAILURE.into(),
        }
    }
}
