//! Pages of wallets' one list, found by index. Owns the plan: which bitmaps are met, and where a page
//! begins. An offset is counted in blocks of entries, not in rows.
//!
//! All is found newest first; the oldest first is the same page counted from the other end.

use std::collections::BTreeMap;
use std::ops::Range;

use till::id::{PaymentHash, WalletId};
use till::invoice::Invoice;
use till::ledger::WalletRef;
use till::payment::Payment;
use till::time::Timestamp;

use super::cells::{BLOCK, Bits, Tally, sum};
use super::facets::{Facet, Size, amount_key, facet_key, tally_key};
use super::holding::Entry;
use super::index::Index;
use super::query::numbers_between;
use super::{ViewError, Views};
use crate::service::{ListPage, ListQuery, ListRow, Named, Order};

/// More entries of one range of amounts are not gathered: rows are looked at instead.
const MAX_BY_AMOUNT: usize = 10_000;
/// From this offset on, pages over several wallets are found by bisecting time.
const BISECT_FROM: usize = 500;

/// One condition: entries that have one of these facets, or are among these.
#[derive(Default)]
struct Term {
    facets: Vec<(Facet, String)>,
    these: BTreeMap<u32, Bits>,
}

/// What is to be found in one wallet.
pub(super) struct Plan<'a> {
    views: &'a Views,
    pub(super) wallet: WalletRef,
    range: Range<u32>,
    whole: bool,
    terms: Vec<Term>,
    /// Whether rows must be looked at for their amounts.
    amounts_open: bool,
}

