//! Moments as people and programs write them. Owns which forms are understood; everything is UTC
//! unless it says otherwise.

use till::time::Timestamp;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime};

use super::Invalid;

/// A day, as ISO 8601 has it.
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// A time of day without an offset, as a browser's `datetime-local` field has it.
const LOCAL: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day]T[hour]:[minute][optional [:[second][optional [.[subsecond]]]]]"
);
/// Nanoseconds in a millisecond.
const NANOS_PER_MILLI: i128 = 1_000_000;

/// From the first to the last millisecond that a text means: a whole day, or one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Span {
    /// One moment, in milliseconds since 1970.
    pub(crate) const fn at(millis: u64) -> Self {
        let moment = Timestamp::from_millis(millis);
        Self {
            first: moment,
            last: moment,
        }
    }
}

/// A date, a date-time with or without an offset, or milliseconds.
pub(crate) fn span(field: &'static str, text: &str) -> Result<Span, Invalid> {
    let text = text.trim();
    if let Ok(millis) = text.parse::<u64>() {
        return Ok(Span::at(millis));
    }
    if let Ok(day) = Date::parse(text, DAY) {
        let midnight = day.midnight().assume_utc();
        let end = midnight.checked_add(Duration::DAY);
        return Ok(Span {
            first: timestamp(midnight),
            // The calendar's last day has no day after it.
            last: end.map_or(Timestamp::from_millis(u64::MAX), |end| {
                Timestamp::from_millis(timestamp(end).as_millis().saturating_sub(1))
            }),
        });
    }
    let zoned = OffsetDateTime::parse(text, &Rfc3339);
    let moment =
        zoned.or_else(|_| PrimitiveDateTime::parse(text, LOCAL).map(PrimitiveDateTime::assume_utc));
    match moment {
        Ok(moment) => Ok(Span::at(timestamp(moment).as_millis())),
        Err(_) => Err(Invalid::new(
            field,
            "must be a date such as 2024-12-31, a date-time such as 2024-12-31T18:00:00Z, or \
             milliseconds since 1970",
        )),
    }
}

/// What was before 1970 was before every record.
fn timestamp(moment: OffsetDateTime) -> Timestamp {
    let millis = moment.unix_timestamp_nanos().div_euclid(NANOS_PER_MILLI);
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-02-29T00:00:00Z
    const LEAP_DAY: u64 = 1_709_164_800_000;
    const DAY_MILLIS: u64 = 86_400_000;

    #[test]
    fn a_day_is_all_of_it_and_a_moment_is_one() {
        let table = [
            ("2024-02-29", LEAP_DAY, LEAP_DAY + DAY_MILLIS - 1),
            ("1970-01-01", 0, DAY_MILLIS - 1),
            ("1969-12-31", 0, 0),
            ("2024-02-29T00:00:00Z", LEAP_DAY, LEAP_DAY),
            ("2024-02-29T02:00:00+02:00", LEAP_DAY, LEAP_DAY),
            ("2024-02-29T00:00:00.250Z", LEAP_DAY + 250, LEAP_DAY + 250),
            ("2024-02-29T00:00:00", LEAP_DAY, LEAP_DAY),
            ("2024-02-29T00:00", LEAP_DAY, LEAP_DAY),
            ("2024-02-29T00:00:01.5", LEAP_DAY + 1_500, LEAP_DAY + 1_500),
            (" 1709164800000 ", LEAP_DAY, LEAP_DAY),
        ];
        for (text, first, last) in table {
            let span = span("from", text).expect(text);
            let found = (span.first.as_millis(), span.last.as_millis());
            assert_eq!(found, (first, last), "{text}");
        }
        assert!(span("to", "9999-12-31").is_ok());
    }

    #[test]
    fn what_is_no_moment_is_named() {
        for text in [
            "",
            "yesterday",
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "31.12.2024",
            "2024-02-29T25:00:00Z",
            "2024-02-29Z",
            "-1",
            "1.5",
            "99999999999999999999",
        ] {
            let refused = span("to", text).expect_err(text).to_string();
            assert!(refused.starts_with("to must be"), "{text}: {refused}");
        }
    }
}
