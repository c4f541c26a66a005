//! An Electrum server as a process: a folder, a port, a start, an end.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use thiserror::Error;

use super::Program;
use crate::bitcoind::{Bitcoind, Leash, blocking};
use crate::ports::free_addresses;

/// How long a start may take.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a clean end may take.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How often a starting one is asked whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long it may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How much of what it said is shown with an error, in bytes.
const TAIL_BYTES: usize = 2_000;
/// Asks for its newest block.
const QUESTION: &[u8] =
    b"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"blockchain.headers.subscribe\",\"params\":[]}\n";

/// An Electrum server does not run as it should.
#[derive(Debug, Error)]
pub enum ElectrumError {
    /// The program cannot be started, or its folder not used.
    #[error("cannot run {}: {source}", .program.display())]
    Run {
        /// Which program.
        program: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// It ended by itself, or is not there in time, or did not end when it should.
    #[error("the Electrum server {what}; the end of what it said:\n{tail}")]
    Ended {
        /// What happened.
        what: String,
        /// Its last words.
        tail: String,
    },
}

/// A running Electrum server. Dropping it ends it, and waits for that.
#[derive(Debug)]
pub struct Electrum {
    program: PathBuf,
    args: Vec<String>,
    folder: PathBuf,
    address: SocketAddr,
    leash: Option<Leash>,
}

impl Electrum {
    /// What a bitcoind has to be started with for it, and where that then listens for peers.
    ///
    /// # Errors
    /// If there is no port.
    pub fn needs(program: &Program) -> std::io::Result<(Vec<String>, Option<SocketAddr>)> {
        match program {
            Program::Electrs(_) => {
                let [peers] = free_addresses()?;
                let args = ["-listen=1".to_owned(), format!("-bind={peers}")];
                Ok((args.into(), Some(peers)))
            }
            Program::ElectrumX(_) => Ok((Vec::new(), None)),
        }
    }

    /// Starts `program` on a bitcoind that has a block, with `peers` from [`Self::needs`], and waits until it
    /// answers. Blocks.
    ///
    /// # Errors
    /// If it cannot be started, or ends, or does not answer in time.
    pub fn start(
        program: &Program,
        folder: &Path,
        bitcoind: &Bitcoind,
        peers: Option<SocketAddr>,
    ) -> Result<Self, ElectrumError> {
        let run = |source| ElectrumError::Run {
            program: folder.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(run)?;
        let [address, monitoring] = free_addresses().map_err(run)?;
        let login = std::fs::read_to_string(bitcoind.login_file()).map_err(run)?;
        let (program, args) = match program {
            Program::Electrs(program) => {
                let peers = peers.unwrap_or(bitcoind.address());
                let at = [address, monitoring, peers];
                (program.clone(), electrs(bitcoind, folder, at))
            }
            Program::ElectrumX(program) => {
                let args = electrumx(program, bitcoind, folder, address, login.trim());
                (PathBuf::from("/usr/bin/env"), args)
            }
        };
        let mut electrum = Electrum {
            program,
            args,
            folder: folder.to_owned(),
            address,
            leash: None,
        };
        electrum.launch()?;
        Ok(electrum)
    }

    /// As the till is told of it.
    pub fn url(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// Starts it again where it has stopped, at the same port. Blocks.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn launch(&mut self) -> Result<(), ElectrumError> {
        if self.leash.is_some() {
            return Ok(());
        }
        let run = |source| ElectrumError::Run {
            program: self.program.clone(),
            source,
        };
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(run)?;
        self.leash = Some(Leash::start(&self.program, &self.args, log).map_err(run)?);
        blocking(|| self.until_it_answers()).inspect_err(|_| self.leash = None)
    }

    /// Ends it. One that has ended stays so. Blocks.
    ///
    /// # Errors
    /// If it does not end in time.
    pub fn stop(&mut self) -> Result<(), ElectrumError> {
        let Some(mut leash) = self.leash.take() else {
            return Ok(());
        };
        match blocking(|| leash.end(STOP_LIMIT)) {
            Ok(Some(_status)) => Ok(()),
            Ok(None) => Err(self.ended("does not end")),
            Err(source) => Err(ElectrumError::Run {
                program: self.program.clone(),
                source,
            }),
        }
    }

    fn until_it_answers(&mut self) -> Result<(), ElectrumError> {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if answers(self.address) {
                return Ok(());
            }
            let ended = self.leash.as_mut().map(Leash::ended);
            if let Some(Ok(Some(status))) = ended {
                return Err(self.ended(&format!("ended with {status}")));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Err(self.ended("does not answer"))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("electrum.out")
    }

    fn ended(&self, what: &str) -> ElectrumError {
        let said = std::fs::read(self.log()).unwrap_or_default();
        let tail = &said[said.len().saturating_sub(TAIL_BYTES)..];
        let (what, tail) = (what.to_owned(), String::from_utf8_lossy(tail).into_owned());
        ElectrumError::Ended { what, tail }
    }
}

impl Drop for Electrum {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "while ending an Electrum server");
        }
    }
}

/// Whether it tells its newest block.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<Value> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.write_all(QUESTION)?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    };
    ask().is_ok_and(|answer| answer["result"]["height"].is_u64())
}

fn electrs(
    bitcoind: &Bitcoind,
    folder: &Path,
    [address, monitoring, peers]: [SocketAddr; 3],
) -> Vec<String> {
    let args = [
        "--skip-default-conf-files".to_owned(),
        "--network=regtest".to_owned(),
        format!("--db-dir={}", folder.display()),
        format!("--cookie-file={}", bitcoind.login_file().display()),
        format!("--daemon-rpc-addr={}", bitcoind.address()),
        format!("--daemon-p2p-addr={peers}"),
        format!("--electrum-rpc-addr={address}"),
        format!("--monitoring-addr={monitoring}"),
        // It looks at the mempool so often.
        "--wait-duration-secs=1".to_owned(),
        "--log-filters=WARN".to_owned(),
    ];
    args.into()
}

/// It takes its settings from the environment. Whoever asks is not slowed down, whatever it asks for.
fn electrumx(
    program: &Path,
    bitcoind: &Bitcoind,
    folder: &Path,
    address: SocketAddr,
    login: &str,
) -> Vec<String> {
    let args = [
        "COIN=Bitcoin".to_owned(),
        "NET=regtest".to_owned(),
        format!("DB_DIRECTORY={}", folder.display()),
        format!("DAEMON_URL=http://{login}@{}/", bitcoind.address()),
        format!("SERVICES=tcp://{address}"),
        "ALLOW_ROOT=1".to_owned(),
        "PEER_DISCOVERY=off".to_owned(),
        "PEER_ANNOUNCE=".to_owned(),
        "CACHE_MB=20".to_owned(),
        "COST_SOFT_LIMIT=0".to_owned(),
        "COST_HARD_LIMIT=0".to_owned(),
        "DAEMON_POLL_INTERVAL_BLOCKS=100".to_owned(),
        "DAEMON_POLL_INTERVAL_MEMPOOL=100".to_owned(),
        program.display().to_string(),
    ];
    args.into()
}
