//! The seal of the views: one row that says which layout they have, which record they stand at, and
//! what all the other entries add up to. Owns that sum; it is checked when the views are opened.
//!
//! Why: sled checks its pages when it reads them, but what it takes for the end of its log it cuts
//! off in silence, and after a flipped byte an older page may come back. So every start adds up all
//! entries and compares. The sum is one of hashes (its order does not matter), so a batch changes
//! it by what it removes and adds.

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use till::ledger::entity::encode;

use crate::journal::Head;

/// Rows, keys and index entries as this program lays them out. Raise it with every change of them:
/// views of another layout are rebuilt.
pub(super) const LAYOUT: u32 = 5;
/// Where the seal is; no row's or index entry's key starts so.
pub(crate) const KEY: [u8; 1] = [0xff];

/// What the views say of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Seal {
    /// [`LAYOUT`] of the program that wrote them.
    #[n(0)]
    layout: u32,
    /// The last record that they have.
    #[n(1)]
    seq: u64,
    /// That record's hash.
    #[cbor(n(2), with = "minicbor::bytes")]
    hash: [u8; 32],
    /// How many entries there are, the seal left out.
    #[n(3)]
    entries: u64,
    /// The sum of their hashes, modulo 2^128, big-endian.
    #[cbor(n(4), with = "minicbor::bytes")]
    sum: [u8; 16],
}

impl Seal {
    /// Of views with nothing in them.
    pub(super) const EMPTY: Self = Self {
        layout: LAYOUT,
        seq: 0,
        hash: Head::GENESIS.hash,
        entries: 0,
        sum: [0; 16],
    };

    pub(super) fn to_bytes(self) -> Vec<u8> {
        encode(&self)
    }

    /// `None` if these bytes are no seal.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }

    pub(super) const fn layout(&self) -> u32 {
        self.layout
    }

    #[cfg(test)]
    pub(super) const fn with_layout(self, layout: u32) -> Self {
        Self { layout, ..self }
    }

    pub(super) const fn entries(&self) -> u64 {
        self.entries
    }

    /// The record at which the views stand.
    pub(super) const fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash,
        }
    }

    pub(super) const fn set_head(&mut self, head: Head) {
        self.seq = head.seq;
        self.hash = head.hash;
    }

    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.entries = self.entries.wrapping_add(1);
        self.sum = (u128::from_be_bytes(self.sum).wrapping_add(number(key, value))).to_be_bytes();
    }

    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.entries = self.entries.wrapping_sub(1);
        self.sum = (u128::from_be_bytes(self.sum).wrapping_sub(number(key, value))).to_be_bytes();
    }

    /// Whether both have the same entries, whatever else they say.
    pub(super) fn same_entries(&self, other: &Self) -> bool {
        self.entries == other.entries && self.sum == other.sum
    }
}

/// An entry as a number: the first half of the hash of its key, with its length, and its value.
fn number(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = Sha256::new();
    hasher.update(u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    let hash: [u8; 32] = hasher.finalize().into();
    let half = hash.first_chunk::<16>().copied().unwrap_or_default();
    u128::from_be_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_knows_every_entry_and_no_order() {
        let (mut one, mut other) = (Seal::EMPTY, Seal::EMPTY);
        for (key, value) in [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")] {
            one.add(key, value);
        }
        for (key, value) in [(b"c", b"3"), (b"x", b"9"), (b"b", b"2"), (b"a", b"1")] {
            other.add(key, value);
        }
        assert!(!one.same_entries(&other));
        other.remove(b"x", b"9");
        assert!(one.same_entries(&other));
        // The same bytes, cut elsewhere, are another entry.
        other.remove(b"a", b"1");
        other.add(b"", b"a1");
        assert!(!one.same_entries(&other));
    }
}
