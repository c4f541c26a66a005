//! How one setting is read from TOML or from text, and written back.
//!
//! Owns the syntax of values: lists are TOML arrays or comma separated text, an empty text is
//! "none" for optional values. Knows neither keys nor ranges; see [`super::rule`].

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{
    secret::{REDACTED, Secret},
    types::{
        ChainSource, Dialect, ElectrumUrl, HttpUrl, Network, NodeId, PeerAddress, ProxyNetwork,
    },
};

/// A value as it was given.
#[derive(Debug, Clone)]
pub(crate) enum Raw {
    /// From the file.
    Toml(toml::Value),
    /// From an environment variable or a flag.
    Text(String),
}

impl Raw {
    /// The text of a TOML string or of a variable.
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text.trim()),
        }
    }
}

/// A type that a setting can have.
pub(crate) trait Value: Sized + Clone {
    /// What a valid value is, to complete "must be ...".
    fn expects() -> String;
    /// A rejected value may be repeated in the error message.
    const ECHO: bool = true;

    /// Reads a value; `home` is what a leading `~` stands for.
    fn parse(raw: &Raw, home: Option<&Path>) -> Option<Self>;

    /// The value as TOML.
    fn to_toml(&self) -> String;

    /// The value as TOML for people's eyes: secrets redacted.
    fn shown(&self) -> String {
        self.to_toml()
    }
}

/// A text as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A whole number with its thousands set apart, as TOML allows.
fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

macro_rules! whole_number {
    ($($ty:ty),+) => {$(
        impl Value for $ty {
            fn expects() -> String {
                "a whole number".to_owned()
            }

            fn parse(raw: &Raw, _: Option<&Path>) -> Option<Self> {
                match raw {
                    Raw::Toml(value) => value.as_integer()?.try_into().ok(),
                    Raw::Text(text) => text.trim().replace('_', "").parse().ok(),
                }
            }

            fn to_toml(&self) -> String {
                grouped(self)
            }
        }
    )+};
}
whole_number!(u32, u64, usize);

impl Value for bool {
    fn expects() -> String {
        "true or false".to_owned()
    }

    fn parse(raw: &Raw, _: Option<&Path>) -> Option<Self> {
        match raw {
            Raw::Toml(value) => value.as_bool(),
            Raw::Text(text) => text.trim().parse().ok(),
        }
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

macro_rules! text {
    ($($ty:ty: $expects:literal),+ $(,)?) => {$(
        impl Value for $ty {
            fn expects() -> String {
                $expects.to_owned()
            }

            fn parse(raw: &Raw, _: Option<&Path>) -> Option<Self> {
                raw.as_text()?.parse().ok()
            }

            fn to_toml(&self) -> String {
                quoted(&self.to_string())
            }
        }
    )+};
}
text! {
    String: "a text",
    Network: "mainnet, signet, testnet4 or regtest",
    ChainSource: "esplora, bitcoind or electrum",
    ElectrumUrl: "tcp:// or ssl:// with a host and a port, like ssl://electrum.example.com:50002",
    Dialect: "documented or v1",
    SocketAddr: "an IP address and a port, like 127.0.0.1:9154 or [::1]:9154",
    ProxyNetwork: "an IP address or a network, like 127.0.0.1 or 10.0.0.0/8",
    NodeId: "a node id (66 hex digits of a public key)",
    PeerAddress: "a host and a port, like 203.0.113.7:9735 or node.example.com:9735",
}

impl Value for HttpUrl {
    const ECHO: bool = false;

    fn expects() -> String {
        "an http:// or https:// URL without a query".to_owned()
    }

    fn parse(raw: &Raw, _: Option<&Path>) -> Option<Self> {
        raw.as_text()?.parse().ok()
    }

    fn to_toml(&self) -> String {
        quoted(self.as_str())
    }

    fn shown(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Value for Secret {
    const ECHO: bool = false;

    fn expects() -> String {
        "a text".to_owned()
    }

    fn parse(raw: &Raw, _: Option<&Path>) -> Option<Self> {
        raw.as_text().map(Self::new)
    }

    fn to_toml(&self) -> String {
        quoted(self.expose_secret())
    }

    fn shown(&self) -> String {
        quoted(REDACTED)
    }
}

/// Relative paths are refused: a till started from another folder would find an empty one there.
impl Value for PathBuf {
    fn expects() -> String {
        "an absolute path, or one that starts with ~/".to_owned()
    }

    fn parse(raw: &Raw, home: Option<&Path>) -> Option<Self> {
        let text = raw.as_text()?;
        let path = match text.strip_prefix('~') {
            Some("") => home?.to_owned(),
            Some(rest) => home?.join(rest.strip_prefix('/')?),
            None => Self::from(text),
        };
        path.is_absolute().then_some(path)
    }

    fn to_toml(&self) -> String {
        quoted(&self.to_string_lossy())
    }
}

impl<T: Value> Value for Option<T> {
    const ECHO: bool = T::ECHO;

    fn expects() -> String {
        T::expects()
    }

    fn parse(raw: &Raw, home: Option<&Path>) -> Option<Self> {
        if raw.as_text() == Some("") {
            Some(None)
        } else {
            T::parse(raw, home).map(Some)
        }
    }

    fn to_toml(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), T::to_toml)
    }

    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), T::shown)
    }
}

/// Lists hold texts only, which is all that the configuration needs.
impl<T: Value> Value for Vec<T> {
    const ECHO: bool = T::ECHO;

    fn expects() -> String {
        format!("a list, each item {}", T::expects())
    }

    fn parse(raw: &Raw, home: Option<&Path>) -> Option<Self> {
        let items: Vec<Raw> = match raw {
            Raw::Toml(value) => value.as_array()?.iter().cloned().map(Raw::Toml).collect(),
            Raw::Text(text) if text.trim().is_empty() => Vec::new(),
            Raw::Text(text) => text
                .split(',')
                .map(|item| Raw::Text(item.to_owned()))
                .collect(),
        };
        items.iter().map(|item| T::parse(item, home)).collect()
    }

    fn to_toml(&self) -> String {
        format!(
            "[{}]",
            self.iter().map(T::to_toml).collect::<Vec<_>>().join(", ")
        )
    }
}
