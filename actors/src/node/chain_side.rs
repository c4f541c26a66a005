//! What bitcoind says of a wallet that was read from the node's store: which of its coins are spent by now, and
//! which of its transactions are gone. Keeps nothing.
//!
//! The node looks at bitcoind's mempool every few seconds; what was broadcast since is in no wallet of its.

use bdk_wallet::Wallet;
use bitcoin::{OutPoint, Transaction, Txid};

use super::NodeError;
use super::coins::{failed, seconds_now};
use crate::chain::{BitcoindAccess, ChainClient, ChainError, ChainSource, from_outpoint, to_txid};

/// Transactions resting on each other that a wallet may have missed. bitcoind lets no more than 25 wait.
const MAX_ROUNDS: usize = 30;

/// Asks about coins.
pub(super) struct ChainSide(ChainClient);

impl ChainSide {
    pub(super) fn new(access: &BitcoindAccess) -> Result<Self, NodeError> {
        let source = ChainSource::Bitcoind(access.clone());
        ChainClient::new(&source).map(Self).map_err(failed)
    }

    /// Tells the wallet what bitcoind knows of its coins; gives how many transactions were news.
    pub(super) async fn catch_up(&self, wallet: &mut Wallet) -> Result<usize, ChainError> {
        let mut news = 0;
        for _ in 0..MAX_ROUNDS {
            let coins: Vec<OutPoint> = wallet.list_unspent().map(|coin| coin.outpoint).collect();
            let before = news;
            for coin in coins {
                match self.state(coin).await? {
                    Coin::Unspent => {}
                    Coin::Spent(spender) => {
                        wallet.apply_unconfirmed_txs([(spender, seconds_now() + 1)]);
                        news += 1;
                    }
                    Coin::Gone(txid) => {
                        wallet.apply_evicted_txs([(txid, seconds_now() + 1)]);
                        news += 1;
                    }
                }
            }
            if news == before {
                return Ok(news);
            }
        }
        Err(ChainError::new("the wallet's coins change all the time"))
    }

    async fn state(&self, coin: OutPoint) -> Result<Coin, ChainError> {
        let (tx_id, index) = from_outpoint(coin);
        if let Some(spender) = self.0.spender((tx_id, index)).await? {
            let spender = self.0.transaction(spender).await?;
            let spender = spender.ok_or_else(|| ChainError::new("its mempool is changing"))?;
            return Ok(Coin::Spent(spender));
        }
        match self.0.transaction(tx_id).await? {
            Some(_) => Ok(Coin::Unspent),
            None => Ok(Coin::Gone(to_txid(tx_id))),
        }
    }

    /// What is due for a transaction that should be mined within so many blocks, in sat/vB.
    pub(super) async fn feerate(&self, blocks: u16) -> Result<Option<f64>, ChainError> {
        self.0.feerate(blocks).await
    }
}

/// What has become of an output that the wallet takes for unspent.
enum Coin {
    Unspent,
    /// By this one.
    Spent(Transaction),
    /// The transaction that made it is nowhere.
    Gone(Txid),
}
