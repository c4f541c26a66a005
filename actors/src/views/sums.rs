//! History and counts of wallets, read from sums; or from rows, where something is asked that no sum
//! knows. Owns which of the two it is.

use std::collections::BTreeMap;

use till::ledger::WalletRef;
use till::time::Timestamp;

use super::cells::{Moved, Tally, sum};
use super::facets::{DAY_HOURS, Facet, HOUR_MILLIS, Standing, moved_by, tallies_prefix, time_key};
use super::index::Index;
use super::{ViewError, Views};
use crate::service::{History, ListQuery, ListRow, Order, Period, SEARCH_WINDOW};

/// The most periods, tags or extensions that are told of at once.
const MAX_POINTS: usize = 10_000;

/// What rows that have something in common add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyRow {
    /// What they have in common; empty for those that have none.
    pub text: String,
    /// How many there are.
    pub count: u64,
    /// How many of them moved money.
    pub settled: u64,
    /// What these moved, in msat: above zero if more came than went. Fees are left out.
    pub net_msat: i64,
}

impl Period {
    const fn millis(self) -> u64 {
        match self {
            Self::Hour => HOUR_MILLIS,
            Self::Day => HOUR_MILLIS * DAY_HOURS,
        }
    }

    const fn index(self) -> Index {
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
        if query.is_summed() {
            for wallet in &query.wallets {
                let wallet = WalletRef::Wallet(*wallet);
                for (number, moved) in self.moved(wallet, period)? {
                    add(number, moved);
                }
            }
        } else {
            window = Some(SEARCH_WINDOW);
            for row in self.looked_at(query)? {
                if row.standing() == Standing::Success {
                    let number = row.created_at().as_millis() / period.millis();
                    add(number, moved_by(row.amount_msat(), row.fee().get()));
                }
            }
        }
        let begin = |number: u64| Timestamp::from_millis(number.saturating_mul(period.millis()));
        let points = points.into_iter().rev();
        Ok(History {
            points: points.map(|(at, moved)| (begin(at), moved)).collect(),
            window,
        })
    }

    /// The newest sums of a wallet.
    fn moved(&self, wallet: WalletRef, period: Period) -> Result<Vec<(u64, Moved)>, ViewError> {
        self.vital(|| {
            let at = |number| time_key(period.index(), wallet, number);
            let sums = self.tree.range(at(0)..=at(u64::MAX)).rev();
            let sums = sums.take(MAX_POINTS).map(|found| {
                let (key, value) = found?;
                let number = key.last_chunk::<8>().copied().unwrap_or_default();
                Ok((u64::from_be_bytes(number), sum(&key, &value)?))
            });
            sums.collect()
        })
    }

    /// How many rows a query finds by status, tag or extension, in the order of these words.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn tallies(
        &self,
        query: &ListQuery,
        by: Facet,
    ) -> Result<(Vec<TallyRow>, Option<usize>), ViewError> {
        let mut sums: BTreeMap<String, TallyRow> = BTreeMap::new();
        let mut add = |one: TallyRow| {
            let sum = sums.entry(one.text.clone()).or_insert_with(|| TallyRow {
                text: one.text,
                count: 0,
                settled: 0,
                net_msat: 0,
            });
            sum.count = sum.count.saturating_add(one.count);
            sum.settled = sum.settled.saturating_add(one.settled);
            sum.net_msat = sum.net_msat.saturating_add(one.net_msat);
        };
        let mut window = None;
        if query.is_all() {
            for wallet in &query.wallets {
                for one in self.tallied(WalletRef::Wallet(*wallet), by)? {
                    add(one);
                }
            }
        } else {
            window = Some(SEARCH_WINDOW);
            for row in self.looked_at(query)? {
                add(row.tally(by));
            }
        }
        Ok((sums.into_values().collect(), window))
    }

    fn tallied(&self, wallet: WalletRef, by: Facet) -> Result<Vec<TallyRow>, ViewError> {
        self.vital(|| {
            let found = self.tree.scan_prefix(tallies_prefix(wallet, by));
            let found = found.take(MAX_POINTS).map(|found| {
                let (key, value) = found?;
                let tally: Tally = sum(&key, &value)?;
                Ok(TallyRow {
                    text: tally.text,
                    count: tally.count,
                    settled: tally.settled,
                    net_msat: tally.net_msat,
                })
            });
            found.collect()
        })
    }

    /// The newest rows that a query finds.
    fn looked_at(&self, query: &ListQuery) -> Result<Vec<ListRow>, ViewError> {
        let query = ListQuery {
            order: Order::Newest,
            offset: 0,
            limit: SEARCH_WINDOW,
            ..query.clone()
        };
        Ok(self.list(&query)?.rows)
    }
}

impl ListRow {
    /// As a sum of one.
    fn tally(&self, by: Facet) -> TallyRow {
        let is_settled = self.standing() == Standing::Success;
        let text = match by {
            Facet::Status => self.standing().word(),
            Facet::Tag => self.meta().tag.as_deref().unwrap_or_default(),
            Facet::Extension => self.meta().extension.as_deref().unwrap_or_default(),
            Facet::Size => self.size(),
        };
        TallyRow {
            text: text.to_owned(),
            count: 1,
            settled: u64::from(is_settled),
            net_msat: if is_settled { self.amount_msat() } else { 0 },
        }
    }
}
