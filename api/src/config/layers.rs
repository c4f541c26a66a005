//! Gathers what file, environment and flags say, the strongest last, and hands it out by key.
//!
//! Owns precedence and unknown keys. Knows key names but not what their values mean.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Overrides,
    error::{Origin, Problem},
    rule::Rule,
    section::{ENV_CONFIG, ENV_PREFIX, Key},
    suggest::Names,
    value::{Raw, Value},
};

/// Longest rejected value that is repeated in an error message, in characters.
const MAX_ECHO_CHARS: usize = 60;

/// All that was said, by `section.key`.
pub(crate) struct Layers {
    values: BTreeMap<String, (Origin, Raw)>,
    home: Option<PathBuf>,
    names: Names,
    pub(crate) problems: Vec<Problem>,
}

impl Layers {
    /// Nothing said yet.
    pub(crate) fn new(keys: Vec<&'static Key>) -> Self {
        let names = Names::new(keys);
        Self {
            values: BTreeMap::new(),
            home: None,
            names,
            problems: Vec::new(),
        }
    }

    /// Lays a file on top.
    pub(crate) fn add_file(&mut self, file: &Path, text: &str) {
        let origin = Origin::File(file.to_owned());
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            // The parser's full message quotes the line, and that line may hold a secret.
            Err(error) => {
                let error: toml::de::Error = error;
                let at = error.span().map_or(text.len(), |span| span.start);
                let line = text
                    .as_bytes()
                    .iter()
                    .take(at)
                    .filter(|byte| **byte == b'\n')
                    .count();
                let message = format!("line {}: not TOML: {}", line + 1, error.message());
                return self.problem(origin, String::new(), message);
            }
        };
        for (section, value) in table {
            if !self.names.is_section(&section) {
                let message = self.names.unknown_top_level(&section, value.is_table());
                self.problem(origin.clone(), section, message);
            } else if let toml::Value::Table(keys) = value {
                for (key, value) in keys {
                    self.add(origin.clone(), format!("{section}.{key}"), Raw::Toml(value));
                }
            } else {
                let message = format!("must be a section: write [{section}] and its keys below");
                self.problem(origin.clone(), section, message);
            }
        }
    }

    /// Lays the environment on top; variables of other programs are passed over.
    pub(crate) fn add_environment(&mut self, env: impl Iterator<Item = (String, String)>) {
        let mut env: Vec<_> = env.collect();
        // The environment has no order of its own, and the list of problems should have one.
        env.sort();
        for (name, value) in env {
            if name == "HOME" && Path::new(&value).is_absolute() {
                self.home = Some(value.into());
            } else if name.starts_with(ENV_PREFIX) && name != ENV_CONFIG {
                let origin = Origin::Environment(name.clone());
                match self.names.path_of_env(&name) {
                    Some(path) => self.add(origin, path, Raw::Text(value)),
                    None => {
                        let message = self.names.unknown_env(&name);
                        self.problem(origin, name, message);
                    }
                }
            }
        }
    }

    /// Lays the command line on top.
    pub(crate) fn add_flags(&mut self, flags: Overrides) {
        for (flag, path, value) in flags.entries {
            self.add(Origin::Flag(flag), path, Raw::Text(value));
        }
    }

    fn add(&mut self, origin: Origin, path: String, raw: Raw) {
        if self.names.is_key(&path) {
            self.values.insert(path, (origin, raw));
        } else {
            let message = self.names.unknown_key(&path);
            self.problem(origin, path, message);
        }
    }

    /// The value of a key, or its default; a bad one is noted and replaced by the default.
    pub(crate) fn take<T: Value>(
        &mut self,
        section: &str,
        name: &str,
        rule: Rule<T>,
        default: impl FnOnce() -> T,
    ) -> T {
        let path = format!("{section}.{name}");
        let Some((origin, raw)) = self.values.get(&path) else {
            return default();
        };
        if let Some(value) = T::parse(raw, self.home()).filter(|value| (rule.accepts)(value)) {
            return value;
        }
        let echo = if T::ECHO {
            format!(", not {}", echo(raw))
        } else {
            String::new()
        };
        let message = format!("must be {}{echo}", rule.expects);
        self.problem(origin.clone(), path, message);
        default()
    }

    /// The value of a key before its section is read: nothing where it is not set, an error where
    /// it is bad (which is reported when the section is read).
    pub(crate) fn peek<T: Value>(&self, path: &str) -> Result<Option<T>, ()> {
        let Some((_, raw)) = self.values.get(path) else {
            return Ok(None);
        };
        T::parse(raw, self.home()).map(Some).ok_or(())
    }

    /// The home folder, if the environment names one.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Where the value of a key comes from.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        self.values
            .get(path)
            .map_or(Origin::Default, |(origin, _)| origin.clone())
    }

    /// Whether something is already known to be wrong with a key.
    pub(crate) fn is_bad(&self, path: &str) -> bool {
        self.problems.iter().any(|problem| problem.path == path)
    }

    pub(crate) fn problem(&mut self, origin: Origin, path: String, message: String) {
        self.problems.push(Problem {
            origin,
            path,
            message,
        });
    }
}

fn echo(raw: &Raw) -> String {
    let text = match raw {
        Raw::Toml(value) => value.to_string(),
        Raw::Text(text) => format!("{text:?}"),
    };
    match text.char_indices().nth(MAX_ECHO_CHARS) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text,
    }
}
