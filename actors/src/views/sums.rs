//! History of wallets, and what rows with something in common moved: read from sums, or from entries where
//! something is asked that no sum knows. Owns which of the two it is.

use std::collections::BTreeMap;

use till::ledger::WalletRef;
use till::time::Timestamp;

use super::brief::Brief;
use super::cells::{Moved, Tally, sum};
use super::facets::{DAY_HOURS, Facet, HOUR_MILLIS, Standing, moved_by, tallies_prefix};
use super::index::Index;
use super::{ViewError, Views};
use crate::service::{History, ListQuery, Period};

/// The most tags or extensions of a wallet that are told of at once.
const MAX_TALLIES: usize = 10_000;

/// What settled rows that have something in common moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyRow {
    /// What they have in common; empty for those that have none.
    pub text: String,
    /// How many there are.
    pub settled: u64,
    /// What they moved, in msat: above zero if more came than went. Fees are left out.
    pub net_msat: i64,
}

impl Period {
    pub(super) const fn millis(self) -> u64 {
        match self {
            Self::Hour => HOUR_MILLIS,
            Self::Day => HOUR_MILLIS * DAY_HOURS,
        }
    }

    pub(super) const fn index(self) -> Index {
        match self {
            Self::Hour => Index::Hours,
            Self::Day => Index::Days,
        }
    }
}

impl Views {
    /// What moved by hour or day, of the settled rows that a query finds.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn history(&self, query: &ListQuery, period: Period) -> Result<History, ViewError> {
        let mut points: BTreeMap<u64, Moved> = BTreeMap::new();
        let mut add = |number: u64, moved: Moved| {
            let sum = points.entry(number).or_default();
            *sum = sum.and(moved);
        };
        let mut window = None;
        if query.has_settled() && query.is_bounded_by_time_alone() {
            for wallet in &query.wallets {
                window = window.or(self.add_span(*wallet, query, period, &mut add)?);
            }
        } else {
            let (rows, looked_at) = self.settled(query)?;
            window = looked_at;
            for row in rows {
                let number = row.created_at().as_millis() / period.millis();
                add(number, moved_by(row.amount_msat, row.fee_msat));
            }
        }
        let begin = |number: u64| Timestamp::from_millis(number.saturating_mul(period.millis()));
        let points = points.into_iter().rev();
        Ok(History {
            points: points.map(|(at, moved)| (begin(at), moved)).collect(),
            window,
        })
    }

    /// What the settled rows that a query finds moved by status, tag or extension, in the order of these
    /// words.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn tallies(
        &self,
        query: &ListQuery,
        by: Facet,
    ) -> Result<(Vec<TallyRow>, Option<usize>), ViewError> {
        let mut sums: BTreeMap<String, TallyRow> = BTreeMap::new();
        let mut add = |text: &str, settled: u64, net_msat: i64| {
            let sum = sums.entry(text.to_owned()).or_insert_with(|| TallyRow {
                text: text.to_owned(),
                settled: 0,
                net_msat: 0,
            });
            sum.settled = sum.settled.saturating_add(settled);
            sum.net_msat = sum.net_msat.saturating_add(net_msat);
        };
        let mut window = None;
        if query.is_summed() {
            for wallet in &query.wallets {
                for one in self.vital(|| self.tallied(WalletRef::Wallet(*wallet), by))? {
                    add(&one.text, one.settled, one.net_msat);
                }
            }
        } else {
            let (rows, looked_at) = self.settled(query)?;
            window = looked_at;
            for row in rows {
                add(row.facet(by), 1, row.amount_msat);
            }
        }
        let rows = sums.into_values().filter(|row| row.settled > 0);
        Ok((rows.collect(), window))
    }

    /// The words of a facet in a wallet, and what is known of each.
    pub(super) fn tallied(&self, wallet: WalletRef, by: Facet) -> Result<Vec<Tally>, ViewError> {
        let found = self.tree.scan_prefix(tallies_prefix(wallet, by));
        let found = found.take(MAX_TALLIES).map(|found| {
            let (key, value) = found?;
            Ok(sum::<Tally>(&key, &value)?)
        });
        found.collect()
    }

    /// The newest settled rows that a query finds; and how many were looked at, if there may be more.
    fn settled(&self, query: &ListQuery) -> Result<(Vec<Brief>, Option<usize>), ViewError> {
        if !query.has_settled() {
            return Ok((Vec::new(), None));
        }
        self.newest(&ListQuery {
            standings: Some(vec![Standing::Success]),
            ..query.clone()
        })
    }
}
