//! Writes configurations down: the commented file of `init`, and what `config check` prints.
//!
//! Owns the layout of both. Knows keys and their documentation, but not where the text goes.

use std::fmt::Write as _;

use super::{
    Loaded,
    error::Origin,
    layers::Layers,
    section::{ENV_PREFIX, Key},
};

/// A walk over all sections and values, in order.
pub(crate) trait Walk {
    fn section(&mut self, name: &str, doc: &[&str]);
    fn value(&mut self, key: &'static Key, toml: &str, shown: &str);
}

impl Loaded {
    /// The text of `tilld.toml`: every key with its documentation. What was chosen by file, flag
    /// or environment is set, everything else is a comment that names the default. Secrets that
    /// came by environment stay there and are not written down.
    pub(crate) fn to_file(&self) -> String {
        let out = format!(
            "# Configuration of tilld. Lines that begin with # are comments; a setting that is\n\
             # commented out shows its default.\n\
             # Every setting can also be given as an environment variable, {ENV_PREFIX}SECTION_KEY\n\
             # (lists comma separated), or with --set section.key=value. A flag wins over a\n\
             # variable, a variable over this file.\n"
        );
        let mut file = File {
            out,
            layers: &self.layers,
        };
        self.config.visit(&mut file);
        file.out
    }

    /// The effective configuration as TOML with the origin of each value, secrets redacted.
    pub(crate) fn to_report(&self) -> String {
        let mut report = Report {
            out: String::new(),
            layers: &self.layers,
        };
        self.config.visit(&mut report);
        report.out
    }
}

struct File<'a> {
    out: String,
    layers: &'a Layers,
}

impl Walk for File<'_> {
    fn section(&mut self, name: &str, doc: &[&str]) {
        self.out.push('\n');
        self.comment(doc);
        line(&mut self.out, format_args!("[{name}]"));
    }

    fn value(&mut self, key: &'static Key, toml: &str, shown: &str) {
        self.out.push('\n');
        self.comment(key.doc);
        let holds_secret = toml != shown;
        match self.layers.origin(&key.path()) {
            Origin::Environment(name) if holds_secret => {
                line(
                    &mut self.out,
                    format_args!("# Set by {name}; not copied, as it is secret."),
                );
            }
            Origin::Default => line(&mut self.out, format_args!("#{} = {toml}", key.name)),
            Origin::Environment(_) | Origin::File(_) | Origin::Flag(_) => {
                line(&mut self.out, format_args!("{} = {toml}", key.name));
            }
        }
    }
}

impl File<'_> {
    fn comment(&mut self, doc: &[&str]) {
        for text in doc {
            line(&mut self.out, format_args!("# {}", text.trim()));
        }
    }
}

struct Report<'a> {
    out: String,
    layers: &'a Layers,
}

impl Walk for Report<'_> {
    fn section(&mut self, name: &str, _: &[&str]) {
        let gap = if self.out.is_empty() { "" } else { "\n" };
        line(&mut self.out, format_args!("{gap}[{name}]"));
    }

    fn value(&mut self, key: &'static Key, _: &str, shown: &str) {
        let origin = match self.layers.origin(&key.path()) {
            Origin::Default => "default".to_owned(),
            Origin::File(file) => file.display().to_string(),
            Origin::Environment(name) => name,
            Origin::Flag(flag) => flag,
        };
        line(
            &mut self.out,
            format_args!("{} = {shown} # {origin}", key.name),
        );
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String cannot fail");
}
