//! A real bitcoind on regtest: finding one, running it, asking it.
//!
//! [`Bitcoind`] is the process with a folder and ports of its own, [`RemoteBitcoind`] one that somebody else runs,
//! and [`Rpc`] asks either. What its blocks mean to
//! the chain that everything else holds is not known here, but in `chain`.

mod auth;
mod leash;
mod process;
mod remote;
mod rpc;

use std::path::PathBuf;

pub(crate) use leash::Leash;
pub(crate) use process::Waiting;
pub use process::{Bitcoind, BitcoindError};
pub use remote::RemoteBitcoind;
pub(crate) use rpc::blocking;
pub use rpc::{Rpc, RpcError};

/// Names the program, before `PATH` is looked at.
const EXE_VARIABLE: &str = "BITCOIND_EXE";
/// Where the project's script puts one by its own documentation, from the root of the project.
const FETCHED: &str = "target/bitcoind/bin/bitcoind";

/// The bitcoind of this machine: the one that `BITCOIND_EXE` names, one on `PATH`, or the one that
/// `regtest/get-bitcoind.sh target/bitcoind` has fetched.
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(EXE_VARIABLE).filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let fetched = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(FETCHED);
    std::env::split_paths(&path)
        .map(|folder| folder.join("bitcoind"))
        .chain([fetched])
        .find(|program| program.is_file())
}
