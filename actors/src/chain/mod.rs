//! The chain source, asked directly; the node has a way of its own to it. Owns what the till asks of a
//! chain, whoever answers.
//!
//! | file | answers by |
//! | --- | --- |
//! | `esplora` | an Esplora server |
//! | `electrum`, `electrum_link` | an Electrum server |
//! | `bitcoind`, `rpc`, `access`, `search` | bitcoind's RPC, with its index of transactions |
//!
//! `relay` stands between the node and a bitcoind.

mod access;
mod bitcoind;
mod electrum;
mod electrum_link;
mod esplora;
mod relay;
mod rpc;
mod search;

use std::time::Duration;

use bitcoin::hashes::Hash;
use bitcoin::{OutPoint, Transaction, TxIn, Txid};
use till::id::TxId;
use till::money::Sat;

pub use access::{BitcoindAccess, Login};
use bitcoind::Bitcoind;
pub(crate) use electrum::Electrum;
use esplora::Esplora;
pub(crate) use relay::Relay;

/// No answer after this time is no answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Where blocks and transactions come from, for the till and its node.
#[derive(Clone, Debug)]
pub enum ChainSource {
    /// An Esplora server's base URL.
    Esplora(String),
    /// A bitcoind's RPC.
    Bitcoind(BitcoindAccess),
    /// An Electrum server: `tcp://host:port` or `ssl://host:port`.
    Electrum(String),
}

/// Asks the chain source. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ChainClient {
    asked: Asked,
}

#[derive(Clone, Debug)]
enum Asked {
    Esplora(Esplora),
    Bitcoind(Bitcoind),
    Electrum(Electrum),
}

/// The chain source gave no usable answer.
#[derive(Debug, thiserror::Error)]
#[error("the chain source gave no answer: {0}")]
pub struct ChainError(String);

impl ChainError {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl ChainClient {
    /// A client for the source. Asks nothing yet.
    ///
    /// # Errors
    /// [`ChainError`] if the client cannot be made.
    pub fn new(source: &ChainSource) -> Result<Self, ChainError> {
        let asked = match source {
            ChainSource::Esplora(url) => Asked::Esplora(Esplora::new(url)?),
            ChainSource::Bitcoind(access) => Asked::Bitcoind(Bitcoind::new(access)?),
            ChainSource::Electrum(url) => Asked::Electrum(Electrum::new(url)),
        };
        Ok(Self { asked })
    }

    /// The transaction, if the source knows it.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer.
    pub async fn transaction(&self, tx_id: TxId) -> Result<Option<Transaction>, ChainError> {
        let txid = to_txid(tx_id);
        match &self.asked {
            Asked::Esplora(esplora) => esplora.transaction(txid).await,
            Asked::Bitcoind(bitcoind) => bitcoind.transaction(txid).await,
            Asked::Electrum(electrum) => electrum.transaction(txid).await,
        }
    }

    /// What miners got for a transaction, and in which block it is; `None` if the source does not
    /// know it, or not any more.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer; nothing may be concluded then.
    pub(crate) async fn mined(&self, tx_id: TxId) -> Result<Option<Mined>, ChainError> {
        let txid = to_txid(tx_id);
        match &self.asked {
            Asked::Esplora(esplora) => esplora.mined(txid).await,
            Asked::Bitcoind(bitcoind) => bitcoind.mined(txid).await,
            Asked::Electrum(electrum) => electrum.mined(txid).await,
        }
    }

    /// The transaction that spends an output, if one does.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer; nothing may be concluded then.
    pub(crate) async fn spender(&self, output: (TxId, u32)) -> Result<Option<TxId>, ChainError> {
        let outpoint = OutPoint::new(to_txid(output.0), output.1);
        let spender = match &self.asked {
            Asked::Esplora(esplora) => esplora.spender(outpoint).await,
            Asked::Bitcoind(bitcoind) => bitcoind.spender(outpoint).await,
            Asked::Electrum(electrum) => electrum.spender(outpoint).await,
        };
        Ok(spender?.map(from_txid))
    }

