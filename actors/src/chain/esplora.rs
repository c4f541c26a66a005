//! Answers of an Esplora server. Owns the HTTP client for it.

use bitcoin::{OutPoint, Transaction, Txid};
use esplora_client::{AsyncClient, Builder, Error};
use till::money::Sat;

use super::{ChainError, Mined, TIMEOUT, from_txid};

/// Asks one server.
#[derive(Clone, Debug)]
pub(super) struct Esplora(AsyncClient);

fn no_answer(error: Error) -> ChainError {
    ChainError(error.to_string())
}

impl Esplora {
    pub(super) fn new(url: &str) -> Result<Self, ChainError> {
        let builder = Builder::new(url).timeout(TIMEOUT.as_secs()).max_retries(1);
        builder.build_async().map(Self).map_err(no_answer)
    }

    pub(super) async fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, ChainError> {
        self.0.get_tx(&txid).await.map_err(no_answer)
    }

    pub(super) async fn mined(&self, txid: Txid) -> Result<Option<Mined>, ChainError> {
        let found = self.0.get_tx_info(&txid).await.map_err(no_answer)?;
        Ok(found.map(|found| Mined {
            fee: Sat::new(found.fee).unwrap_or(Sat::ZERO),
            height: found.status.block_height,
            spends: found
                .vin
                .iter()
                .filter_map(|input| {
                    let value = Sat::new(input.prevout.as_ref()?.value)?;
                    Some((from_txid(input.txid), value))
                })
                .collect(),
        }))
    }

    pub(super) async fn spender(&self, outpoint: OutPoint) -> Result<Option<Txid>, ChainError> {
        let index = u64::from(outpoint.vout);
        let status = self.0.get_output_status(&outpoint.txid, index).await;
        Ok(status.map_err(no_answer)?.and_then(|status| status.txid))
    }

    pub(super) async fn broadcast(&self, transaction: &Transaction) -> Result<(), ChainError> {
        let told = self.0.broadcast(transaction).await;
        told.map(drop).map_err(no_answer)
    }
}
