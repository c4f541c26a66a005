//! Moments as filters spell them: unix seconds, or ISO 8601 as Python writes it. Owns which milliseconds
//! a text means; everything is UTC unless it says otherwise.

use till::time::Timestamp;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::lnbits::Dialect;

/// A day.
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// A moment without an offset.
const LOCAL: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day]T[hour]:[minute][optional [:[second][optional [.[subsecond]]]]]"
);
/// Nanoseconds in a millisecond.
const NANOS_PER_MILLI: i128 = 1_000_000;
/// Where the time of day begins in a text.
const DAY_BYTES: usize = 10;

/// From the first to the last moment that a text means: times that are shown in whole seconds are
/// compared so.
pub(super) fn span(text: &str, dialect: Dialect) -> Option<(Timestamp, Timestamp)> {
    let text = text.trim();
    if let Ok(secs) = text.parse::<u64>() {
        let first = Timestamp::from_millis(secs.saturating_mul(1_000));
        let last = match dialect {
            Dialect::Documented => Timestamp::from_millis(first.as_millis().saturating_add(999)),
            Dialect::V1 => first,
        };
        return Some((first, last));
    }
    let moment = match Date::parse(text, DAY) {
        Ok(day) => day.midnight().assume_utc(),
        Err(_) => {
            let text = mended(text)?;
            let local =
                || PrimitiveDateTime::parse(&text, LOCAL).map(PrimitiveDateTime::assume_utc);
            OffsetDateTime::parse(&text, &Rfc3339)
                .or_else(|_| local())
                .ok()?
        }
    };
    let millis = moment.unix_timestamp_nanos().div_euclid(NANOS_PER_MILLI);
    // What was before 1970 was before every record.
    let at = Timestamp::from_millis(u64::try_from(millis).unwrap_or(0));
    Some((at, at))
}

/// A space between day and time is as good as a `T`; one before the offset was a plus, which a query
/// string turns into a space where nobody quotes it.
fn mended(text: &str) -> Option<String> {
    let (day, rest) = text.split_at_checked(DAY_BYTES)?;
    let rest = rest.strip_prefix([' ', 'T', 't'])?;
    Some(format!("{day}T{}", rest.replace(' ', "+")))
}