impl Views {
    /// Rows of wallets' lists.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn list(&self, query: &ListQuery) -> Result<ListPage, ViewError> {
        self.vital(|| {
            let plans = self.plans(query)?;
            if query.looks() || plans.iter().any(Plan::is_open) {
                return self.look(query, &plans);
            }
            let total: usize = totals(&plans)?;
            let left = total.saturating_sub(query.offset);
            let limit = query.limit.min(left);
            let rows = match query.order {
                Order::Newest | Order::Sorted(_) => self.merged(&plans, query.offset, limit)?,
                Order::Oldest => {
                    let mut rows = self.merged(&plans, left - limit, limit)?;
                    rows.reverse();
                    rows
                }
            };
            Ok(ListPage {
                rows,
                total: wide(total),
                window: None,
            })
        })
    }

    /// What is to be found, wallet by wallet.
    pub(super) fn plans(&self, query: &ListQuery) -> Result<Vec<Plan<'_>>, ViewError> {
        let wallets = query.wallets.iter();
        wallets
            .map(|wallet| Plan::new(self, *wallet, query))
            .collect()
    }

    /// Rows of all plans, by time, the newest first.
    fn merged(
        &self,
        plans: &[Plan<'_>],
        offset: usize,
        limit: usize,
    ) -> Result<Vec<ListRow>, ViewError> {
        if let [plan] = plans {
            let entries = plan.page(offset, limit, plan.range.end)?;
            return entries.into_iter().map(|at| plan.row(at)).collect();
        }
        let (starts, skipped) = match offset >= BISECT_FROM {
            true => starts(plans, offset)?,
            false => (plans.iter().map(|plan| plan.range.end).collect(), 0),
        };
        let mut cursors = Vec::new();
        for (plan, before) in plans.iter().zip(starts) {
            let mut cursor = Cursor {
                plan,
                before,
                ready: Vec::new(),
                head: None,
            };
            cursor.advance()?;
            cursors.push(cursor);
        }
        let mut rows = Vec::new();
        let mut left_out = skipped;
        while rows.len() < limit {
            let newest = cursors
                .iter_mut()
                .filter(|cursor| cursor.head.is_some())
                .max_by_key(|cursor| cursor.head.as_ref().map(ListRow::created_at));
            let Some(cursor) = newest else { break };
            let row = cursor.advance()?;
            if left_out < offset {
                left_out += 1;
            } else {
                rows.extend(row);
            }
        }
        Ok(rows)
    }

    pub(super) fn entry_row(&self, wallet: WalletRef, entry: u32) -> Result<ListRow, ViewError> {
        let found = self.numbered(Index::Entries, wallet, entry)?;
        let (entry, _) = Entry::from_bytes(&found)?;
        Ok(match entry {
            Entry::Invoice(hash) => ListRow::Invoice(Box::new(self.invoice_row(hash)?)),
            Entry::Payment(id) => ListRow::Payment(Box::new(self.payment_row(id)?)),
            // Only the house has deposits, and no list of this kind shows the house.
            Entry::Deposit(tx_id) => {
                return Err(ViewError::Damaged(till::ledger::entity::Damaged {
                    key: tx_id.to_string(),
                    why: "a deposit in a wallet that is not the house's".into(),
                }));
            }
        })
    }

    /// The entries of these rows in a wallet.
    fn entries_of(&self, wallet: WalletRef, named: &[Named]) -> Result<Vec<u32>, ViewError> {
        let mut entries = Vec::new();
        for name in named {
            let payment = match name {
                Named::Hash(hash) => {
                    entries.extend(self.invoice_entry(wallet, hash)?);
                    self.payment_of_wallet(wallet, hash)?
                }
                Named::Payment(id) => {
                    let row = self.get::<Payment>(id)?;
                    row.filter(|row| row.wallet == wallet)
                }
            };
            entries.extend(payment.map(|row| row.entry));
        }
        Ok(entries)
    }

    fn invoice_entry(
        &self,
        wallet: WalletRef,
        hash: &PaymentHash,
    ) -> Result<Option<u32>, ViewError> {
        let row = self.get::<Invoice>(hash)?;
        let row = row.filter(|row| row.wallet == wallet && row.entry > 0);
        Ok(row.map(|row| row.entry))
    }

    /// The entries whose amounts lie between two, unless there are too many.
    fn by_amount(
        &self,
        wallet: WalletRef,
        (low, high): (i64, i64),
    ) -> Result<Option<Vec<u32>>, ViewError> {
        let range = amount_key(wallet, low, 0)..=amount_key(wallet, high, u32::MAX);
        let mut entries = Vec::new();
        for key in self.tree.range(range).keys() {
            if entries.len() == MAX_BY_AMOUNT {
                return Ok(None);
            }
            let key = key?;
            let tail = key.last_chunk::<4>().copied().unwrap_or_default();
            entries.push(u32::from_be_bytes(tail));
        }
        Ok(Some(entries))
    }
}

