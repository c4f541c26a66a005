//! What a world should be.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::{RemoteTill, TilldCommand};
use crate::bitcoind::RemoteBitcoind;

/// How a world is made. The default is a temporary one with channels both ways.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// The program that is the till.
    pub tilld: TilldCommand,
    /// Where to keep the world, or find one to resume; `None` for a folder that goes with it.
    pub dir: Option<PathBuf>,
    /// A till that somebody else runs; `tilld`, `till_listen` and `env` are not looked at then.
    pub remote_till: Option<RemoteTill>,
    /// Base URL of an Esplora server that somebody else runs on the same bitcoind.
    pub remote_esplora: Option<String>,
    /// The host, or its name, where provider and customer are reached at ports of their own; `None` for free ports of
    /// loopback.
    pub peers_host: Option<String>,
    /// Where the till serves HTTP; `None` for a free port of loopback.
    pub till_listen: Option<SocketAddr>,
    /// The till's configuration as `TILL_SECTION_KEY`, over what the world sets itself.
    pub env: Vec<(String, String)>,
    /// Who makes the blocks.
    pub chain: ChainKind,
    /// Whom the till asks for them.
    pub till_asks: TillAsks,
    /// The till's money to begin with.
    pub liquidity: Liquidity,
    /// Told of each step of the start.
    pub progress: Progress,
}

impl WorldConfig {
    /// The default world around a program.
    pub fn new(tilld: TilldCommand) -> Self {
        WorldConfig {
            tilld,
            dir: None,
            remote_till: None,
            remote_esplora: None,
            peers_host: None,
            till_listen: None,
            env: Vec::new(),
            chain: ChainKind::default(),
            till_asks: TillAsks::default(),
            liquidity: Liquidity::default(),
            progress: Progress::default(),
        }
    }
}

/// Who makes the blocks of a world and judges its transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ChainKind {
    /// The chain inside this program.
    #[default]
    Embedded,
    /// A real bitcoind: this program.
    Bitcoind(PathBuf),
    /// A real bitcoind that somebody else runs.
    Remote(RemoteBitcoind),
}

impl ChainKind {
    /// As `GET /info` of the control API and a kept world name it.
    pub fn name(&self) -> &'static str {
        match self {
            ChainKind::Embedded => "embedded",
            ChainKind::Bitcoind(_) | ChainKind::Remote(_) => "bitcoind",
        }
    }
}

/// The till's chain source. Customer and provider always ask the Esplora server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TillAsks {
    /// The Esplora server.
    #[default]
    Esplora,
    /// The real bitcoind by its RPC.
    Bitcoind,
    /// An Electrum server of this machine, which asks the real bitcoind.
    Electrum,
}

/// The till's money to begin with. Zero means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidity {
    /// What the till gets on the chain; its own channel is paid from that.
    pub onchain_sat: u64,
    /// The channel that the till opens to the customer.
    pub outbound_sat: u64,
    /// The channel that the provider opens to the till. Without one, the first sale needs a channel
    /// just in time.
    pub inbound_sat: u64,
}

impl Default for Liquidity {
    fn default() -> Self {
        Liquidity {
            onchain_sat: 20_000_000,
            outbound_sat: 6_000_000,
            inbound_sat: 6_000_000,
        }
    }
}

impl Liquidity {
    /// On-chain money only.
    pub fn without_channels() -> Self {
        Liquidity {
            outbound_sat: 0,
            inbound_sat: 0,
            ..Liquidity::default()
        }
    }
}

type Tell = dyn Fn(&str) + Send + Sync;

/// Who is told of the steps of a start.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Tell>>);

impl Progress {
    /// Calls `tell` with a short line before each step.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Progress(Some(Arc::new(tell)))
    }

    pub(super) fn step(&self, text: &str) {
        tracing::info!("{text}");
        if let Some(tell) = &self.0 {
            tell(text);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
