//! The two dialects: what LNbits' documentation says, and what its servers really send. Owns the
//! switch and how amounts, times and pages differ; rows that differ otherwise ask it.

use till::money::{MSAT_PER_SAT, Msat};
use till::time::Timestamp;

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
        let amount = match self {
            Self::Documented => amount.get() / MSAT_PER_SAT,
            Self::V1 => amount.get(),
        };
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        if is_outgoing { -amount } else { amount }
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
    let nanos = i128::from(at.as_millis()) * 1_000_000;
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    let text = moment.and_then(|moment| moment.format(format).ok());
    text.unwrap_or_default()
}
