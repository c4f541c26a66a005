//! The configuration: `tilld.toml`, `TILL_SECTION_KEY` variables and command-line flags.
//!
//! Owns every setting, its default, its range and its documentation. Pure: it is given the file's
//! text and the environment, and touches neither. It does not know what the settings are used for.

mod check;
mod error;
mod layers;
mod rule;
mod secret;
mod section;
mod sections;
mod suggest;
mod template;
#[cfg(test)]
mod tests;
mod types;
mod value;

use std::path::PathBuf;

pub use error::{ConfigError, Origin, Problem};
use layers::Layers;
pub(crate) use rule::price;
pub use secret::Secret;
use section::{Context, Key, Section, Visitor};
pub(crate) use section::{ENV_CONFIG, ENV_PREFIX};
pub use sections::{
    AuthConfig, ChainConfig, EventsConfig, HttpConfig, LnbitsConfig, LnbotConfig, LogConfig,
    LspConfig, NodeConfig, OnchainConfig, OutboundConfig, PaymentsConfig, PosConfig, RatesConfig,
    SeedConfig, TillConfig,
};
pub use types::{
    ChainSource, Dialect, ElectrumUrl, HttpUrl, Network, NodeId, PeerAddress, ProxyNetwork,
};

/// Declares [`Config`] and its walk over the sections, so that no section can be forgotten.
macro_rules! config {
    ($($(#[doc = $doc:literal])+ $name:ident: $ty:ty,)+) => {
        /// The effective configuration. `Debug` shows no secret.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $name: $ty,)+
        }

        impl Config {
            fn keys() -> Vec<&'static Key> {
                [$(<$ty>::KEYS),+].into_iter().flatten().collect()
            }

            fn read(layers: &mut Layers, context: &Context) -> Self {
                Self { $($name: Section::read(layers, context),)+ }
            }

            /// Walks all sections: `head` is called with name and documentation of each, then
            /// `body` for each of its values.
            fn visit(&self, walk: &mut impl template::Walk) {
                $(
                    walk.section(<$ty>::NAME, <$ty>::DOC);
                    let visitor: &mut Visitor<'_> =
                        &mut |key, toml, shown| walk.value(key, &toml, &shown);
                    self.$name.visit(visitor);
                )+
            }
        }
    };
}

config! {
    /// `[till]`
    till: TillConfig,
    /// `[http]`
    http: HttpConfig,
    /// `[node]`
    node: NodeConfig,
    /// `[chain]`
    chain: ChainConfig,
    /// `[lsp]`
    lsp: LspConfig,
    /// `[payments]`
    payments: PaymentsConfig,
    /// `[onchain]`
    onchain: OnchainConfig,
    /// `[auth]`
    auth: AuthConfig,
    /// `[pos]`
    pos: PosConfig,
    /// `[lnbits]`
    lnbits: LnbitsConfig,
    /// `[lnbot]`
    lnbot: LnbotConfig,
    /// `[outbound]`
    outbound: OutboundConfig,
    /// `[rates]`
    rates: RatesConfig,
    /// `[events]`
    events: EventsConfig,
    /// `[log]`
    log: LogConfig,
    /// `[seed]`
    seed: SeedConfig,
}

impl Config {
    /// Puts the layers together, flags over environment over file over defaults.
    ///
    /// # Errors
    /// Everything that is wrong anywhere, at once; nothing is half accepted.
    pub fn load(
        file: Option<(PathBuf, String)>,
        env: impl Iterator<Item = (String, String)>,
        flags: Overrides,
    ) -> Result<Self, ConfigError> {
        Loaded::load(file, env, flags).map(|loaded| loaded.config)
    }
}

/// A configuration together with where each value comes from.
pub(crate) struct Loaded {
    pub(crate) config: Config,
    layers: Layers,
}

impl Loaded {
    pub(crate) fn load(
        file: Option<(PathBuf, String)>,
        env: impl Iterator<Item = (String, String)>,
        flags: Overrides,
    ) -> Result<Self, ConfigError> {
        let mut layers = gather(file, env, flags);
        let context = context(&layers);
        let config = Config::read(&mut layers, &context);
        check::together(&config, &mut layers);
        if layers.problems.is_empty() {
            Ok(Self { config, layers })
        } else {
            Err(ConfigError {
                problems: layers.problems,
            })
        }
    }

    /// Where the value of `section.key` comes from.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        self.layers.origin(path)
    }

    /// The data folder that environment and flags name, to look for the file in it. Whatever else
    /// is wrong with them is left for [`Loaded::load`] to report.
    pub(crate) fn data_dir(
        env: impl Iterator<Item = (String, String)>,
        flags: Overrides,
    ) -> PathBuf {
        context(&gather(None, env, flags)).data_dir
    }
}

/// Lays the layers on each other, the strongest last.
fn gather(
    file: Option<(PathBuf, String)>,
    env: impl Iterator<Item = (String, String)>,
    flags: Overrides,
) -> Layers {
    let mut layers = Layers::new(Config::keys());
    if let Some((path, text)) = file {
        layers.add_file(&path, &text);
    }
    layers.add_environment(env);
    layers.add_flags(flags);
    layers
}

/// What other defaults and ranges depend on, known before any section is read.
fn context(layers: &Layers) -> Context {
    let home = layers.home().map(PathBuf::from);
    let network = layers.peek::<Network>("till.network");
    let data_dir = layers.peek("till.data_dir").ok().flatten();
    Context {
        network: network.map_or(None, |set| Some(set.unwrap_or(Network::Mainnet))),
        data_dir: data_dir.unwrap_or_else(|| Context::default_data_dir(home.as_deref())),
        home,
    }
}

/// What was said on the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The flag as typed, the key as `section.key`, the value.
    entries: Vec<(String, String, String)>,
}

impl Overrides {
    /// Sets `section.key` to `value` (lists comma separated). `flag` is how the user said it, for
    /// error messages. A later one wins.
    pub fn set(&mut self, flag: &str, path: &str, value: impl Into<String>) {
        self.entries
            .push((flag.to_owned(), path.to_owned(), value.into()));
    }
}

impl LspConfig {
    /// The provider, where one is configured: node id, address, token.
    pub fn provider(&self) -> Option<(&NodeId, &PeerAddress, Option<&Secret>)> {
        Some((
            self.node_id.as_ref()?,
            self.address.as_ref()?,
            self.token.as_ref(),
        ))
    }
}
