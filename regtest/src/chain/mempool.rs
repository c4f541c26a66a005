//! Transactions that wait for a block, and how they hang together.
//!
//! Holds what `accept` let in and answers who spends what, who descends from whom, and what touches
//! a script. It decides nothing: whether a transaction may enter is not known here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bitcoin::{Amount, OutPoint, Transaction, TxOut, Txid};

use super::index::{ScriptIndex, ScriptKey};
use super::state::Spender;

/// An accepted transaction with what was worked out about it on the way in.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) tx: Arc<Transaction>,
    pub(crate) txid: Txid,
    /// The outputs it spends, in input order.
    pub(crate) spent: Vec<TxOut>,
    pub(crate) fee: Amount,
    pub(crate) vsize: u64,
}

impl Entry {
    fn scripts(&self) -> impl Iterator<Item = ScriptKey> {
        self.spent
            .iter()
            .chain(&self.tx.output)
            .map(|output| ScriptIndex::key(&output.script_pubkey))
    }
}

/// The mempool. Order of arrival is also an order of dependency: parents come first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mempool {
    entries: HashMap<Txid, (u64, Entry)>,
    arrivals: BTreeMap<u64, Txid>,
    spends: HashMap<OutPoint, Spender>,
    scripts: HashMap<ScriptKey, BTreeSet<u64>>,
    next_arrival: u64,
}

impl Mempool {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, txid: &Txid) -> Option<&Entry> {
        self.entries.get(txid).map(|(_, entry)| entry)
    }

    pub(crate) fn contains(&self, txid: &Txid) -> bool {
        self.entries.contains_key(txid)
    }

    /// Everything, in order of arrival.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.arrivals.values().filter_map(|txid| self.get(txid))
    }

    /// What pays or spends a script, in order of arrival.
    pub(crate) fn history(&self, key: &ScriptKey) -> impl DoubleEndedIterator<Item = &Entry> {
        self.scripts
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|arrival| self.get(self.arrivals.get(arrival)?))
    }

    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<Spender> {
        self.spends.get(outpoint).copied()
    }

    pub(crate) fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        self.get(&outpoint.txid)?
            .tx
            .output
            .get(usize::try_from(outpoint.vout).ok()?)
    }

    /// Adds an entry whose parents and freedom from conflicts the caller has checked.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let arrival = self.next_arrival;
        self.next_arrival += 1;
        for (vin, input) in (0u32..).zip(&entry.tx.input) {
            self.spends.insert(
                input.previous_output,
                Spender {
                    txid: entry.txid,
                    vin,
                },
            );
        }
        for key in entry.scripts() {
            self.scripts.entry(key).or_default().insert(arrival);
        }
        self.arrivals.insert(arrival, entry.txid);
        self.entries.insert(entry.txid, (arrival, entry));
    }

    /// Takes one transaction out and leaves its descendants, as when a block confirms it.
    pub(crate) fn remove(&mut self, txid: &Txid) -> Option<Entry> {
        let (arrival, entry) = self.entries.remove(txid)?;
        self.arrivals.remove(&arrival);
        for input in &entry.tx.input {
            self.spends.remove(&input.previous_output);
        }
        for key in entry.scripts() {
            if let Some(arrivals) = self.scripts.get_mut(&key) {
                arrivals.remove(&arrival);
                if arrivals.is_empty() {
                    self.scripts.remove(&key);
                }
            }
        }
        Some(entry)
    }

    /// Takes a transaction and all that descends from it out.
    pub(crate) fn evict(&mut self, txid: &Txid) -> BTreeSet<Txid> {
        let doomed = self.with_descendants([*txid]);
        for txid in &doomed {
            self.remove(txid);
        }
        doomed
    }

    /// Empties the mempool and gives its transactions in order of arrival.
    pub(crate) fn drain(&mut self) -> Vec<Arc<Transaction>> {
        let txs = self.iter().map(|entry| Arc::clone(&entry.tx)).collect();
        let next_arrival = self.next_arrival;
        *self = Mempool {
            next_arrival,
            ..Mempool::default()
        };
        txs
    }

    /// The transactions of the mempool that spend an output which `tx` spends too.
    pub(crate) fn conflicts(&self, tx: &Transaction) -> BTreeSet<Txid> {
        tx.input
            .iter()
            .filter_map(|input| self.spends.get(&input.previous_output))
            .map(|spender| spender.txid)
            .collect()
    }

    /// The unconfirmed transactions whose outputs `tx` spends.
    pub(crate) fn parents(&self, tx: &Transaction) -> BTreeSet<Txid> {
        tx.input
            .iter()
            .map(|input| input.previous_output.txid)
            .filter(|txid| self.contains(txid))
            .collect()
    }

    /// `roots` and every unconfirmed transaction they rest on.
    pub(crate) fn with_ancestors(&self, roots: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        self.closure(roots, |entry| self.parents(&entry.tx))
    }

    /// `roots` and every unconfirmed transaction that rests on them.
    pub(crate) fn with_descendants(&self, roots: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        self.closure(roots, |entry| {
            (0u32..)
                .zip(&entry.tx.output)
                .filter_map(|(vout, _)| {
                    self.spends.get(&OutPoint {
                        txid: entry.txid,
                        vout,
                    })
                })
                .map(|spender| spender.txid)
                .collect()
        })
    }

    fn closure(
        &self,
        roots: impl IntoIterator<Item = Txid>,
        next: impl Fn(&Entry) -> BTreeSet<Txid>,
    ) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Txid> = roots.into_iter().collect();
        while let Some(txid) = open.pop() {
            if let Some(entry) = self.get(&txid)
                && found.insert(txid)
            {
                open.extend(next(entry));
            }
        }
        found
    }
}
