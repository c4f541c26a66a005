//! Which confirmed transactions and coins belong to a script.
//!
//! Esplora names a script by the SHA-256 of its bytes; so do the keys here. The index knows names
//! only, never transactions or amounts.

use std::collections::{BTreeSet, HashMap};

use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::{OutPoint, Script, Txid};

/// Esplora's `scripthash`: the SHA-256 of a script, not byte-reversed.
pub type ScriptKey = sha256::Hash;

#[derive(Debug, Default)]
struct ScriptEntry {
    /// In chain order, each transaction once.
    history: Vec<Txid>,
    coins: BTreeSet<OutPoint>,
}

/// Script to history and unspent outputs.
#[derive(Debug, Default)]
pub(crate) struct ScriptIndex {
    entries: HashMap<ScriptKey, ScriptEntry>,
}

impl ScriptIndex {
    pub(crate) fn key(script: &Script) -> ScriptKey {
        sha256::Hash::hash(script.as_bytes())
    }

    pub(crate) fn history(&self, key: &ScriptKey) -> &[Txid] {
        self.entries.get(key).map_or(&[], |entry| &entry.history)
    }

    pub(crate) fn coins(&self, key: &ScriptKey) -> impl Iterator<Item = &OutPoint> {
        self.entries
            .get(key)
            .into_iter()
            .flat_map(|entry| &entry.coins)
    }

    /// Notes that the newest transaction pays or spends the script. Idempotent for one transaction.
    pub(crate) fn touch(&mut self, key: ScriptKey, txid: Txid) {
        let history = &mut self.entries.entry(key).or_default().history;
        if history.last() != Some(&txid) {
            history.push(txid);
        }
    }

    /// Undoes [`Self::touch`]; the order of undoing is the reverse of chain order.
    pub(crate) fn untouch(&mut self, key: ScriptKey, txid: Txid) {
        if let Some(entry) = self.entries.get_mut(&key)
            && entry.history.last() == Some(&txid)
        {
            entry.history.pop();
        }
    }

    pub(crate) fn add_coin(&mut self, key: ScriptKey, outpoint: OutPoint) {
        self.entries.entry(key).or_default().coins.insert(outpoint);
    }

    pub(crate) fn remove_coin(&mut self, key: ScriptKey, outpoint: OutPoint) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.coins.remove(&outpoint);
        }
    }

    /// Drops every coin and keeps the histories: what genesis needs, whose coinbase is unspendable.
    pub(crate) fn forget_coins(&mut self) {
        for entry in self.entries.values_mut() {
            entry.coins.clear();
        }
    }
}
