//! Questions to the world that change nothing.
//!
//! These run under the lock of one reader, so an answer made of several of them fits together.

use std::sync::Arc;

use bitcoin::hashes::{Hash as _, HashEngine as _, sha256d};
use bitcoin::{Amount, BlockHash, MerkleBlock, OutPoint, Txid};

use super::index::{ScriptIndex, ScriptKey};
use super::mempool::Entry;
use super::state::{ConfirmedTx, outpoints};
use super::view::{BlockView, Confirmation, MerklePath, Outspend, ScriptTotals, Tip, TxView, Utxo};
use super::world::World;

impl World {
    pub(crate) fn tip(&self) -> Tip {
        Tip {
            height: self.state.height(),
            hash: self.state.tip_hash(),
        }
    }

    pub(crate) fn block_view(&self, hash: &BlockHash) -> Option<BlockView> {
        let known = self.state.block(hash)?;
        let in_best_chain = self.state.is_active(hash);
        let next = if in_best_chain {
            self.state.hash_at(known.height + 1)
        } else {
            None
        };
        // A stale block has no chain to take the median of any more; its own time is near enough.
        let median_time_secs = if in_best_chain {
            self.state.median_time(known.height)
        } else {
            known.block.header.time
        };
        let (block, height) = (Arc::clone(&known.block), known.height);
        Some(BlockView {
            block,
            hash: *hash,
            height,
            in_best_chain,
            next,
            median_time_secs,
        })
    }

    pub(crate) fn confirmation(&self, txid: &Txid) -> Option<Confirmation> {
        self.state.tx(txid).map(|tx| self.confirmation_of(tx))
    }

    fn confirmation_of(&self, tx: &ConfirmedTx) -> Confirmation {
        let block = self.state.block(&tx.block_hash);
        Confirmation {
            height: tx.height,
            block_hash: tx.block_hash,
            block_time_secs: block.map_or(0, |known| known.block.header.time),
            position: tx.position,
        }
    }

    pub(crate) fn tx_view(&self, txid: &Txid) -> Option<TxView> {
        match self.state.tx(txid) {
            Some(confirmed) => Some(self.confirmed_view(*txid, confirmed)),
            None => self.mempool.get(txid).map(unconfirmed_view),
        }
    }

    fn confirmed_view(&self, txid: Txid, confirmed: &ConfirmedTx) -> TxView {
        let tx = Arc::clone(&confirmed.tx);
        let spent: Vec<_> = tx
            .input
            .iter()
            .map(|input| self.state.output(&input.previous_output).cloned())
            .collect();
        let value_in: Amount = spent.iter().flatten().map(|output| output.value).sum();
        let value_out: Amount = tx.output.iter().map(|output| output.value).sum();
        let fee = value_in.checked_sub(value_out).unwrap_or(Amount::ZERO);
        TxView {
            tx,
            txid,
            spent,
            fee,
            confirmation: Some(self.confirmation_of(confirmed)),
        }
    }

    /// A page of confirmed transactions of a script, newest first, after the transaction `after`.
    /// An `after` that is not in the history gives an empty page, as Esplora does.
    pub(crate) fn confirmed_page(
        &self,
        key: &ScriptKey,
        after: Option<&Txid>,
        limit: usize,
    ) -> Vec<TxView> {
        let history = self.state.history(key);
        let end = match after {
            None => history.len(),
            Some(after) => history.iter().rposition(|txid| txid == after).unwrap_or(0),
        };
        history[..end]
            .iter()
            .rev()
            .take(limit)
            .filter_map(|txid| self.tx_view(txid))
            .collect()
    }

    /// Unconfirmed transactions of a script, newest first.
    pub(crate) fn unconfirmed_page(&self, key: &ScriptKey, limit: usize) -> Vec<TxView> {
        self.mempool
            .history(key)
            .rev()
            .take(limit)
            .map(unconfirmed_view)
            .collect()
    }

