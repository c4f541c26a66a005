//! Whose bitcoind it is: the world's own process, or one that somebody else runs and that is only asked.

use crate::bitcoind::{Bitcoind, BitcoindError, Rpc, RpcError, Waiting};

/// A bitcoind.
#[derive(Debug)]
pub(super) enum Host {
    /// Starts and ends with the world.
    Own(Bitcoind),
    /// Is there before, and stays.
    Remote(Rpc),
}

impl Host {
    pub(super) fn rpc(&self) -> &Rpc {
        match self {
            Host::Own(bitcoind) => bitcoind.rpc(),
            Host::Remote(rpc) => rpc,
        }
    }

    pub(super) fn own(&self) -> Option<&Bitcoind> {
        match self {
            Host::Own(bitcoind) => Some(bitcoind),
            Host::Remote(_) => None,
        }
    }

    /// Whether it has not been stopped by us.
    pub(super) fn is_running(&self) -> bool {
        self.own().is_none_or(Bitcoind::is_running)
    }

    /// Ends it where it is ours.
    pub(super) fn stop(&mut self) -> Result<(), BitcoindError> {
        match self {
            Host::Own(bitcoind) => bitcoind.stop(),
            Host::Remote(_) => Ok(()),
        }
    }

    /// Starts it where it is ours.
    pub(super) fn launch(&mut self, waiting: Waiting) -> Result<(), BitcoindError> {
        match self {
            Host::Own(bitcoind) => bitcoind.launch(waiting),
            Host::Remote(_) => Ok(()),
        }
    }

    /// bitcoind has no call that drops a transaction; but it forgets all of them over a restart that
    /// does not keep them.
    pub(super) fn forget_mempool(&mut self) -> Result<(), RpcError> {
        let Host::Own(bitcoind) = self else {
            let why = "somebody else runs it, so that it cannot be made to forget its mempool";
            return Err(RpcError::NoAnswer(why.to_owned()));
        };
        let gone = |error: BitcoindError| RpcError::NoAnswer(error.to_string());
        bitcoind.stop().map_err(gone)?;
        bitcoind.launch(Waiting::Forgotten).map_err(gone)
    }
}
