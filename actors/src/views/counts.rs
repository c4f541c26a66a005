//! How many rows a query finds by status, tag or extension. Owns when bitmaps tell it, and when entries
//! must be looked at.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::cells::Bits;
use super::entries::Plan;
use super::facets::{Facet, facet_key};
use super::{ViewError, Views};
use crate::service::ListQuery;

/// The most bitmaps that are met with a query's: a million rows have a thousand for each word that many
/// of them share. Rows are looked at where there are more.
const MAX_BITMAPS: u64 = 100_000;

/// How many rows have something in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountRow {
    /// What; empty for those that have none.
    pub text: String,
    /// How many there are.
    pub count: u64,
}

impl Views {
    /// How many rows a query finds by status, tag or extension, in the order of these words; and how
    /// many of the newest rows were looked at, if that was not all.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn counts(
        &self,
        query: &ListQuery,
        by: Facet,
    ) -> Result<(Vec<CountRow>, Option<usize>), ViewError> {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        let mut add = |text: &str, count: u64| {
            let sum = sums.entry(text.to_owned()).or_default();
            *sum = sum.saturating_add(count);
        };
        let indexed = self.vital(|| self.counted_by_index(query, by, &mut add))?;
        let mut window = None;
        if !indexed {
            let (rows, looked_at) = self.newest(query)?;
            window = looked_at;
            for row in rows {
                add(row.facet(by), 1);
            }
        }
        let counts = sums.into_iter().filter(|(_, count)| *count > 0);
        let counts = counts.map(|(text, count)| CountRow { text, count });
        Ok((counts.collect(), window))
    }

    /// Adds what indices know; `false`, and nothing, where they know too little.
    fn counted_by_index(
        &self,
        query: &ListQuery,
        by: Facet,
        add: &mut impl FnMut(&str, u64),
    ) -> Result<bool, ViewError> {
        let plans = self.plans(query)?;
        if query.looks_at_rows() || plans.iter().any(Plan::is_open) {
            return Ok(false);
        }
        let mut tallied = Vec::new();
        let mut bitmaps = 0_u64;
        for plan in &plans {
            let words = self.tallied(plan.wallet, by)?;
            let most = |count: u64| count.min(u64::from(plan.blocks()));
            let needed = words.iter().map(|word| most(word.count));
            bitmaps = needed.fold(bitmaps, u64::saturating_add);
            tallied.push(words);
        }
        let is_all = query.is_all();
        if bitmaps > MAX_BITMAPS && !is_all {
            return Ok(false);
        }
        for (plan, words) in plans.iter().zip(tallied) {
            let met = match is_all {
                true => BTreeMap::new(),
                false => plan.met()?,
            };
            for word in words {
                add(
                    &word.text,
                    match is_all {
                        true => word.count,
                        false => self.count_among(&met, plan, by, &word.text)?,
                    },
                );
            }
        }
        Ok(true)
    }

    /// How many of these entries have the word.
    fn count_among(
        &self,
        met: &BTreeMap<u32, Bits>,
        plan: &Plan<'_>,
        by: Facet,
        text: &str,
    ) -> Result<u64, ViewError> {
        let (Some((first, _)), Some((last, _))) = (met.first_key_value(), met.last_key_value())
        else {
            return Ok(0);
        };
        let key = |block: u32| facet_key(plan.wallet, by, text, block);
        let range = (Bound::Included(key(*first)), Bound::Included(key(*last)));
        let mut count = 0;
        for found in self.tree.range::<Vec<u8>, _>(range) {
            let (key, stored) = found?;
            let block = key.last_chunk::<4>().copied().unwrap_or_default();
            if let Some(bits) = met.get(&u32::from_be_bytes(block)) {
                let both = bits.and(Bits::from_bytes(&stored)?);
                count += u64::from(both.count());
            }
        }
        Ok(count)
    }
}
