//! Amounts. Owns the units and every conversion between them; knows nothing of accounts.
//!
//! There is no `From<u64>`, no `Deref` and no `+`: an amount is made where its unit is known, and
//! combined only by operations that say what happens at the edge.

use std::fmt;

use minicbor::{Decode, Encode};

/// Millisatoshis in one satoshi.
pub const MSAT_PER_SAT: u64 = 1_000;

/// Every bitcoin there will ever be, in satoshis; no amount can be larger.
const MAX_SAT: u64 = 21_000_000 * 100_000_000;

/// An amount of millisatoshis, at most 21 million bitcoin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Msat(#[n(0)] u64);

/// An amount of whole satoshis, at most 21 million bitcoin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Sat(#[n(0)] u64);

impl Msat {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `msat` millisatoshis, or `None` above 21 million bitcoin.
    #[must_use]
    pub const fn new(msat: u64) -> Option<Self> {
        if msat <= MAX_SAT * MSAT_PER_SAT {
            Some(Self(msat))
        } else {
            None
        }
    }

    /// The number of millisatoshis.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether this is nothing at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above 21 million bitcoin.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Self::new(sum),
            None => None,
        }
    }

    /// The difference, or `None` below zero.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// The difference, or zero where `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Whole satoshis, what is over is left out.
    #[must_use]
    pub const fn to_sat_floor(self) -> Sat {
        Sat(self.0 / MSAT_PER_SAT)
    }

    /// Whole satoshis, a started one counts.
    #[must_use]
    pub const fn to_sat_ceil(self) -> Sat {
        Sat(self.0.div_ceil(MSAT_PER_SAT))
    }
}

impl Sat {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The least that is more than nothing.
    pub const ONE: Self = Self(1);
    /// Every bitcoin there will ever be.
    pub const MAX: Self = Self(MAX_SAT);

    /// `sat` satoshis, or `None` above 21 million bitcoin.
    #[must_use]
    pub const fn new(sat: u64) -> Option<Self> {
        if sat <= MAX_SAT {
            Some(Self(sat))
        } else {
            None
        }
    }

    /// The number of satoshis.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The difference; zero where it would be below.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The same amount in millisatoshis. Cannot overflow: both types end at 21 million bitcoin.
    #[must_use]
    pub const fn to_msat(self) -> Msat {
        Msat(self.0 * MSAT_PER_SAT)
    }
}

impl fmt::Display for Msat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} msat", self.0)
    }
}

impl fmt::Display for Sat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sat", self.0)
    }
}

/// A balance as a person reads it: whole satoshis, rounded towards minus infinity.
///
/// Shown amounts are differences of such floors (`floor(after) - floor(before)`), so that a
/// column of rows always adds up to the balance beneath it.
#[must_use]
pub const fn balance_sat_floor(balance_msat: i128) -> i128 {
    balance_msat.div_euclid(MSAT_PER_SAT as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_say_how_they_round() {
        let odd = Msat::new(1_999).expect("small");
        assert_eq!(odd.to_sat_floor().get(), 1);
        assert_eq!(odd.to_sat_ceil().get(), 2);
        assert_eq!(Sat::new(2).expect("small").to_msat().get(), 2_000);
    }

    #[test]
    fn nothing_exceeds_the_supply() {
        assert_eq!(Sat::new(MAX_SAT + 1), None);
        assert_eq!(Msat::new(MAX_SAT * MSAT_PER_SAT + 1), None);
        let all = Sat::new(MAX_SAT).expect("the supply").to_msat();
        assert_eq!(all.checked_add(Msat::new(1).expect("small")), None);
        assert_eq!(Msat::ZERO.checked_sub(Msat::new(1).expect("small")), None);
    }

    #[test]
    fn floors_of_a_negative_balance_go_down() {
        assert_eq!(balance_sat_floor(-1), -1);
        assert_eq!(balance_sat_floor(-1_000), -1);
        assert_eq!(balance_sat_floor(999), 0);
    }
}
