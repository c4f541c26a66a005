//! `tilld audit`: the books put to the test. Owns the way to them (the folder itself where no till
//! runs, else the running till's door) and the exit code.

mod text;

use till_actors::audit::{AuditError, audit_folder};
use till_actors::till::LockError;

use super::args::{AuditArgs, Settings};
use super::ask;
use super::console::Console;
use super::error::{CliError, FAILURE};
use super::files;
use crate::serve::control::AUDIT_PATH;
use crate::serve::control::wire::AuditWire;
use crate::telemetry;

/// Why there is no report. The exit code is 2 for all of them.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoReport {
    #[error(transparent)]
    Cli(#[from] CliError),
    #[error("the audit could not be done: {0}")]
    Audit(#[from] AuditError),
    #[error("the running till could not be asked: {0}")]
    Ask(#[from] ask::AskError),
}

/// Audits, prints, and returns the exit code: 0 where everything agrees, 1 where it does not.
pub(super) fn run(
    settings: &Settings,
    args: &AuditArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<u8, NoReport> {
    let (loaded, _) = files::load(settings, env)?;
    let config = loaded.config;
    till_actors::abort::hush_contained();
    let (dir, network) = (&config.till.data_dir, config.till.network.into());
    // Progress goes to stderr.
    let audited = telemetry::during(&config.log, || audit_folder(dir, network));
    let report = match audited.map_err(CliError::from)? {
        Ok(report) => AuditWire::of(&report, false),
        Err(AuditError::Lock(LockError::Taken { .. })) => ask::ask(dir, AUDIT_PATH, String::new())?,
        Err(error) => return Err(error.into()),
    };
    let printed = if args.json {
        serde_json::to_string_pretty(&report).map_err(ask::AskError::from)? + "\n"
    } else {
        text::of(&report)
    };
    console.say(&printed);
    Ok(if report.agrees { 0 } else { FAILURE })
}
