//! Asks a server with an index of scripts what is unspent of them. Owns how many are asked for at once; it knows
//! no keys.

use bitcoin::{OutPoint, ScriptBuf, Transaction};
use esplora_client::{AsyncClient, Builder};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use till::money::Sat;

use super::Coin;
use crate::chain::{ChainError, Electrum};

/// No answer after this time is no answer.
const TIMEOUT_SECS: u64 = 30;
/// Public servers ask to be asked more slowly; the client waits longer each time.
const MAX_RETRIES: usize = 8;
/// Scripts that an Esplora server is asked for at once.
const AT_ONCE: usize = 4;
/// Scripts that an Electrum server is asked for in one go.
const BATCH: usize = 20;

/// The server that is asked.
pub struct Outputs(Server);

enum Server {
    Esplora(AsyncClient),
    Electrum(Electrum),
}

impl std::fmt::Debug for Outputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outputs")
    }
}

impl Outputs {
    /// Of an Esplora server, by its base URL.
    ///
    /// # Errors
    /// [`ChainError`] if there can be no client for it.
    pub fn of_esplora(url: &str) -> Result<Self, ChainError> {
        let builder = Builder::new(url).timeout(TIMEOUT_SECS);
        let client = builder.max_retries(MAX_RETRIES).build_async();
        Ok(Self(Server::Esplora(client.map_err(no_answer)?)))
    }

    /// Of an Electrum server, `tcp://host:port` or `ssl://host:port`.
    #[must_use]
    pub fn of_electrum(url: &str) -> Self {
        Self(Server::Electrum(Electrum::new(url)))
    }

    /// Everything that was paid to one of the scripts and is still there. Tells `progress` how many were asked
    /// for.
    pub(super) async fn find(
        &self,
        scripts: Vec<ScriptBuf>,
        progress: impl FnMut(usize),
    ) -> Result<Vec<Coin>, ChainError> {
        match &self.0 {
            Server::Esplora(esplora) => by_esplora(esplora, scripts, progress).await,
            Server::Electrum(electrum) => by_electrum(electrum, &scripts, progress).await,
        }
    }

    /// In sat/vB; `None` where the server cannot tell.
    pub(super) async fn feerate(&self, blocks: u16) -> Result<Option<f64>, ChainError> {
        let esplora = match &self.0 {
            Server::Esplora(esplora) => esplora,
            Server::Electrum(electrum) => return electrum.feerate(blocks).await,
        };
        let estimates = esplora.get_fee_estimates().await.map_err(no_answer)?;
        let within = estimates.iter().filter(|(within, _)| **within >= blocks);
        let soonest = within.min_by_key(|(within, _)| **within);
        Ok(soonest.map(|(_, feerate)| *feerate))
    }

    pub(super) async fn broadcast(&self, transaction: &Transaction) -> Result<(), ChainError> {
        match &self.0 {
            Server::Esplora(esplora) => {
                let told = esplora.broadcast(transaction).await;
                told.map(drop).map_err(no_answer)
            }
            Server::Electrum(electrum) => electrum.broadcast(transaction).await,
        }
    }
}

async fn by_esplora(
    esplora: &AsyncClient,
    scripts: Vec<ScriptBuf>,
    mut progress: impl FnMut(usize),
) -> Result<Vec<Coin>, ChainError> {
    let mut answers = stream::iter(scripts.into_iter().enumerate())
        .map(|(balance, script)| async move {
            let utxos = esplora.get_scripthash_utxos(&script).await;
            Ok::<_, ChainError>((balance, utxos.map_err(no_answer)?))
        })
        .buffer_unordered(AT_ONCE);
    let (mut coins, mut done) = (Vec::new(), 0);
    while let Some((balance, utxos)) = answers.try_next().await? {
        done += 1;
        progress(done);
        for utxo in utxos {
            coins.push(Coin {
                outpoint: OutPoint::new(utxo.txid, utxo.vout),
                amount: Sat::new(utxo.value.to_sat()).unwrap_or(Sat::ZERO),
                is_mined: utxo.status.confirmed,
                balance,
            });
        }
    }
    Ok(coins)
}

async fn by_electrum(
    electrum: &Electrum,
    scripts: &[ScriptBuf],
    mut progress: impl FnMut(usize),
) -> Result<Vec<Coin>, ChainError> {
    let (mut coins, mut done) = (Vec::new(), 0);
    for some in scripts.chunks(BATCH) {
        let answers = electrum.unspent(some.to_vec()).await?;
        for utxos in answers {
            for utxo in utxos {
                let index = u32::try_from(utxo.tx_pos);
                let index = index.map_err(|error| ChainError::new(error.to_string()))?;
                coins.push(Coin {
                    outpoint: OutPoint::new(utxo.tx_hash, index),
                    amount: Sat::new(utxo.value).unwrap_or(Sat::ZERO),
                    is_mined: utxo.height > 0,
                    balance: done,
                });
            }
            done += 1;
            progress(done);
        }
    }
    Ok(coins)
}

fn no_answer(error: esplora_client::Error) -> ChainError {
    ChainError::new(error.to_string())
}
