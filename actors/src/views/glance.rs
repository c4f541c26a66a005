//! Searches: the newest rows that indices find, narrowed by what their entries tell, and by the rows
//! themselves where that is not enough. Owns the window within which they look.

use std::cmp::Reverse;

use till::ledger::WalletRef;

use super::brief::Brief;
use super::entries::{Plan, starts, totals, wide};
use super::holding::Entry;
use super::index::{Index, numbered};
use super::{ViewError, Views};
use crate::service::{Glance, ListPage, ListQuery, ListRow, Order, SEARCH_WINDOW};

/// Entries are read one by one, not as a range, where less than one in so many is wanted.
const SPARSE: u32 = 16;
/// Where several wallets have more entries than this to look at, those of the last days are chosen first.
const MANY: usize = 4 * SEARCH_WINDOW;

/// An entry of one of the plans.
struct Seen {
    plan: usize,
    entry: u32,
    brief: Brief,
}

impl Views {
    /// The page of a query that no index knows all of.
    pub(super) fn look(
        &self,
        query: &ListQuery,
        plans: &[Plan<'_>],
    ) -> Result<ListPage, ViewError> {
        let mut found = self.found(query, plans)?;
        let total = match query.looks_at_rows() || plans.iter().any(Plan::is_open) {
            true => found.len(),
            false => totals(plans)?,
        };
        match &query.order {
            Order::Newest => {}
            Order::Oldest => found.reverse(),
            Order::Sorted(compare) => found.sort_by(|one, other| compare(&one.brief, &other.brief)),
        }
        let page = found.iter().skip(query.offset).take(query.limit);
        let rows = page.filter_map(|one| row(plans, one).transpose());
        Ok(ListPage {
            rows: rows.collect::<Result<_, _>>()?,
            total: wide(total),
            window: Some(SEARCH_WINDOW),
        })
    }

    /// What the newest rows are that a query finds; and how many were looked at, if there may be more.
    pub(super) fn newest(
        &self,
        query: &ListQuery,
    ) -> Result<(Vec<Brief>, Option<usize>), ViewError> {
        self.vital(|| {
            let plans = self.plans(query)?;
            let found = self.found(query, &plans)?;
            let is_part = query.looks_at_rows()
                || plans.iter().any(Plan::is_open)
                || totals(&plans)? > found.len();
            let briefs = found.into_iter().map(|one| one.brief).collect();
            Ok((briefs, is_part.then_some(SEARCH_WINDOW)))
        })
    }

    /// The newest entries that meet everything, the newest first.
    fn found(&self, query: &ListQuery, plans: &[Plan<'_>]) -> Result<Vec<Seen>, ViewError> {
        let mut seen = self.seen(plans)?;
        seen.retain(|one| {
            let amount = one.brief.amount_msat;
            let meets = |(low, high): (i64, i64)| amount >= low && amount <= high;
            let wallet = plans.get(one.plan).map(|plan| plan.wallet);
            let is_met = |glance: &Glance| wallet.is_some_and(|wallet| glance(&one.brief, wallet));
            query.amount_msat.is_none_or(meets) && query.glance.as_ref().is_none_or(is_met)
        });
        let Some(matches) = &query.matches else {
            return Ok(seen);
        };
        let mut found = Vec::new();
        for one in seen {
            if row(plans, &one)?.is_some_and(|row| matches(&row)) {
                found.push(one);
            }
        }
        Ok(found)
    }

    /// What the newest entries of all plans tell, the newest first.
    fn seen(&self, plans: &[Plan<'_>]) -> Result<Vec<Seen>, ViewError> {
        let begins: Vec<u32> = match plans.len() > 1 && totals(plans)? > MANY {
            true => starts(plans, SEARCH_WINDOW)?.0,
            false => plans.iter().map(|_| 0).collect(),
        };
        let mut seen = Vec::new();
        for ((number, plan), begin) in plans.iter().enumerate().zip(begins) {
            let mut entries = plan.newest(SEARCH_WINDOW)?;
            entries.retain(|entry| *entry >= begin);
            for (entry, brief) in self.briefs(plan.wallet, &entries)? {
                let plan = number;
                seen.push(Seen { plan, entry, brief });
            }
        }
        seen.sort_by_key(|one| Reverse((one.brief.created_at(), one.plan, one.entry)));
        seen.truncate(SEARCH_WINDOW);
        Ok(seen)
    }

    /// What these entries of a wallet tell, of which the newest comes first.
    fn briefs(&self, wallet: WalletRef, entries: &[u32]) -> Result<Vec<(u32, Brief)>, ViewError> {
        let (Some(last), Some(first)) = (entries.first(), entries.last()) else {
            return Ok(Vec::new());
        };
        let key = |entry: u32| numbered(Index::Entries, wallet, entry);
        let brief = |found: &[u8]| -> Result<Brief, ViewError> {
            let (_, brief) = Entry::from_bytes(found)?;
            Ok(Brief::from_bytes(brief)?)
        };
        let span = usize::try_from((last - first) / SPARSE).unwrap_or(usize::MAX);
        if span > entries.len() {
            let found = entries.iter().map(|entry| {
                let found = self.numbered(Index::Entries, wallet, *entry)?;
                Ok((*entry, brief(&found)?))
            });
            return found.collect();
        }
        let mut wanted = entries.iter().rev().copied().peekable();
        let mut briefs = Vec::with_capacity(entries.len());
        for found in self.tree.range(key(*first)..=key(*last)) {
            let (key, found) = found?;
            let tail = key.last_chunk::<4>().copied().unwrap_or_default();
            let entry = u32::from_be_bytes(tail);
            if wanted.next_if_eq(&entry).is_some() {
                briefs.push((entry, brief(&found)?));
            }
        }
        Ok(briefs)
    }
}

fn row(plans: &[Plan<'_>], seen: &Seen) -> Result<Option<ListRow>, ViewError> {
    let plan = plans.get(seen.plan);
    plan.map(|plan| plan.row(seen.entry)).transpose()
}
