//! The command line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args as Group, Parser};

use crate::bitcoind::{self, RemoteBitcoind};
use crate::world::{ChainKind, RemoteTill};

/// Where the till serves, unless told otherwise: what its documentation says.
const TILL_PORT: u16 = 9154;
/// Where the control API serves.
const CONTROL_PORT: u16 = 9155;

/// Start a whole Lightning world on this machine: a regtest chain, a liquidity provider, a customer
/// and a till with channels both ways. Needs nothing else installed and no network.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
pub(super) struct Args {
    /// Leave after the first sale; success means that the sale was seen on the WebSocket and in the
    /// ledger. Takes free ports unless told which
    #[arg(long)]
    pub(super) once: bool,
    /// Keep the world in this folder, or resume the one that is there
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Let a real bitcoind make the blocks: EXE, or else the one that BITCOIND_EXE names, the one on
    /// PATH, or the one that regtest/get-bitcoind.sh has fetched into target/bitcoind
    #[arg(long, value_name = "EXE", num_args = 0..=1, require_equals = true)]
    pub(super) bitcoind: Option<Option<PathBuf>>,
    /// Where the till serves HTTP [default: 127.0.0.1:9154]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// Where the control API serves [default: 127.0.0.1:9155]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) control: Option<SocketAddr>,
    /// Print one line of JSON when ready, and nothing else, on stdout
    #[arg(long)]
    pub(super) json: bool,
    /// Another tilld than the one inside this program
    #[arg(long, value_name = "EXE", hide = true)]
    pub(super) tilld: Option<PathBuf>,
    #[command(flatten)]
    pub(super) elsewhere: Elsewhere,
}

/// Parts that somebody else runs, as docker/compose.regtest.yaml does.
#[derive(Debug, Group)]
#[command(next_help_heading = "Parts that run elsewhere")]
pub(super) struct Elsewhere {
    /// The RPC of a bitcoind on regtest that has txindex=1 and no peers
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "bitcoind")]
    #[arg(requires = "bitcoind_login")]
    bitcoind_rpc: Option<String>,
    /// File with name and password for it, as name:password
    #[arg(long, value_name = "FILE", requires = "bitcoind_rpc")]
    bitcoind_login: Option<PathBuf>,
    /// An Esplora server on that bitcoind
    #[arg(long, value_name = "URL", requires = "bitcoind_rpc")]
    pub(super) esplora_url: Option<String>,
    /// A till; it is started once the file with its settings is there
    #[arg(long, value_name = "URL", conflicts_with_all = ["listen", "tilld"])]
    #[arg(requires_all = ["till_node", "till_settings"])]
    till_url: Option<String>,
    /// Where the till's Lightning node is reached
    #[arg(long, value_name = "HOST:PORT", requires = "till_url")]
    till_node: Option<String>,
    /// Where to write the till's settings, for a shell to read
    #[arg(long, value_name = "FILE", requires = "till_url")]
    till_settings: Option<PathBuf>,
    /// The host, or its name, where others reach provider and customer, at ports 9736 and 9737
    #[arg(long, value_name = "HOST")]
    pub(super) peers_host: Option<String>,
}

impl Elsewhere {
    fn bitcoind(&self) -> Option<RemoteBitcoind> {
        Some(RemoteBitcoind {
            rpc: self.bitcoind_rpc.clone()?,
            login_file: self.bitcoind_login.clone()?,
        })
    }

    pub(super) fn till(&self) -> Option<RemoteTill> {
        Some(RemoteTill {
            url: self.till_url.clone()?,
            node: self.till_node.clone()?,
            settings_file: self.till_settings.clone()?,
        })
    }
}

impl Args {
    /// Who is to make the blocks; `None` if that is a bitcoind which is not here.
    pub(super) fn chain(&self) -> Option<ChainKind> {
        if let Some(remote) = self.elsewhere.bitcoind() {
            return Some(ChainKind::Remote(remote));
        }
        match &self.bitcoind {
            None => Some(ChainKind::Embedded),
            Some(Some(program)) => Some(ChainKind::Bitcoind(program.clone())),
            Some(None) => bitcoind::find().map(ChainKind::Bitcoind),
        }
    }

    /// Where the till is to serve; `None` is any free port, or somebody else's business.
    pub(super) fn till_listen(&self) -> Option<SocketAddr> {
        if self.elsewhere.till_url.is_some() {
            return None;
        }
        self.listen.or(self.default_address(TILL_PORT))
    }

    /// Where the control API is to serve; port 0 is any free one.
    pub(super) fn control_listen(&self) -> SocketAddr {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        self.control
            .or(self.default_address(CONTROL_PORT))
            .unwrap_or(free)
    }

    fn default_address(&self, port: u16) -> Option<SocketAddr> {
        (!self.once).then_some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("sandbox").chain(line.split_whitespace()))
    }

    #[test]
    fn what_runs_elsewhere_is_named_whole_or_not_at_all() {
        let bitcoind = "--bitcoind-rpc bitcoind:18443 --bitcoind-login /login";
        let till =
            "--till-url http://till:9154 --till-node till:9735 --till-settings /told/till.env";
        for part in [
            "--bitcoind-rpc bitcoind:18443",
            "--bitcoind-login /login",
            "--esplora-url http://esplora:3002",
            "--till-url http://till:9154",
            "--till-node till:9735",
            &format!("{till} --listen 127.0.0.1:9154"),
            &format!("{bitcoind} --bitcoind"),
        ] {
            assert!(parsed(part).is_err(), "{part}");
        }
        let whole = parsed(&format!(
            "{bitcoind} {till} --esplora-url http://esplora:3002"
        ));
        let whole = whole.ok().map(|args| (args.chain(), args.till_listen()));
        assert!(matches!(whole, Some((Some(ChainKind::Remote(_)), None))));
    }
}
