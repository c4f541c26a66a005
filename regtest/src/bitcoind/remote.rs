//! A bitcoind that somebody else runs, as in a container of its own. Owns how it is found; starts and ends nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::auth::Login;
use super::rpc::{Rpc, RpcError, blocking};

/// How long it may take until it answers: it may be reading its chain.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How often it is asked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where a bitcoind on regtest is found. It must have been started with `-txindex=1`, without peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteBitcoind {
    /// Host and port of its RPC.
    pub rpc: String,
    /// File with name and password for that, as `name:password`.
    pub login_file: PathBuf,
}

impl RemoteBitcoind {
    /// Waits until it answers. Blocks.
    pub(crate) fn reach(&self) -> Result<Rpc, RpcError> {
        let bad = |error: std::io::Error| {
            let file = self.login_file.display();
            RpcError::NoAnswer(format!("{file} cannot be used: {error}"))
        };
        let login = Login::read(&self.login_file).map_err(bad)?;
        let rpc = Rpc::new(&self.rpc, login).map_err(bad)?;
        let deadline = Instant::now() + ANSWER_LIMIT;
        blocking(|| {
            loop {
                match rpc.call::<Value>("getblockchaininfo", json!([])) {
                    Ok(_) => return Ok(rpc),
                    Err(error) if Instant::now() >= deadline => return Err(error),
                    Err(_) => std::thread::sleep(LOOK_EVERY),
                }
            }
        })
    }
}
