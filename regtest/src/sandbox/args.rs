//! The command line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;

use crate::bitcoind;
use crate::world::ChainKind;

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
}

impl Args {
    /// Who is to make the blocks; `None` if that is a bitcoind which is not here.
    pub(super) fn chain(&self) -> Option<ChainKind> {
        match &self.bitcoind {
            None => Some(ChainKind::Embedded),
            Some(Some(program)) => Some(ChainKind::Bitcoind(program.clone())),
            Some(None) => bitcoind::find().map(ChainKind::Bitcoind),
        }
    }

    /// Where the till is to serve; `None` is any free port.
    pub(super) fn till_listen(&self) -> Option<SocketAddr> {
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
