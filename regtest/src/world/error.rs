//! What can go wrong with a world.

use std::path::PathBuf;

use super::ClientError;
use crate::bitcoind::{BitcoindError, RpcError};
use crate::chain::{FundError, OpenError, ReorgError};
use crate::electrum::ElectrumError;
use crate::peer::PeerError;
use crate::wait::TimedOut;

/// A world did not start, or did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A node of ours.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The till's HTTP surface.
    #[error(transparent)]
    Till(#[from] ClientError),
    /// The till's process cannot be started or stopped.
    #[error("cannot {action} tilld: {source}")]
    Process {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The till's process ended by itself.
    #[error("tilld {what} ended with {status}; the end of {}:\n{tail}", .log.display())]
    Exited {
        /// The command.
        what: &'static str,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// The till was not ready in time.
    #[error("{timed_out}; the end of {}:\n{tail}", .log.display())]
    NotReady {
        /// What was waited for.
        timed_out: TimedOut,
        /// Its log.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// Something did not come about in time.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// Somebody else runs it.
    #[error("{0} is not run by this program: stop and start it where it is")]
    Elsewhere(&'static str),
    /// The Esplora server is stopped.
    #[error("the Esplora server is stopped")]
    EsploraStopped,
    /// The chain's folder.
    #[error(transparent)]
    Chain(#[from] OpenError),
    /// A real bitcoind does not run.
    #[error(transparent)]
    Bitcoind(#[from] BitcoindError),
    /// An Electrum server does not run.
    #[error(transparent)]
    Electrum(#[from] ElectrumError),
    /// A real bitcoind does not mine.
    #[error("nothing was mined: {0}")]
    Mine(#[from] RpcError),
    /// The miner's wallet.
    #[error("the payment cannot be made: {0}")]
    Fund(#[from] FundError),
    /// A reorg that cannot be.
    #[error(transparent)]
    Reorg(#[from] ReorgError),
    /// The folder of a world.
    #[error("cannot use the world's folder {}: {source}", .path.display())]
    Folder {
        /// Which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The folder holds something else.
    #[error("cannot resume the world in {}: {reason}", .path.display())]
    Resume {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Somebody changed their mind while it started.
    #[error("interrupted")]
    Interrupted,
    /// A port could not be found or used.
    #[error("no port: {0}")]
    Port(std::io::Error),
}
