//! Table tests of the configuration. Nothing here touches files or the real environment.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod precedence;
mod refused;
mod values;
mod written;

use super::*;

const HOME: &str = "/home/ann";
const NODE_ID: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

/// What a test gives: the text of the file, variables, and flags as `(flag, path, value)`.
#[derive(Default)]
struct Given<'a> {
    file: &'a str,
    env: &'a [(&'a str, &'a str)],
    flags: &'a [(&'a str, &'a str, &'a str)],
}

impl Given<'_> {
    fn load(&self) -> Result<Loaded, ConfigError> {
        let file = (!self.file.is_empty()).then(|| ("tilld.toml".into(), self.file.to_owned()));
        let env = [("HOME", HOME)].iter().chain(self.env);
        let env = env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut flags = Overrides::default();
        for (flag, path, value) in self.flags {
            flags.set(flag, path, *value);
        }
        Loaded::load(file, env, flags)
    }

    fn config(&self) -> Config {
        self.load()
            .map_err(|error| error.to_string())
            .unwrap()
            .config
    }

    /// All problems, a line each.
    fn problems(&self) -> Vec<String> {
        let Err(error) = self.load() else {
            return Vec::new();
        };
        error.problems.iter().map(ToString::to_string).collect()
    }
}

fn file(text: &str) -> Given<'_> {
    Given {
        file: text,
        ..Given::default()
    }
}

fn env<'a>(env: &'a [(&'a str, &'a str)]) -> Given<'a> {
    Given {
        env,
        ..Given::default()
    }
}

fn defaults() -> Config {
    Given::default().config()
}
