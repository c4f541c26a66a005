//! What a payment may cost, going out or coming in. Owns the fee reserve and the most that a liquidity
//! provider may take; routes, feerates and the provider's offers are the node's.

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
        Some(share(amount, self.reserve_ppm)?.max(self.reserve_min))
    }
}

/// How much a liquidity provider may take of the payment that it opens a channel for (LSPS2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LspPolicy {
    /// Share of the payment, in parts per million.
    pub max_fee_ppm: u32,
    /// What it may take even where that share is smaller: a channel costs its opener miners' fees,
    /// however small the payment.
    pub max_fee_floor: Msat,
}

impl LspPolicy {
    /// The most that opening a channel may cost with a payment of `amount`; `None` if that exceeds
    /// all money.
    #[must_use]
    pub fn most(&self, amount: Msat) -> Option<Msat> {
        Some(share(amount, self.max_fee_ppm)?.max(self.max_fee_floor))
    }
}

fn share(amount: Msat, ppm: u32) -> Option<Msat> {
    let share = u128::from(amount.get()) * u128::from(ppm) / PPM;
    Msat::new(u64::try_from(share).ok()?)
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

    #[test]
    fn a_provider_takes_a_share_or_the_floor() {
        let msat = |n| Msat::new(n).expect("small");
        let policy = LspPolicy {
            max_fee_ppm: 30_000,
            max_fee_floor: msat(2_500_000),
        };
        let cases = [
            (5_000_000, 2_500_000),
            (83_333_333, 2_500_000),
            (83_333_400, 2_500_002),
            (200_000_000, 6_000_000),
        ];
        for (amount, most) in cases {
            assert_eq!(policy.most(msat(amount)), Some(msat(most)), "{amount}");
        }
    }
}