    /// Outputs of a script that nothing spends, neither in the chain nor in the mempool.
    pub(crate) fn utxos(&self, key: &ScriptKey) -> Vec<Utxo> {
        let confirmed = self.state.coins_of(key).map(|(outpoint, coin)| Utxo {
            outpoint,
            output: coin.output.clone(),
            confirmation: self.confirmation(&outpoint.txid),
        });
        let unconfirmed = self.mempool.history(key).flat_map(|entry| {
            outpoints(&entry.tx, entry.txid)
                .filter(|(_, output)| ScriptIndex::key(&output.script_pubkey) == *key)
                .map(|(outpoint, output)| (outpoint, output.clone()))
        });
        let unconfirmed = unconfirmed.map(|(outpoint, output)| Utxo {
            outpoint,
            output,
            confirmation: None,
        });
        confirmed
            .chain(unconfirmed)
            .filter(|utxo| self.mempool.spender(&utxo.outpoint).is_none())
            .collect()
    }

    pub(crate) fn outspend(&self, outpoint: &OutPoint) -> Option<Outspend> {
        let spender = self
            .state
            .spender(outpoint)
            .or_else(|| self.mempool.spender(outpoint))?;
        let confirmation = self.confirmation(&spender.txid);
        Some(Outspend {
            txid: spender.txid,
            vin: spender.vin,
            confirmation,
        })
    }

    /// Totals of a script: in the chain, in the mempool.
    pub(crate) fn totals(&self, key: &ScriptKey) -> (ScriptTotals, ScriptTotals) {
        let chain = self
            .state
            .history(key)
            .iter()
            .filter_map(|txid| self.tx_view(txid));
        let mempool = self.mempool.history(key).map(unconfirmed_view);
        (sum_up(key, chain), sum_up(key, mempool))
    }

    /// A proof that a confirmed transaction is in its block, in Bitcoin's own format.
    pub(crate) fn merkle_block(&self, txid: &Txid) -> Option<MerkleBlock> {
        let known = self.state.block(&self.state.tx(txid)?.block_hash)?;
        Some(MerkleBlock::from_block_with_predicate(
            &known.block,
            |candidate| candidate == txid,
        ))
    }

    /// The same proof as a list of siblings, in Electrum's format.
    pub(crate) fn merkle_path(&self, txid: &Txid) -> Option<MerklePath> {
        let confirmation = self.confirmation(txid)?;
        let known = self.state.block(&confirmation.block_hash)?;
        let mut level: Vec<Txid> = known
            .block
            .txdata
            .iter()
            .map(|tx| tx.compute_txid())
            .collect();
        let mut position = confirmation.position;
        let mut siblings = Vec::new();
        while level.len() > 1 {
            // Bitcoin pairs an odd last hash with itself.
            let sibling = level.get(position ^ 1).or(level.get(position))?;
            siblings.push(*sibling);
            level = level
                .chunks(2)
                .map(|pair| pair_hash(&pair[0], pair.get(1)))
                .collect();
            position /= 2;
        }
        Some(MerklePath {
            confirmation,
            siblings,
        })
    }
}

fn pair_hash(left: &Txid, right: Option<&Txid>) -> Txid {
    let mut engine = sha256d::Hash::engine();
    engine.input(left.as_byte_array());
    engine.input(right.unwrap_or(left).as_byte_array());
    Txid::from_raw_hash(sha256d::Hash::from_engine(engine))
}

pub(crate) fn unconfirmed_view(entry: &Entry) -> TxView {
    TxView {
        tx: Arc::clone(&entry.tx),
        txid: entry.txid,
        spent: entry.spent.iter().cloned().map(Some).collect(),
        fee: entry.fee,
        confirmation: None,
    }
}

fn sum_up(key: &ScriptKey, txs: impl Iterator<Item = TxView>) -> ScriptTotals {
    let mut totals = ScriptTotals::default();
    for view in txs {
        totals.tx_count += 1;
        let is_ours = |output: &&bitcoin::TxOut| ScriptIndex::key(&output.script_pubkey) == *key;
        for output in view.tx.output.iter().filter(is_ours) {
            totals.funded_count += 1;
            totals.funded_sat += output.value.to_sat();
        }
        for output in view.spent.iter().flatten().filter(is_ours) {
            totals.spent_count += 1;
            totals.spent_sat += output.value.to_sat();
        }
    }
    totals
}
