//! The names of all settings, and the nearest one to a name that is none.
//!
//! Owns the wording for unknown names. Knows no values.

use super::section::{ENV_PREFIX, Key};

/// A key of another section that matches by its own name only is a little farther away than one
/// that matches as a whole.
const OTHER_SECTION_PENALTY: f64 = 0.05;

/// The table of names.
pub(crate) struct Names(Vec<&'static Key>);

impl Names {
    pub(crate) fn new(keys: Vec<&'static Key>) -> Self {
        Self(keys)
    }

    pub(crate) fn is_section(&self, name: &str) -> bool {
        self.0.iter().any(|key| key.section == name)
    }

    pub(crate) fn is_key(&self, path: &str) -> bool {
        self.0.iter().any(|key| key.path() == path)
    }

    pub(crate) fn path_of_env(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|key| key.env_name() == name)
            .map(|key| key.path())
    }

    /// For a top-level entry of the file that is no section.
    pub(crate) fn unknown_top_level(&self, name: &str, is_table: bool) -> String {
        if is_table {
            let section = nearest(
                self.0
                    .iter()
                    .map(|key| (key.section, similar(name, key.section))),
            );
            format!("unknown section; the nearest one is [{section}]")
        } else {
            let key = self.nearest_key(name, name);
            format!(
                "keys live in sections; the nearest one is {} in [{}]",
                key.name, key.section
            )
        }
    }

    /// For a `section.key` that is none.
    pub(crate) fn unknown_key(&self, path: &str) -> String {
        let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
        format!(
            "unknown key; the nearest one is {}",
            self.nearest_key(path, name).path()
        )
    }

    /// For a variable with our prefix that is none of ours.
    pub(crate) fn unknown_env(&self, variable: &str) -> String {
        let name = variable.trim_start_matches(ENV_PREFIX).to_lowercase();
        let key = nearest(self.0.iter().map(|key| {
            let whole = similar(&name, &format!("{}_{}", key.section, key.name));
            (
                *key,
                whole.max(similar(&name, key.name) - OTHER_SECTION_PENALTY),
            )
        }));
        format!("unknown setting; the nearest one is {}", key.env_name())
    }

    fn nearest_key(&self, path: &str, name: &str) -> &'static Key {
        nearest(self.0.iter().map(|key| {
            let whole = similar(path, &key.path());
            (
                *key,
                whole.max(similar(name, key.name) - OTHER_SECTION_PENALTY),
            )
        }))
    }
}

fn similar(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(a, b)
}

/// The candidate with the highest score, the first of equals.
fn nearest<T>(candidates: impl Iterator<Item = (T, f64)>) -> T {
    candidates
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .expect("the table of keys is a constant and not empty")
        .0
}
