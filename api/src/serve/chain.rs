//! The chain source that the configuration names. Owns what is wrong with the file of bitcoind's name and password.

use std::path::PathBuf;

use till_actors::chain::{BitcoindAccess, ChainSource, Login};

use crate::config::{self, ChainConfig};

/// The chain source cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("cannot read {}: {error} (chain.bitcoind_auth_file)", .path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("{} has no line of the form name:password (chain.bitcoind_auth_file)", .path.display())]
    NoLogin { path: PathBuf },
    #[error("the chain source is electrum, and chain.electrum_url is missing")]
    NoElectrum,
    #[error(
        "the chain source is bitcoind, and chain.bitcoind_rpc or chain.bitcoind_auth_file is missing"
    )]
    Incomplete,
}

pub(super) fn source(config: &ChainConfig) -> Result<ChainSource, SourceError> {
    match config.source {
        config::ChainSource::Esplora => {
            Ok(ChainSource::Esplora(config.esplora_url.as_str().to_owned()))
        }
        config::ChainSource::Bitcoind => bitcoind(config).map(ChainSource::Bitcoind),
        config::ChainSource::Electrum => match &config.electrum_url {
            Some(url) => Ok(ChainSource::Electrum(url.as_str().to_owned())),
            None => Err(SourceError::NoElectrum),
        },
    }
}

fn bitcoind(config: &ChainConfig) -> Result<BitcoindAccess, SourceError> {
    let address = config.bitcoind_rpc.as_ref();
    let parts = address.and_then(|address| address.parts());
    let (Some((host, port)), Some(path)) = (parts, config.bitcoind_auth_file.clone()) else {
        return Err(SourceError::Incomplete);
    };
    let login = match Login::read(&path) {
        Ok(Some(login)) => login,
        Ok(None) => return Err(SourceError::NoLogin { path }),
        Err(error) => return Err(SourceError::Unreadable { path, error }),
    };
    Ok(BitcoindAccess {
        host: host.to_owned(),
        port,
        login,
        file: Some(path),
    })
}
