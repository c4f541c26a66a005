//! The two dialects: what LNbits' documentation says, and what its servers really send. Owns the
//! switch and how amounts, times and pages differ; rows that differ otherwise ask it.

use till::money::Msat;
use till::time::Timestamp;

/// Millisatoshis in a satoshi, where there are signs.
const MSAT_IN_SAT: i64 = 1_000;
/// The last moment that ISO 8601 writes with four digits of the year, in milliseconds since the Unix
/// epoch. What lasts longer is shown so: an invoice says itself how long it can be paid.
const LAST_MILLIS: u64 = 253_402_300_799_999;

/// How the surface speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As the documentation has it.
    #[default]
    Documented,
    /// As LNbits 1.6 servers do.
    V1,
}

impl Dialect {
    /// An amount in the dialect's unit, below zero for what goes out.
    pub(crate) fn amount(self, amount: Msat, is_outgoing: bool) -> i64 {
        let msat = i64::try_from(amount.get()).unwrap_or(i64::MAX);
        self.shown(if is_outgoing { -msat } else { msat })
    }

    /// What an amount in msat is in the dialect's unit. Satoshis are cut off downwards: nobody is shown
    /// more than came, or less than went.
    pub(crate) const fn shown(self, msat: i64) -> i64 {
        match self {
            Self::Documented => msat.div_euclid(MSAT_IN_SAT),
            Self::V1 => msat,
        }
    }

    /// A fee in msat: below zero on outgoing payments of `v1`.
    pub(crate) fn fee(self, fee: Msat, is_outgoing: bool) -> i64 {
        let fee = i64::try_from(fee.get()).unwrap_or(i64::MAX);
        match (self, is_outgoing) {
            (Self::V1, true) => -fee,
            (Self::V1, false) | (Self::Documented, _) => fee,
        }
    }

    /// A moment: unix seconds, or ISO 8601.
    pub(crate) fn time(self, at: Timestamp) -> serde_json::Value {
        match self {
            Self::Documented => at.as_secs().into(),
            Self::V1 => iso(at).into(),
        }
    }
}

/// A moment as `2024-01-15T12:00:00.123000+00:00`, which is how Python writes it.
pub(crate) fn iso(at: Timestamp) -> String {
    use time::macros::format_description;
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]+00:00"
    );
    let nanos = i128::from(at.as_millis().min(LAST_MILLIS)) * 1_000_000;
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    let text = moment.and_then(|moment| moment.format(format).ok());
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn satoshis_are_cut_off_downwards_on_either_side() {
        let table = [
            (1_500, false, 1, 1_500),
            (1_500, true, -2, -1_500),
            (999, false, 0, 999),
            (1, true, -1, -1),
            (0, true, 0, 0),
            (2_000, true, -2, -2_000),
        ];
        for (msat, is_outgoing, sat, v1) in table {
            let msat = Msat::new(msat).expect("small");
            let shown = |dialect: Dialect| dialect.amount(msat, is_outgoing);
            assert_eq!(shown(Dialect::Documented), sat, "{msat} {is_outgoing}");
            assert_eq!(shown(Dialect::V1), v1, "{msat} {is_outgoing}");
        }
    }

    #[test]
    fn every_moment_has_a_text() {
        let table = [
            (1_500, "1970-01-01T00:00:01.500000+00:00"),
            (LAST_MILLIS, "9999-12-31T23:59:59.999000+00:00"),
            (LAST_MILLIS + 1, "9999-12-31T23:59:59.999000+00:00"),
            (u64::MAX, "9999-12-31T23:59:59.999000+00:00"),
        ];
        for (millis, text) in table {
            assert_eq!(iso(Timestamp::from_millis(millis)), text);
        }
    }
}
