//! The chain source, asked directly. Owns the HTTP client for it; the node has its own.

use std::time::Duration;

use bitcoin::hashes::Hash;
use bitcoin::{OutPoint, Transaction, Txid};
use esplora_client::{AsyncClient, Builder};
use till::id::TxId;
use till::money::Sat;

/// No answer after this time is no answer.
const TIMEOUT_SECS: u64 = 15;

/// Asks an Esplora server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ChainClient {
    esplora: AsyncClient,
}

/// The chain source gave no usable answer.
#[derive(Debug, thiserror::Error)]
#[error("the chain source gave no answer: {0}")]
pub struct ChainError(String);

impl ChainClient {
    /// A client for the server at `url`.
    ///
    /// # Errors
    /// [`ChainError`] if the client cannot be made.
    pub fn new(url: &str) -> Result<Self, ChainError> {
        let builder = Builder::new(url).timeout(TIMEOUT_SECS).max_retries(1);
        let esplora = builder
            .build_async()
            .map_err(|e| ChainError(e.to_string()))?;
        Ok(Self { esplora })
    }

    /// The transaction, if the source knows it.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer.
    pub async fn transaction(&self, tx_id: TxId) -> Result<Option<Transaction>, ChainError> {
        self.esplora
            .get_tx(&to_txid(tx_id))
            .await
            .map_err(|e| ChainError(e.to_string()))
    }

    /// What miners got for a transaction, and in which block it is; `None` if the source does not
    /// know it, or not any more.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer; nothing may be concluded then.
    pub(crate) async fn mined(&self, tx_id: TxId) -> Result<Option<Mined>, ChainError> {
        let found = self.esplora.get_tx_info(&to_txid(tx_id)).await;
        let found = found.map_err(|e| ChainError(e.to_string()))?;
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

    /// The transaction that spends an output, if one does.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer; nothing may be concluded then.
    pub(crate) async fn spender(&self, output: (TxId, u32)) -> Result<Option<TxId>, ChainError> {
        let (tx_id, index) = output;
        let status = self
            .esplora
            .get_output_status(&to_txid(tx_id), u64::from(index))
            .await
            .map_err(|e| ChainError(e.to_string()))?;
        Ok(status.and_then(|status| status.txid).map(from_txid))
    }

    /// Gives the source a transaction for the network.
    ///
    /// # Errors
    /// [`ChainError`] if the source refuses it, or does not answer: it may have it all the same.
    pub(crate) async fn broadcast(&self, raw: &[u8]) -> Result<(), ChainError> {
        let transaction: Transaction =
            bitcoin::consensus::deserialize(raw).map_err(|e| ChainError(e.to_string()))?;
        let told = self.esplora.broadcast(&transaction).await;
        told.map(drop).map_err(|e| ChainError(e.to_string()))
    }

    /// Waits until the source has seen the transaction; `false` if it has not in time.
    pub(crate) async fn has_seen(&self, tx_id: TxId, timeout: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + timeout;
        while tokio::time::Instant::now() < deadline {
            if let Ok(Some(_)) = self.transaction(tx_id).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        false
    }

    /// Whether `tx_id` spends one of `outpoints`, or an output of a transaction that does, and so
    /// on for `depth` steps. That is how a closed channel's money comes back: by the closing
    /// transaction itself, by a sweep of it, or by a sweep of its HTLC transactions.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer; nothing may be concluded then.
    pub(crate) async fn descends_from(
        &self,
        tx_id: TxId,
        outpoints: &[(TxId, u32)],
        depth: u32,
    ) -> Result<bool, ChainError> {
        let mut generation = vec![tx_id];
        for _ in 0..depth {
            let mut parents = Vec::new();
            for id in generation {
                let Some(transaction) = self.transaction(id).await? else {
                    continue;
                };
                for input in transaction.input {
                    let (parent, index) = from_outpoint(input.previous_output);
                    if outpoints.contains(&(parent, index)) {
                        return Ok(true);
                    }
                    parents.push(parent);
                }
            }
            parents.sort_unstable();
            parents.dedup();
            generation = parents;
        }
        Ok(false)
    }
}

/// What the source says of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mined {
    /// What miners got.
    pub(crate) fee: Sat,
    /// The block it is in; `None` while it waits.
    pub(crate) height: Option<u32>,
    /// The transactions that it spends outputs of, and what each output was worth.
    pub(crate) spends: Vec<(TxId, Sat)>,
}

fn to_txid(tx_id: TxId) -> Txid {
    let mut bytes = *tx_id.as_bytes();
    bytes.reverse();
    Txid::from_byte_array(bytes)
}

pub(crate) fn from_outpoint(outpoint: OutPoint) -> (TxId, u32) {
    (from_txid(outpoint.txid), outpoint.vout)
}

fn from_txid(txid: Txid) -> TxId {
    let mut bytes = txid.to_byte_array();
    bytes.reverse();
    TxId::from_bytes(bytes)
}
