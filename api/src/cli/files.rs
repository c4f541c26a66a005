//! Finds and reads the configuration file.
//!
//! Owns the search order: `--config`, `TILL_CONFIG`, `tilld.toml` in the data folder. What is in
//! the file is the business of [`crate::config`].

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{args::Settings, error::CliError};
use crate::config::{ENV_CONFIG, Loaded, Overrides};

/// Name of the configuration file in the data folder.
pub(super) const FILE_NAME: &str = "tilld.toml";

/// The value of a variable; an empty one counts as not set.
pub(super) fn variable<'a>(env: &'a [(String, String)], name: &str) -> Option<&'a str> {
    env.iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// The file that was named, whether it is there or not.
pub(super) fn named(settings: &Settings, env: &[(String, String)]) -> Option<PathBuf> {
    settings
        .config
        .clone()
        .or_else(|| variable(env, ENV_CONFIG).map(PathBuf::from))
}

/// Loads the effective configuration, and tells which file was read.
pub(super) fn load(
    settings: &Settings,
    env: &[(String, String)],
) -> Result<(Loaded, Option<PathBuf>), CliError> {
    let flags = overrides(settings)?;
    let file = match named(settings, env) {
        Some(file) => Some(file),
        None => in_data_dir(env, &flags),
    };
    let text = file.as_deref().map(read).transpose()?;
    let layer = file.clone().zip(text);
    Ok((Loaded::load(layer, env.iter().cloned(), flags)?, file))
}

/// The settings among the flags.
pub(super) fn overrides(settings: &Settings) -> Result<Overrides, CliError> {
    settings
        .overrides()
        .map_err(|error| CliError::Usage(format!("--data-dir cannot be used: {error}")))
}

/// `tilld.toml` in the data folder that flags and environment name, if it is there. Where those
/// are wrong there is none; the errors are reported when everything is loaded.
fn in_data_dir(env: &[(String, String)], flags: &Overrides) -> Option<PathBuf> {
    let data_dir = Loaded::data_dir(env.iter().cloned(), flags.clone());
    Some(data_dir.join(FILE_NAME)).filter(|file| file.exists())
}

fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| CliError::UnreadableConfig {
        path: path.to_owned(),
        source,
    })
}
