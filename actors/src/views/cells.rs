//! Values that many rows share: sets of entries as bitmaps, and sums. Owns how they are written down,
//! and that what holds nothing is not there, so that every order of changes ends in the same bytes.

use minicbor::{Decode, Encode};
use till::ledger::entity::{Damaged, encode};

/// Entries that one bitmap tells of.
pub(super) const BLOCK: u32 = 1_024;
/// Words of a bitmap.
const WORDS: usize = 16;
/// Bits of a word.
const WORD_BITS: u32 = 64;

/// Which of [`BLOCK`] entries in a row belong to a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits([u64; WORDS]);

impl Bits {
    pub(super) const NONE: Self = Self([0; WORDS]);
    pub(super) const ALL: Self = Self([u64::MAX; WORDS]);

    /// The entries of block `block` from `from` on and before `to`.
    pub(super) fn between(block: u32, from: u32, to: u32) -> Self {
        let first = u64::from(block) * u64::from(BLOCK);
        let inside = |at: u64| at >= u64::from(from) && at < u64::from(to);
        if inside(first) && inside(first + u64::from(BLOCK) - 1) {
            return Self::ALL;
        }
        let mut bits = Self::NONE;
        for place in (0..BLOCK).filter(|place| inside(first + u64::from(*place))) {
            bits.set(place, true);
        }
        bits
    }

    pub(super) fn set(&mut self, place: u32, is_in: bool) {
        let (word, bit) = Self::at(place);
        if let Some(word) = self.0.get_mut(word) {
            *word = if is_in { *word | bit } else { *word & !bit };
        }
    }

    pub(super) fn has(&self, place: u32) -> bool {
        let (word, bit) = Self::at(place);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    fn at(place: u32) -> (usize, u64) {
        let word = usize::try_from(place / WORD_BITS).unwrap_or(usize::MAX);
        (word, 1 << (place % WORD_BITS))
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.zip(other, |one, two| one & two)
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.zip(other, |one, two| one | two)
    }

    fn zip(mut self, other: Self, how: impl Fn(u64, u64) -> u64) -> Self {
        for (one, two) in self.0.iter_mut().zip(other.0) {
            *one = how(*one, two);
        }
        self
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The places that are set, the lowest first.
    pub(super) fn places(&self) -> Vec<u32> {
        (0..BLOCK).filter(|place| self.has(*place)).collect()
    }

    fn to_bytes(self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Damaged> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_be_bytes(*word)).collect();
        match words.try_into() {
            Ok(words) if rest.is_empty() => Ok(Self(words)),
            Ok(_) | Err(_) => Err(Damaged {
                key: hex::encode(bytes),
                why: "a bitmap has another length".into(),
            }),
        }
    }
}

/// What all rows of one tag, extension or status add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Tally {
    /// What they have in common; empty for those that have none.
    #[n(0)]
    pub(super) text: String,
    /// How many there are.
    #[n(1)]
    pub(super) count: u64,
    /// How many of them moved money.
    #[n(2)]
    pub(super) settled: u64,
    /// What these moved, in msat: above zero if more came than went. Fees are left out.
    #[n(3)]
    pub(super) net_msat: i64,
}

/// What moved in a wallet within some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Moved {
    /// How many payments came.
    #[n(0)]
    pub count_in: u64,
    /// How many went.
    #[n(1)]
    pub count_out: u64,
    /// What came, in msat.
    #[n(2)]
    pub in_msat: u64,
    /// What went, in msat, fees left out.
    #[n(3)]
    pub out_msat: u64,
    /// What routing and liquidity providers took, in msat.
    #[n(4)]
    pub fee_msat: u64,
}

impl Moved {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            count_in: self.count_in.saturating_add(other.count_in),
            count_out: self.count_out.saturating_add(other.count_out),
            in_msat: self.in_msat.saturating_add(other.in_msat),
            out_msat: self.out_msat.saturating_add(other.out_msat),
            fee_msat: self.fee_msat.saturating_add(other.fee_msat),
        }
    }

    /// What is left of this once `other`, a part of it, is taken away.
    pub(super) const fn without(self, other: Self) -> Self {
        Self {
            count_in: self.count_in.saturating_sub(other.count_in),
            count_out: self.count_out.saturating_sub(other.count_out),
            in_msat: self.in_msat.saturating_sub(other.in_msat),
            out_msat: self.out_msat.saturating_sub(other.out_msat),
            fee_msat: self.fee_msat.saturating_sub(other.fee_msat),
        }
    }

    /// By how much the wallet's balance grew, in msat.
    #[must_use]
    pub fn net_msat(&self) -> i128 {
        i128::from(self.in_msat) - i128::from(self.out_msat) - i128::from(self.fee_msat)
    }
}

/// A value that is being changed.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Bits(Bits),
    Tally(Tally),
    Moved(Moved),
}

impl Cell {
    /// As it is written down; `None` where nothing is left of it.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bits(bits) => (*bits != Bits::NONE).then(|| bits.to_bytes()),
            Self::Tally(tally) => (tally.count > 0).then(|| encode(tally)),
            Self::Moved(moved) => (*moved != Moved::default()).then(|| encode(moved)),
        }
    }
}

/// Reads a sum back.
pub(super) fn sum<T: for<'b> Decode<'b, ()>>(key: &[u8], bytes: &[u8]) -> Result<T, Damaged> {
    minicbor::decode(bytes).map_err(|error| Damaged {
        key: hex::encode(key),
        why: error.to_string(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_keep_what_was_set_and_are_gone_when_empty() {
        let mut bits = Bits::NONE;
        for place in [0, 63, 64, 700, 1_023] {
            bits.set(place, true);
        }
        assert_eq!(bits.places(), [0, 63, 64, 700, 1_023]);
        assert_eq!(Bits::from_bytes(&bits.to_bytes()).unwrap(), bits);
        assert!(Bits::from_bytes(&bits.to_bytes()[1..]).is_err());
        for place in bits.places() {
            bits.set(place, false);
        }
        assert_eq!(Cell::Bits(bits).to_bytes(), None);
    }

    #[test]
    fn a_range_ends_where_it_says() {
        assert_eq!(Bits::between(1, 1_000, 1_027).places(), [0, 1, 2]);
        assert_eq!(
            Bits::between(0, 1_020, 1_027).places(),
            [1_020, 1_021, 1_022, 1_023]
        );
        assert_eq!(Bits::between(1, 5, 5_000), Bits::ALL);
        assert_eq!(Bits::between(3, 5, 1_000).count(), 0);
    }
}