    /// Gives the source a transaction for the network.
    ///
    /// # Errors
    /// [`ChainError`] if the source refuses it, or does not answer: it may have it all the same.
    pub(crate) async fn broadcast(&self, raw: &[u8]) -> Result<(), ChainError> {
        let transaction: Transaction =
            bitcoin::consensus::deserialize(raw).map_err(|e| ChainError(e.to_string()))?;
        match &self.asked {
            Asked::Esplora(esplora) => esplora.broadcast(&transaction).await,
            Asked::Bitcoind(bitcoind) => bitcoind.broadcast(&transaction).await,
            Asked::Electrum(electrum) => electrum.broadcast(&transaction).await,
        }
    }

    /// Whether the source can serve a till on `network`, now. An Esplora server says too little of itself to
    /// tell, and the node finds out by asking it.
    ///
    /// # Errors
    /// [`ChainError`] says what is wrong with it, for the operator.
    pub(crate) async fn check(&self, network: bitcoin::Network) -> Result<(), ChainError> {
        match &self.asked {
            Asked::Esplora(_) => Ok(()),
            Asked::Bitcoind(bitcoind) => bitcoind.check(network).await,
            Asked::Electrum(electrum) => electrum.check(network).await,
        }
    }

    /// What the source thinks is due for a transaction that should be mined within so many blocks, in sat/vB;
    /// `None` where it cannot tell. The wallet asks an Esplora server by itself.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer.
    pub(crate) async fn feerate(&self, blocks: u16) -> Result<Option<f64>, ChainError> {
        match &self.asked {
            Asked::Esplora(_) => Ok(None),
            Asked::Bitcoind(bitcoind) => bitcoind.feerate(blocks).await,
            Asked::Electrum(electrum) => electrum.feerate(blocks).await,
        }
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

    /// Whether `tx_id` brings back what was in one of `fundings`, the outputs that hold channels'
    /// money: a closing does, a transaction that spends a commitment's output, and one that spends an
    /// HTLC transaction of a commitment (BOLT 3). What somebody pays with money that a closing gave
    /// them does not: it is their money.
    ///
    /// # Errors
    /// [`ChainError`] if the source does not answer; nothing may be concluded then.
    pub(crate) async fn returns_from(
        &self,
        tx_id: TxId,
        fundings: &[(TxId, u32)],
    ) -> Result<bool, ChainError> {
        let Some(transaction) = self.transaction(tx_id).await? else {
            return Ok(false);
        };
        if spends_any(&transaction, fundings) {
            return Ok(true);
        }
        for parent in parents(&transaction, |_| true) {
            let Some(parent_tx) = self.transaction(parent).await? else {
                continue;
            };
            if is_commitment(&parent_tx, fundings) {
                return Ok(true);
            }
            if !parents(&transaction, is_by_script).contains(&parent) {
                continue;
            }
            for grandparent in parents(&parent_tx, is_by_script) {
                let found = self.transaction(grandparent).await?;
                if found.is_some_and(|found| is_commitment(&found, fundings)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether it closes a channel without both sides' consent. Lock time and sequence of such a
/// transaction hide its number, behind two bytes of their own (BOLT 3).
fn is_commitment(transaction: &Transaction, fundings: &[(TxId, u32)]) -> bool {
    const LOCK_TIME_BYTE: u32 = 0x20;
    const SEQUENCE_BYTE: u32 = 0x80;
    let hides = |input: &TxIn| input.sequence.0 >> 24 == SEQUENCE_BYTE;
    transaction.lock_time.to_consensus_u32() >> 24 == LOCK_TIME_BYTE
        && transaction.input.iter().all(hides)
        && spends_any(transaction, fundings)
}

/// Whether an input opens a script, as one does that spends what is locked for HTLCs or for a time;
/// a wallet's own coin takes a signature and a key at most.
fn is_by_script(input: &TxIn) -> bool {
    input.witness.len() > 2
}

fn spends_any(transaction: &Transaction, outpoints: &[(TxId, u32)]) -> bool {
    let mut inputs = transaction.input.iter();
    inputs.any(|input| outpoints.contains(&from_outpoint(input.previous_output)))
}

/// The transactions whose outputs are spent by such inputs, each once.
fn parents(transaction: &Transaction, which: impl Fn(&TxIn) -> bool) -> Vec<TxId> {
    let inputs = transaction.input.iter().filter(|input| which(input));
    let mut parents: Vec<TxId> = inputs
        .map(|input| from_outpoint(input.previous_output).0)
        .collect();
    parents.sort_unstable();
    parents.dedup();
    parents
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

pub(crate) fn to_txid(tx_id: TxId) -> Txid {
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