pub(super) fn totals(plans: &[Plan<'_>]) -> Result<usize, ViewError> {
    plans
        .iter()
        .try_fold(0, |sum, plan| Ok(sum + plan.count_from(plan.range.start)?))
}

pub(super) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Where each plan goes on from after about `offset` rows of all, and how many they leave out: bisects
/// the moment after which no more than that were made.
pub(super) fn starts(plans: &[Plan<'_>], offset: usize) -> Result<(Vec<u32>, usize), ViewError> {
    let (mut low, mut high) = (0, 0);
    for plan in plans {
        if let Some(last) = plan.range.end.checked_sub(1).filter(|last| *last > 0) {
            high = high.max(plan.row(last)?.created_at().as_millis());
        }
    }
    let after = |millis: u64| -> Result<(Vec<u32>, usize), ViewError> {
        let (mut starts, mut newer) = (Vec::new(), 0);
        for plan in plans {
            let start = plan.first_after(Timestamp::from_millis(millis))?;
            newer += plan.count_from(start)?;
            starts.push(start);
        }
        Ok((starts, newer))
    };
    while low < high {
        let middle = low + (high - low) / 2;
        if after(middle)?.1 <= offset {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    after(low)
}

impl<'a> Plan<'a> {
    fn new(views: &'a Views, wallet: WalletId, query: &ListQuery) -> Result<Self, ViewError> {
        let wallet = WalletRef::Wallet(wallet);
        let count = views.counters(wallet)?.entries;
        let created = |entry| Ok(views.entry_row(wallet, entry)?.created_at());
        let mut plan = Self {
            views,
            wallet,
            range: numbers_between(count, query.from, query.to, created)?,
            whole: query.from.is_none() && query.to.is_none(),
            terms: Vec::new(),
            amounts_open: false,
        };
        if let Some(any) = &query.standings {
            let words = any.iter().map(|standing| standing.word().to_owned());
            plan.terms.push(Term::of(Facet::Status, words));
        }
        if let Some(any) = &query.tags {
            plan.terms.push(Term::of(Facet::Tag, any.iter().cloned()));
        }
        if let Some(named) = &query.named {
            let mut term = Term::default();
            term.add(&views.entries_of(wallet, named)?);
            plan.terms.push(term);
        }
        if let Some(bounds) = query.amount_msat {
            plan.narrow_by_amount(bounds)?;
        }
        Ok(plan)
    }

    fn narrow_by_amount(&mut self, (low, high): (i64, i64)) -> Result<(), ViewError> {
        let mut term = Term::default();
        for size in Size::ALL {
            let (lowest, highest) = size.bounds();
            if low <= lowest && high >= highest {
                term.facets.push((Facet::Size, size.word().to_owned()));
            } else if low <= highest && high >= lowest {
                let bounds = (low.max(lowest), high.min(highest));
                match self.views.by_amount(self.wallet, bounds)? {
                    Some(entries) => term.add(&entries),
                    None => {
                        self.amounts_open = true;
                        term.facets.push((Facet::Size, size.word().to_owned()));
                    }
                }
            }
        }
        self.terms.push(term);
        Ok(())
    }

    /// Whether rows must be looked at for their amounts.
    pub(super) const fn is_open(&self) -> bool {
        self.amounts_open
    }

    pub(super) fn row(&self, entry: u32) -> Result<ListRow, ViewError> {
        self.views.entry_row(self.wallet, entry)
    }

    /// The newest entries that meet everything, the newest first.
    pub(super) fn newest(&self, limit: usize) -> Result<Vec<u32>, ViewError> {
        self.page(0, limit, self.range.end)
    }

    /// The first entry that was made after a moment.
    fn first_after(&self, at: Timestamp) -> Result<u32, ViewError> {
        let created = |entry| Ok(self.row(entry)?.created_at());
        let count = self.range.end.saturating_sub(1);
        let through = numbers_between(count, None, Some(at), created)?;
        Ok(through.end.max(self.range.start))
    }

    /// The entries of a block that meet everything, those before `before` alone.
    fn block(&self, block: u32, before: u32) -> Result<Bits, ViewError> {
        let mut bits = Bits::between(block, self.range.start, before.min(self.range.end));
        for term in &self.terms {
            if bits == Bits::NONE {
                break;
            }
            bits = bits.and(term.block(self, block)?);
        }
        Ok(bits)
    }

    /// How many bitmaps of one word there are at most.
    pub(super) const fn blocks(&self) -> u32 {
        self.range.end.div_ceil(BLOCK)
    }

    /// The entries that meet everything, block by block; blocks without any are left out.
    pub(super) fn met(&self) -> Result<BTreeMap<u32, Bits>, ViewError> {
        let mut met = BTreeMap::new();
        if self.range.is_empty() {
            return Ok(met);
        }
        for block in self.range.start / BLOCK..=(self.range.end - 1) / BLOCK {
            let bits = self.block(block, self.range.end)?;
            if bits != Bits::NONE {
                met.insert(block, bits);
            }
        }
        Ok(met)
    }

    /// How many entries meet everything from `start` on.
    fn count_from(&self, start: u32) -> Result<usize, ViewError> {
        let (start, end) = (start.max(self.range.start), self.range.end);
        if start >= end {
            return Ok(0);
        }
        if self.terms.is_empty() {
            return Ok(small(end - start));
        }
        if let (true, [term]) = (self.whole && start <= 1, self.terms.as_slice())
            && term.these.is_empty()
        {
            return term.tallied(self);
        }
        let mut count = 0;
        for block in start / BLOCK..=(end - 1) / BLOCK {
            let bits = self.block(block, end)?;
            let bits = bits.and(Bits::between(block, start, end));
            count += small(bits.count());
        }
        Ok(count)
    }

    /// The entries before `before` that meet everything, the newest first, after `offset` of them.
    fn page(&self, offset: usize, limit: usize, before: u32) -> Result<Vec<u32>, ViewError> {
        let (start, end) = (self.range.start, before.min(self.range.end));
        let mut found = Vec::new();
        if start >= end || limit == 0 {
            return Ok(found);
        }
        if self.terms.is_empty() {
            let newest = (start..end).rev();
            return Ok(newest.skip(offset).take(limit).collect());
        }
        let mut left_out = offset;
        for block in (start / BLOCK..=(end - 1) / BLOCK).rev() {
            let bits = self.block(block, end)?;
            let count = small(bits.count());
            if left_out >= count {
                left_out -= count;
                continue;
            }
            let places = bits.places().into_iter().rev().skip(left_out);
            left_out = 0;
            found.extend(places.map(|place| block * BLOCK + place));
            if found.len() >= limit {
                found.truncate(limit);
                break;
            }
        }
        Ok(found)
    }
}

fn small(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl Term {
    fn of(facet: Facet, texts: impl Iterator<Item = String>) -> Self {
        let mut facets: Vec<_> = texts.map(|text| (facet, text)).collect();
        facets.sort_by(|one, other| one.1.cmp(&other.1));
        facets.dedup();
        Self {
            facets,
            these: BTreeMap::new(),
        }
    }

    fn add(&mut self, entries: &[u32]) {
        for entry in entries {
            let bits = self.these.entry(entry / BLOCK).or_insert(Bits::NONE);
            bits.set(entry % BLOCK, true);
        }
    }

    fn block(&self, plan: &Plan<'_>, block: u32) -> Result<Bits, ViewError> {
        let mut bits = self.these.get(&block).copied().unwrap_or(Bits::NONE);
        for (facet, text) in &self.facets {
            let key = facet_key(plan.wallet, *facet, text, block);
            if let Some(stored) = plan.views.tree.get(key)? {
                bits = bits.or(Bits::from_bytes(&stored)?);
            }
        }
        Ok(bits)
    }

    /// How many rows of the whole wallet have one of the facets; no row has two of one kind.
    fn tallied(&self, plan: &Plan<'_>) -> Result<usize, ViewError> {
        let mut count = 0;
        for (facet, text) in &self.facets {
            let key = tally_key(plan.wallet, *facet, text);
            if let Some(stored) = plan.views.tree.get(&key)? {
                count += sum::<Tally>(&key, &stored)?.count;
            }
        }
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

/// Goes through one plan, the newest first.
struct Cursor<'a> {
    plan: &'a Plan<'a>,
    /// Everything from here on has been gathered.
    before: u32,
    /// Entries that were, the newest last.
    ready: Vec<u32>,
    head: Option<ListRow>,
}

/// Entries that a cursor gathers at once.
const GATHER: usize = 64;

impl Cursor<'_> {
    /// Hands out the row at which it stands, and steps on.
    fn advance(&mut self) -> Result<Option<ListRow>, ViewError> {
        if self.ready.is_empty() {
            self.ready = self.plan.page(0, GATHER, self.before)?;
            self.before = self.ready.last().copied().unwrap_or(0);
            self.ready.reverse();
        }
        let next = match self.ready.pop() {
            Some(entry) => Some(self.plan.row(entry)?),
            None => None,
        };
        Ok(std::mem::replace(&mut self.head, next))
    }
}
