//! An Electrum server on a real bitcoind: finding one, running it.
//!
//! What it says of the chain is its own; nothing here stands between it and who asks.

mod process;

use std::path::{Path, PathBuf};

pub use process::{Electrum, ElectrumError};

/// Names of the programs, of the variables that name one, and of where one may have been put.
const ELECTRS: (&str, &str) = ("ELECTRS_EXE", "electrs");
const ELECTRUMX: (&str, &str) = ("ELECTRUMX_EXE", "electrumx_server");
const FETCHED: &str = "target/electrumx/bin/electrumx_server";

/// A server's program. They take their settings in different ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Reads blocks from bitcoind's peer-to-peer port.
    Electrs(PathBuf),
    /// Reads everything by RPC. Of those that talk to whoever does not say first what he is: up to 1.18.
    ElectrumX(PathBuf),
}

/// The Electrum server of this machine: the one that `ELECTRS_EXE` or `ELECTRUMX_EXE` names, one on `PATH`, or the
/// one that `regtest/get-electrumx.sh target/electrumx` has fetched.
pub fn find() -> Option<Program> {
    let electrs = named(ELECTRS).map(Program::Electrs);
    let electrumx = || named(ELECTRUMX).map(Program::ElectrumX);
    let fetched = || {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(FETCHED);
        path.is_file().then_some(Program::ElectrumX(path))
    };
    electrs.or_else(electrumx).or_else(fetched)
}

fn named((variable, name): (&str, &str)) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable).filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join(name));
    programs.find(|program| program.is_file())
}
