//! What a payment may cost. Owns the fee reserve; routes and feerates are the node's.

use crate::money::Msat;

/// Parts per million in a whole.
const PPM: u128 = 1_000_000;

/// How much of a payer's balance is set aside for routing fees while a payment is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeePolicy {
    /// Share of the amount, in parts per million.
    pub reserve_ppm: u32,
    /// The least that is set aside.
    pub reserve_min: Msat,
}

impl FeePolicy {
    /// The most a payment of `amount` may cost in routing fees; `None` if that exceeds all money.
    #[must_use]
    pub fn fee_cap(&self, amount: Msat) -> Option<Msat> {
        let share = u128::from(amount.get()) * u128::from(self.reserve_ppm) / PPM;
        let share = Msat::new(u64::try_from(share).ok()?)?;
        Some(share.max(self.reserve_min))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_is_a_share_but_never_below_the_minimum() {
        let msat = |n| Msat::new(n).expect("small");
        let policy = FeePolicy {
            reserve_ppm: 10_000,
            reserve_min: msat(20_000),
        };
        let cases = [
            (1, 20_000),
            (2_000_000, 20_000),
            (2_000_100, 20_001),
            (50_000_000, 500_000),
        ];
        for (amount, cap) in cases {
            assert_eq!(policy.fee_cap(msat(amount)), Some(msat(cap)), "{amount}");
        }
    }
}
