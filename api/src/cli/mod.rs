//! The command line: `init`, `serve`, `health`, `audit`, `payment`, `channels`, `backup`, `restore`,
//! `acknowledge-restore`, `recover-channels`, `config check` and `version`.
//!
//! Owns arguments, exit codes and what is said on the terminal. It does not serve: the function
//! that does is handed to [`run`].

mod acknowledge;
#[cfg(test)]
mod admin_tests;
mod args;
mod ask;
mod audit;
mod backup;
mod channels;
mod console;
mod error;
mod files;
mod health;
mod init;
#[cfg(test)]
mod loss_tests;
mod payment;
mod recover;
mod restore;
#[cfg(test)]
mod source_tests;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use args::{AuditArgs, Cli, Command, ConfigCommand};
use clap::Parser as _;
use console::{Console, Terminal};
use error::CliError;

use crate::{
    config::{Config, ENV_PREFIX, SeedConfig},
    seed::{self, Mnemonic, PassphraseSources},
    telemetry,
};

/// Runs the command line of this process. `serve` is called for `tilld serve`, with logging set
/// up, the configuration checked and the seed opened; its exit code is the process's.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. Of an audit: 0 everything agrees, 1
/// something differs, 2 it could not be done.
pub fn run(serve: impl FnOnce(Config, Mnemonic) -> ExitCode) -> ExitCode {
    run_from(std::env::args_os(), serve)
}

/// The same for arguments given by the caller, the program's name first: for programs that have
/// the till inside them.
pub fn run_from(
    args: impl IntoIterator<Item = OsString>,
    serve: impl FnOnce(Config, Mnemonic) -> ExitCode,
) -> ExitCode {
    dispatch(args, &environment(), &mut Terminal, serve)
}

/// The environment as text. Variables of others that are no text are passed over; ours are kept
/// with the bad bytes replaced, so that they are reported and not ignored.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let value = if name.starts_with(ENV_PREFIX) {
                value.to_string_lossy().into_owned()
            } else {
                value.into_string().ok()?
            };
            Some((name, value))
        })
        .collect()
}

fn dispatch(
    args: impl IntoIterator<Item = OsString>,
    env: &[(String, String)],
    console: &mut impl Console,
    serve: impl FnOnce(Config, Mnemonic) -> ExitCode,
) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, console),
    };
    let done = match &cli.command {
        Command::Init(init) => init::run(&cli.settings, init, env, console),
        Command::Audit(args) => return audited(&cli, args, env, console),
        Command::Health(args) => health::run(&cli.settings, args, env, console),
        Command::Payment(args) => payment::run(&cli.settings, args, env, console),
        Command::Channels(command) => channels::run(&cli.settings, command, env, console),
        Command::Backup(args) => backup::run(&cli.settings, args, env, console),
        Command::Restore(args) => restore::run(&cli.settings, args, env, console),
        Command::AcknowledgeRestore(args) => acknowledge::run(&cli.settings, args, env, console),
        Command::RecoverChannels(args) => recover::run(&cli.settings, args, env, console),
        Command::Config(ConfigCommand::Check) => check(&cli, env, console),
        Command::Version => {
            console.say(&format!("tilld {}\n", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        Command::Serve => match prepare(&cli, env, console) {
            Ok((config, mnemonic)) => return serve(config, mnemonic),
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.complain(&format!("tilld: {error}\n"));
            error.exit_code()
        }
    }
}

/// An audit's exit code says what it found, so a failure of the command has one of its own.
fn audited(
    cli: &Cli,
    args: &AuditArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> ExitCode {
    match audit::run(&cli.settings, args, env, console) {
        Ok(code) => code.into(),
        Err(error) => {
            console.complain(&format!("tilld: {error}\n"));
            error::USAGE.into()
        }
    }
}

/// Help and version are answers, not errors; clap has them all as errors.
fn usage(error: &clap::Error, console: &mut impl Console) -> ExitCode {
    if error.use_stderr() {
        console.complain(&error.to_string());
        error::USAGE.into()
    } else {
        console.say(&error.to_string());
        ExitCode::SUCCESS
    }
}

fn check(cli: &Cli, env: &[(String, String)], console: &mut impl Console) -> Result<(), CliError> {
    let (loaded, file) = files::load(&cli.settings, env)?;
    let source = file.map_or_else(
        || "# No configuration file.\n".to_owned(),
        |file| format!("# Configuration file: {}\n", file.display()),
    );
    console.say(&format!("{source}{}", loaded.to_report()));
    Ok(())
}

fn prepare(
    cli: &Cli,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(Config, Mnemonic), CliError> {
    let (loaded, _) = files::load(&cli.settings, env)?;
    let mnemonic = open_seed(&loaded.config.seed, env, console)?;
    telemetry::init(&loaded.config.log)?;
    Ok((loaded.config, mnemonic))
}

fn open_seed(
    config: &SeedConfig,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<Mnemonic, CliError> {
    let file = &config.mnemonic_file;
    if !seed::is_encrypted(file)? {
        return Ok(seed::open(file, None)?);
    }
    let passphrase = sources(config.passphrase_file.as_deref(), env).resolve(|| {
        if !console.is_interactive() {
            return Ok(None);
        }
        console.ask_secret("Passphrase of the seed: ").map(Some)
    });
    Ok(seed::open(
        file,
        Some(&passphrase.map_err(seed::SeedError::from)?),
    )?)
}

fn sources(file: Option<&Path>, env: &[(String, String)]) -> PassphraseSources {
    let credentials_dir = files::variable(env, "CREDENTIALS_DIRECTORY").map(PathBuf::from);
    PassphraseSources {
        file: file.map(Path::to_owned),
        credentials_dir,
    }
}
