//! bitcoind as a process: a folder, a port, a start, an end.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thiserror::Error;

use super::auth::{self, Login};
use super::leash::Leash;
use super::rpc::{Rpc, RpcError, blocking};
use crate::ports::free_addresses;

/// How long a start may take.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a clean end may take.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How often a starting one is asked whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Starts before there is said to be no port: somebody may take one that was free.
const START_TRIES: usize = 3;
/// A tip of this age, in seconds, does not make it think that it is still catching up: ten years.
const MAX_TIP_AGE_SECS: u64 = 315_360_000;
/// What it may use for coins and for the mempool, in MiB: worlds are small, and there are several.
const CACHE_MIB: u32 = 8;
const MEMPOOL_MIB: u32 = 20;
/// How much of what it said is shown with an error, in bytes.
const TAIL_BYTES: usize = 2_000;

/// bitcoind does not run as it should.
#[derive(Debug, Error)]
pub enum BitcoindError {
    /// The program cannot be started, or its folder not used.
    #[error("cannot run {}: {source}", .program.display())]
    Run {
        /// Which program.
        program: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// It ended by itself, or did not end when it should.
    #[error("bitcoind {what}; the end of what it said:\n{tail}")]
    Ended {
        /// What happened.
        what: String,
        /// Its last words.
        tail: String,
    },
    /// It does not answer, or refuses what it must not.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

/// Whether transactions that wait are still known after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// They are.
    Kept,
    /// They are not, as on a node that was away for two weeks.
    Forgotten,
}

/// A running bitcoind. Dropping it ends it, and waits for that.
#[derive(Debug)]
pub struct Bitcoind {
    program: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    login: Login,
    more: Vec<String>,
    rpc: Rpc,
    leash: Option<Leash>,
}

impl Bitcoind {
    /// Starts `program` on the regtest chain that `folder` keeps, or a new one, and waits until it
    /// answers. Blocks.
    ///
    /// # Errors
    /// If it cannot be started, or ends, or does not answer in time.
    pub fn start(program: &Path, folder: &Path) -> Result<Self, BitcoindError> {
        Self::start_with(program, folder, &[])
    }

    /// [`Self::start`] with more arguments, which win over its own.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(program: &Path, folder: &Path, more: &[&str]) -> Result<Self, BitcoindError> {
        let run = |source| BitcoindError::Run {
            program: program.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(run)?;
        let login = Login::of(folder).map_err(run)?;
        let mut tries = 1;
        loop {
            let [address] = free_addresses().map_err(run)?;
            let mut bitcoind = Bitcoind {
                program: program.to_owned(),
                folder: folder.to_owned(),
                address,
                login: login.clone(),
                more: more.iter().map(|more| (*more).to_owned()).collect(),
                rpc: Rpc::new(address, login.clone()).map_err(run)?,
                leash: None,
            };
            match bitcoind.launch(Waiting::Kept) {
                Ok(()) => return Ok(bitcoind),
                Err(BitcoindError::Ended { .. }) if tries < START_TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Who asks it. Stays good over restarts.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it has not been stopped.
    pub(crate) fn is_running(&self) -> bool {
        self.leash.is_some()
    }

    /// The file with name and password for its RPC, the same over restarts.
    pub fn login_file(&self) -> PathBuf {
        self.folder.join(auth::FILE)
    }

    /// The file with name and password that it makes anew at each start.
    pub fn cookie_file(&self) -> PathBuf {
        self.folder.join("regtest").join(".cookie")
    }

    /// Starts it again where it has stopped, at the same port. Blocks.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) fn launch(&mut self, waiting: Waiting) -> Result<(), BitcoindError> {
        if self.leash.is_some() {
            return Ok(());
        }
        let run = |source| BitcoindError::Run {
            program: self.program.clone(),
            source,
        };
        let args = self.args(waiting).map_err(run)?;
        let leash = Leash::start(&self.program, &args, self.open_log().map_err(run)?);
        self.leash = Some(leash.map_err(run)?);
        blocking(|| self.until_it_answers()).inspect_err(|_| self.leash = None)
    }

    /// Ends it. One that has ended stays so. Blocks.
    ///
    /// # Errors
    /// If it does not end in time.
    pub(crate) fn stop(&mut self) -> Result<(), BitcoindError> {
        let Some(mut leash) = self.leash.take() else {
            return Ok(());
        };
        match blocking(|| leash.end(STOP_LIMIT)) {
            Ok(Some(_status)) => Ok(()),
            Ok(None) => Err(self.ended("does not end".to_owned())),
            Err(source) => Err(BitcoindError::Run {
                program: self.program.clone(),
                source,
            }),
        }
    }

    /// As an operator has it: the index of transactions that a till needs, and the rules of relay of main net;
    /// but no peers, and no wallet.
    fn args(&self, waiting: Waiting) -> std::io::Result<Vec<String>> {
        let kept = match waiting {
            Waiting::Kept => 1,
            Waiting::Forgotten => 0,
        };
        let args = [
            "-regtest".to_owned(),
            format!("-datadir={}", self.folder.display()),
            "-server=1".to_owned(),
            format!("-rpcbind={}", self.address.ip()),
            format!("-rpcport={}", self.address.port()),
            "-rpcallowip=127.0.0.1".to_owned(),
            format!("-rpcauth={}", self.login.rpcauth()?),
            "-listen=0".to_owned(),
            "-dnsseed=0".to_owned(),
            "-fixedseeds=0".to_owned(),
            "-disablewallet=1".to_owned(),
            "-txindex=1".to_owned(),
            "-acceptnonstdtxn=0".to_owned(),
            format!("-persistmempool={kept}"),
            format!("-maxtipage={MAX_TIP_AGE_SECS}"),
            format!("-dbcache={CACHE_MIB}"),
            format!("-maxmempool={MEMPOOL_MIB}"),
            "-par=1".to_owned(),
            "-printtoconsole=0".to_owned(),
        ];
        let args = args.into_iter().chain(self.more.iter().cloned());
        Ok(args.collect())
    }

    fn until_it_answers(&mut self) -> Result<(), BitcoindError> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let asked = self.rpc.call::<Value>("getblockchaininfo", json!([]));
            match asked {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() >= deadline => return Err(error.into()),
                // Not there yet, or there and still reading its chain.
                Err(_) => {}
            }
            let ended = self.leash.as_mut().map(Leash::ended);
            if let Some(Ok(Some(status))) = ended {
                return Err(self.ended(format!("ended with {status}")));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("bitcoind.out")
    }

    fn open_log(&self) -> std::io::Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).append(true).open(self.log())
    }

    fn ended(&self, what: String) -> BitcoindError {
        let said = std::fs::read(self.log()).unwrap_or_default();
        let tail = &said[said.len().saturating_sub(TAIL_BYTES)..];
        let tail = String::from_utf8_lossy(tail).into_owned();
        BitcoindError::Ended { what, tail }
    }
}

impl Drop for Bitcoind {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "while ending bitcoind");
        }
    }
}
