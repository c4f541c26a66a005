//! The machinery behind a section: one declaration gives the public struct, its documentation, the
//! comments of the generated file, the key table, and the reader.
//!
//! Owns the `section!` macro. The sections themselves are in [`super::sections`].

use std::path::{Path, PathBuf};

use super::{
    layers::Layers,
    types::{HttpUrl, Network},
};

/// Environment variables that begin so are settings of ours.
pub(crate) const ENV_PREFIX: &str = "TILL_";

/// The variable that names the configuration file; it is not a setting.
pub(crate) const ENV_CONFIG: &str = "TILL_CONFIG";

/// One setting, as far as it is known without a value.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    /// The doc comment, line by line.
    pub(crate) doc: &'static [&'static str],
}

impl Key {
    /// `section.key`.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `TILL_SECTION_KEY`.
    pub(crate) fn env_name(&self) -> String {
        format!("{ENV_PREFIX}{}_{}", self.section, self.name).to_uppercase()
    }
}

/// What defaults and ranges may depend on.
#[derive(Debug)]
pub(crate) struct Context {
    /// The home folder, if the environment names one.
    pub(crate) home: Option<PathBuf>,
    /// The network, unless it was given badly; then every range is lenient, so that one mistake
    /// is not reported as three.
    pub(crate) network: Option<Network>,
    /// The data directory in effect.
    pub(crate) data_dir: PathBuf,
}

/// The node clamps shorter sync intervals; on regtest the till syncs by itself.
const MIN_SYNC_SECS: u64 = 10;

impl Context {
    /// The data directory nobody chose: in the home folder, or the system's where there is none.
    pub(crate) fn default_data_dir(home: Option<&Path>) -> PathBuf {
        home.map_or_else(
            || PathBuf::from("/var/lib/tilld"),
            |home| home.join(".tilld"),
        )
    }

    /// The shortest interval at which a chain source may be asked.
    pub(crate) fn min_sync_secs(&self) -> u64 {
        match self.network {
            None | Some(Network::Regtest) => 1,
            Some(Network::Mainnet | Network::Signet | Network::Testnet4) => MIN_SYNC_SECS,
        }
    }

    /// The Esplora server of the network.
    pub(crate) fn default_esplora(&self) -> HttpUrl {
        let network = self.network.unwrap_or(Network::Mainnet);
        network
            .default_esplora()
            .parse()
            .expect("the built-in URLs are valid, as a test shows")
    }
}

/// What is given for each value when a section is walked: key, TOML, and TOML for people's eyes.
pub(crate) type Visitor<'a> = dyn FnMut(&'static Key, String, String) + 'a;

/// A section of the file.
pub(crate) trait Section: Sized {
    const NAME: &'static str;
    const DOC: &'static [&'static str];
    const KEYS: &'static [Key];

    /// Reads all keys; a bad value is noted in `layers` and replaced by the default.
    fn read(layers: &mut Layers, context: &Context) -> Self;

    /// Walks all values in order.
    fn visit(&self, visitor: &mut Visitor<'_>);
}

/// Declares a section: `name: Type = default, rule;` for every key. Without a rule, whatever the
/// type allows is accepted. Defaults and rules may use the context named at the head.
macro_rules! section {
    (
        $(#[doc = $doc:literal])+
        $name:ident as $section:literal with $cx:pat => {
            $(
                $(#[doc = $key_doc:literal])+
                $key:ident: $ty:ty = $default:expr $(, $rule:expr)?;
            )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[doc = $key_doc])+ pub $key: $ty,)+
        }

        impl $crate::config::section::Section for $name {
            const NAME: &'static str = $section;
            const DOC: &'static [&'static str] = &[$($doc),+];
            const KEYS: &'static [$crate::config::section::Key] = &[$(
                $crate::config::section::Key {
                    section: $section,
                    name: stringify!($key),
                    doc: &[$($key_doc),+],
                },
            )+];

            fn read(
                layers: &mut $crate::config::layers::Layers,
                $cx: &$crate::config::section::Context,
            ) -> Self {
                Self {
                    $($key: {
                        #[allow(unused_variables, reason = "the rule given, where there is one, wins")]
                        let rule = $crate::config::rule::any::<$ty>();
                        $(let rule = $rule;)?
                        layers.take($section, stringify!($key), rule, || $default)
                    },)+
                }
            }

            fn visit(&self, visitor: &mut $crate::config::section::Visitor<'_>) {
                let mut keys = Self::KEYS.iter();
                $(
                    let key = keys.next().expect("the table has one entry for each field");
                    visitor(
                        key,
                        $crate::config::value::Value::to_toml(&self.$key),
                        $crate::config::value::Value::shown(&self.$key),
                    );
                )+
            }
        }
    };
}
pub(crate) use section;
