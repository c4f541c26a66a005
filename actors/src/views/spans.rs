//! What settled between two moments. Owns how a span of time is cut: whole days and hours have sums, and only
//! what is left at both ends is added up row by row.

use std::ops::Range;

use till::id::WalletId;
use till::ledger::WalletRef;
use till::time::Timestamp;

use super::cells::{Moved, sum};
use super::facets::{Standing, moved_by, time_key};
use super::{ViewError, Views};
use crate::service::{ListQuery, Period};

/// The most periods of a wallet that are told of at once: eleven years of hours.
const MAX_PERIODS: usize = 100_000;

/// Takes what moved in a period, counted from the Unix epoch in the periods that are asked for.
pub(super) type Add<'a> = dyn FnMut(u64, Moved) + 'a;

impl Views {
    /// Adds up what settled in a wallet while a query's time lasts; and tells how many rows were looked
    /// at, if there were more of them at the ends than that.
    pub(super) fn add_span(
        &self,
        wallet: WalletId,
        query: &ListQuery,
        period: Period,
        add: &mut Add<'_>,
    ) -> Result<Option<usize>, ViewError> {
        let from = query.from.map_or(0, Timestamp::as_millis);
        let to = query.to.map_or(u64::MAX, Timestamp::as_millis);
        let span = from..to.saturating_add(1);
        match period {
            Period::Day => self.add_days(wallet, span, add),
            Period::Hour => self.add_hours(wallet, span, Period::Hour, add),
        }
    }

    fn add_days(
        &self,
        wallet: WalletId,
        span: Range<u64>,
        add: &mut Add<'_>,
    ) -> Result<Option<usize>, ViewError> {
        let days = Period::Day.whole(&span);
        for (day, moved) in self.moved(wallet, Period::Day, &days)? {
            add(day, moved);
        }
        let mut window = None;
        for edge in Period::Day.edges(&span, &days) {
            window = window.or(self.add_hours(wallet, edge, Period::Day, add)?);
        }
        Ok(window)
    }

    fn add_hours(
        &self,
        wallet: WalletId,
        span: Range<u64>,
        period: Period,
        add: &mut Add<'_>,
    ) -> Result<Option<usize>, ViewError> {
        let hours = Period::Hour.whole(&span);
        for (hour, moved) in self.moved(wallet, Period::Hour, &hours)? {
            add(
                hour.saturating_mul(Period::Hour.millis()) / period.millis(),
                moved,
            );
        }
        let mut window = None;
        for edge in Period::Hour.edges(&span, &hours) {
            let last = edge.end.saturating_sub(1);
            let query = ListQuery {
                standings: Some(vec![Standing::Success]),
                from: Some(Timestamp::from_millis(edge.start)),
                to: Some(Timestamp::from_millis(last)),
                ..ListQuery::all(vec![wallet])
            };
            let (rows, looked_at) = self.newest(&query)?;
            window = window.or(looked_at);
            for row in rows {
                let number = row.created_at().as_millis() / period.millis();
                add(number, moved_by(row.amount_msat, row.fee_msat));
            }
        }
        Ok(window)
    }

    /// The sums of a wallet's periods, the newest of them.
    fn moved(
        &self,
        wallet: WalletId,
        period: Period,
        numbers: &Range<u64>,
    ) -> Result<Vec<(u64, Moved)>, ViewError> {
        self.vital(|| {
            let at = |number| time_key(period.index(), WalletRef::Wallet(wallet), number);
            let sums = self.tree.range(at(numbers.start)..at(numbers.end)).rev();
            let sums = sums.take(MAX_PERIODS).map(|found| {
                let (key, value) = found?;
                let number = key.last_chunk::<8>().copied().unwrap_or_default();
                Ok((u64::from_be_bytes(number), sum(&key, &value)?))
            });
            sums.collect()
        })
    }
}

impl Period {
    /// The periods that lie within a span of milliseconds from their first to their last moment. The end of
    /// time ends none of them.
    fn whole(self, span: &Range<u64>) -> Range<u64> {
        let first = span.start.div_ceil(self.millis());
        let end = match span.end {
            u64::MAX => u64::MAX,
            end => end / self.millis(),
        };
        first..end.max(first)
    }

    /// What of a span lies before and after these periods of it.
    fn edges(self, span: &Range<u64>, whole: &Range<u64>) -> Vec<Range<u64>> {
        if whole.is_empty() {
            return vec![span.clone()];
        }
        let begin = whole.start.saturating_mul(self.millis());
        let end = whole.end.saturating_mul(self.millis());
        let edges = [span.start..begin, end..span.end];
        edges.into_iter().filter(|edge| !edge.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_periods_and_edges_make_up_a_span() {
        const HOUR: u64 = 3_600_000;
        type Left = &'static [(u64, u64)];
        // A span, the whole hours of it, and what is left.
        let table: [(Range<u64>, Range<u64>, Left); 6] = [
            (0..HOUR, 0..1, &[]),
            (5..HOUR, 1..1, &[(5, HOUR)]),
            (5..2 * HOUR, 1..2, &[(5, HOUR)]),
            (0..HOUR + 7, 0..1, &[(HOUR, HOUR + 7)]),
            (
                1..3 * HOUR + 1,
                1..3,
                &[(1, HOUR), (3 * HOUR, 3 * HOUR + 1)],
            ),
            (0..u64::MAX, 0..u64::MAX, &[]),
        ];
        for (span, wanted, left) in table {
            let whole = Period::Hour.whole(&span);
            assert_eq!(whole, wanted, "{span:?}");
            let edges = Period::Hour.edges(&span, &whole).into_iter();
            let edges: Vec<(u64, u64)> = edges.map(|edge| (edge.start, edge.end)).collect();
            assert_eq!(edges, left, "{span:?}");
        }
    }
}
