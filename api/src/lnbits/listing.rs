//! From rows and sums to the wire types of lists, history and counts. Owns labels of periods and the
//! running balance; amounts are floored once, after they were added.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use till::ledger::WalletRef;
use till::money::balance_sat_floor;
use till::time::Timestamp;
use till_actors::service::ListRow;
use till_actors::views::{Moved, TallyRow};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{Dialect, render, wire};

/// Says how many of the newest rows were looked at, where no index knew.
const WINDOW: HeaderName = HeaderName::from_static("x-search-window");

/// An answer with the window that was looked at.
pub(super) type Listed<T> = (HeaderMap, Json<T>);

pub(super) fn listed<T>(window: Option<usize>, answer: T) -> Listed<T> {
    let mut headers = HeaderMap::new();
    if let Some(window) = window {
        headers.insert(WINDOW, HeaderValue::from(window));
    }
    (headers, Json(answer))
}

pub(super) fn rows(dialect: Dialect, rows: &[ListRow]) -> Vec<wire::Payment> {
    rows.iter().map(|one| row(dialect, one)).collect()
}

fn row(dialect: Dialect, row: &ListRow) -> wire::Payment {
    let wallet = match row.wallet() {
        WalletRef::House => String::new(),
        WalletRef::Wallet(id) => id.to_string(),
    };
    match row {
        ListRow::Invoice(invoice) => render::invoice(dialect, invoice, wallet),
        ListRow::Payment(payment) => render::payment(dialect, payment, wallet),
    }
}

/// What periods are told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Hour,
    Day,
    Month,
}

/// A period, and the balance when it ended, in msat.
pub(super) struct Point {
    begin: Timestamp,
    moved: Moved,
    balance_msat: i128,
}

/// Periods with the balances at their ends, the newest first. They are reckoned back from what the last
/// balance was; without one, what a filter left out never was.
pub(super) fn running(points: &[(Timestamp, Moved)], last_msat: Option<i128>) -> Vec<Point> {
    let sum = || points.iter().map(|(_, moved)| moved.net_msat()).sum();
    let mut balance_msat = last_msat.unwrap_or_else(sum);
    let mut told = Vec::with_capacity(points.len());
    for (begin, moved) in points {
        let (begin, moved) = (*begin, *moved);
        told.push(Point {
            begin,
            moved,
            balance_msat,
        });
        balance_msat -= moved.net_msat();
    }
    told
}

/// Days of one month together.
pub(super) fn by_month(days: Vec<(Timestamp, Moved)>) -> Vec<(Timestamp, Moved)> {
    let mut months: BTreeMap<Timestamp, Moved> = BTreeMap::new();
    for (day, moved) in days {
        let month = months.entry(first_of_month(day)).or_default();
        *month = month.and(moved);
    }
    months.into_iter().rev().collect()
}

fn first_of_month(at: Timestamp) -> Timestamp {
    let first = moment(at).and_then(|at| at.replace_day(1).ok());
    let first = first.map(|at| at.replace_time(time::Time::MIDNIGHT).unix_timestamp());
    let secs = first.and_then(|secs| u64::try_from(secs).ok());
    secs.map_or(at, |secs| {
        Timestamp::from_millis(secs.saturating_mul(1_000))
    })
}

fn moment(at: Timestamp) -> Option<OffsetDateTime> {
    let secs = i64::try_from(at.as_secs()).ok()?;
    OffsetDateTime::from_unix_timestamp(secs).ok()
}

/// A page of periods, in the dialect's order.
pub(super) fn in_order(
    dialect: Dialect,
    points: Vec<Point>,
    offset: usize,
    limit: usize,
) -> Vec<Point> {
    let page = points.into_iter().skip(offset).take(limit);
    let mut page: Vec<Point> = page.collect();
    match dialect {
        Dialect::Documented => {}
        Dialect::V1 => page.reverse(),
    }
    page
}

pub(super) fn history(dialect: Dialect, group: Group, point: &Point) -> wire::HistoryPoint {
    let moved = point.moved;
    wire::HistoryPoint {
        date: label(dialect, group, point.begin),
        income: amount(dialect, i128::from(moved.in_msat)),
        spending: amount(
            dialect,
            i128::from(moved.out_msat) + i128::from(moved.fee_msat),
        ),
        balance: amount(dialect, point.balance_msat),
    }
}

/// In satoshis whatever the dialect.
pub(super) fn daily(dialect: Dialect, point: &Point) -> wire::Day {
    let (moved, sat) = (point.moved, |msat: i128| amount(Dialect::Documented, msat));
    let count = moved.count_in.saturating_add(moved.count_out);
    let (came, went) = (i128::from(moved.in_msat), i128::from(moved.out_msat));
    wire::Day {
        date: label(dialect, Group::Day, point.begin),
        count,
        total: sat(came - went),
        balance: sat(point.balance_msat),
        balance_in: sat(came),
        balance_out: -sat(went),
        payments_count: count,
        count_in: moved.count_in,
        count_out: moved.count_out,
        fee: sat(i128::from(moved.fee_msat)),
    }
}

pub(super) fn breakdown(dialect: Dialect, tally: &TallyRow) -> wire::Breakdown {
    wire::Breakdown {
        tag: Some(tally.text.clone()).filter(|tag| !tag.is_empty()),
        is_fiat: false,
        payments_count: tally.settled,
        total: amount(dialect, i128::from(tally.net_msat)),
    }
}

/// A sum in the dialect's unit; satoshis are cut off downwards.
pub(super) fn amount(dialect: Dialect, msat: i128) -> i64 {
    let amount = match dialect {
        Dialect::Documented => balance_sat_floor(msat),
        Dialect::V1 => msat,
    };
    i64::try_from(amount).unwrap_or(i64::MAX)
}

/// The documentation's labels are as long as the period needs; LNbits sends its first moment.
fn label(dialect: Dialect, group: Group, begin: Timestamp) -> String {
    const HOUR: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:00");
    const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
    const MONTH: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]");
    const FULL: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");
    let format = match (dialect, group) {
        (Dialect::V1, _) => FULL,
        (Dialect::Documented, Group::Hour) => HOUR,
        (Dialect::Documented, Group::Day) => DAY,
        (Dialect::Documented, Group::Month) => MONTH,
    };
    let text = moment(begin).and_then(|begin| begin.format(format).ok());
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_all_its_days_and_a_label_of_its_own() {
        let moved = |in_msat| Moved {
            in_msat,
            count_in: 1,
            ..Moved::default()
        };
        // 2024-03-01, 2024-02-29, 2024-02-01
        let days = [1_709_251_200, 1_709_164_800, 1_706_745_600];
        let days = days.map(|secs| (Timestamp::from_millis(secs * 1_000), moved(secs)));
        let months = by_month(days.into());
        let labels: Vec<String> = months
            .iter()
            .map(|(begin, _)| label(Dialect::Documented, Group::Month, *begin))
            .collect();
        assert_eq!(labels, ["2024-03", "2024-02"]);
        assert_eq!(months.last().map(|(_, moved)| moved.count_in), Some(2));
        let (begin, _) = days[0];
        assert_eq!(
            label(Dialect::V1, Group::Day, begin),
            "2024-03-01T00:00:00+00:00"
        );
        assert_eq!(
            label(Dialect::Documented, Group::Hour, begin),
            "2024-03-01T00:00"
        );
        assert_eq!(moment(begin).map(|at| at.month()), Some(time::Month::March));
    }
}
