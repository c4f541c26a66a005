//! The house's history as CSV (RFC 4180, with plain line feeds). Owns the columns, which are those
//! of phoenixd's export.
//!
//! No column holds what a stranger wrote, so no cell begins with a sign that a spreadsheet would
//! take for a formula, but for the minus of a number.

use till::time::Timestamp;
use till_actors::export::Line;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::pos::parse::Range;

/// The columns.
const HEADER: [&str; 9] = [
    "date",
    "id",
    "type",
    "amount_msat",
    "fee_credit_msat",
    "mining_fee_sat",
    "service_fee_msat",
    "payment_hash",
    "tx_id",
];
/// When: UTC, to the millisecond.
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// The day alone, for the name of the file.
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// There is no such thing here as a credit for future fees.
const NO_FEE_CREDIT: &str = "0";

/// The first line, which names the columns.
pub(in crate::pos) fn export_header() -> Result<Vec<u8>, csv::Error> {
    csv(|file| file.write_record(HEADER))
}

/// The lines that follow.
pub(in crate::pos) fn export_lines(lines: &[Line]) -> Result<Vec<u8>, csv::Error> {
    csv(|file| {
        lines
            .iter()
            .try_for_each(|line| file.write_record(row(line)))
    })
}

/// What the file is called where it is saved.
pub(in crate::pos) fn export_name(range: &Range) -> String {
    let part = |word: &str, moment: Option<Timestamp>| {
        moment.map_or(String::new(), |at| format!("_{word}_{}", text(at, DAY)))
    };
    let (from, to) = (part("from", range.from), part("to", range.to));
    format!("wallet{from}{to}.csv")
}

fn csv(
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<Vec<u8>, csv::Error> {
    let mut file = csv::Writer::from_writer(Vec::new());
    write(&mut file)?;
    file.into_inner().map_err(|e| e.into_error().into())
}

fn row(line: &Line) -> [String; 9] {
    let about = &line.about;
    let id = match about.payment {
        Some(payment) => payment.to_string(),
        None => format!("{}-{}", line.seq, line.number),
    };
    [
        text(line.at, MOMENT),
        id,
        about.kind.word().to_owned(),
        line.amount_msat.to_string(),
        NO_FEE_CREDIT.to_owned(),
        line.mining_fee.to_sat_ceil().get().to_string(),
        line.service_fee.get().to_string(),
        about.hash.map_or(String::new(), |hash| hash.to_string()),
        about.tx_id.map_or(String::new(), |tx_id| tx_id.to_string()),
    ]
}

/// A moment in words; one that no calendar has is told in milliseconds.
fn text(at: Timestamp, format: &[BorrowedFormatItem<'_>]) -> String {
    let nanos = i128::from(at.as_millis()) * 1_000_000;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    moment
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| at.as_millis().to_string())
}
