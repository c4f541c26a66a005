//! What the rows of a wallet have in common, counted and marked while rows change: status, tag,
//! extension, size, hour and day. Owns the keys of these indices and how a row counts in them; the
//! house, which no list of this kind shows, is left out.
//!
//! Every value here is a plain sum over rows. So a change takes back what the row's former value
//! counted and adds what the new one does, and a rebuild ends in the same bytes.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use till::invoice::{self, Invoice};
use till::ledger::WalletRef;
use till::ledger::entity::{Damaged, Entity, Kind};
use till::meta::Meta;
use till::money::Msat;
use till::payment::{self, Outcome, Payment};
use till::time::Timestamp;

use super::cells::{BLOCK, Bits, Cell, Moved, Tally, sum};
use super::index::{Index, wallet_prefix};
use super::{Edit, ViewError};
use crate::service::ListRow;

/// Milliseconds of an hour.
pub(super) const HOUR_MILLIS: u64 = 3_600_000;
/// Hours of a day.
pub(super) const DAY_HOURS: u64 = 24;

/// Where a row of a wallet's one list stands, in three words for all that come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It may still move money.
    Pending,
    /// It has.
    Success,
    /// It will not.
    Failed,
}

impl Standing {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    /// Where an invoice stands.
    #[must_use]
    pub const fn of_invoice(state: invoice::State) -> Self {
        match state {
            invoice::State::Draft
            | invoice::State::Open
            | invoice::State::Claiming
            | invoice::State::Held => Self::Pending,
            invoice::State::Paid => Self::Success,
            invoice::State::Expired | invoice::State::Abandoned | invoice::State::Cancelled => {
                Self::Failed
            }
        }
    }

    /// Where a payment stands.
    #[must_use]
    pub const fn of_payment(state: payment::State) -> Self {
        match state {
            payment::State::Pending | payment::State::Waiting => Self::Pending,
            payment::State::Succeeded => Self::Success,
            payment::State::Failed => Self::Failed,
        }
    }
}

/// How rows are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Facet {
    /// By [`Standing`].
    Status = 0,
    /// By the caller's tag.
    Tag = 1,
    /// By the program that asked.
    Extension = 2,
    /// By [`Size`].
    Size = 3,
}

/// A row by its amount: what is asked for most, everything that came or everything that went, needs
/// no look at amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// It brings a whole satoshi or more.
    Comes,
    /// Less than a satoshi either way.
    Dust,
    /// It takes a whole satoshi or more.
    Goes,
}

impl Size {
    pub(super) const ALL: [Self; 3] = [Self::Comes, Self::Dust, Self::Goes];

    pub(super) const fn of(amount_msat: i64) -> Self {
        match amount_msat {
            1_000.. => Self::Comes,
            -999..=999 => Self::Dust,
            ..=-1_000 => Self::Goes,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Comes => "comes",
            Self::Dust => "dust",
            Self::Goes => "goes",
        }
    }

    /// The lowest and the highest amount, in msat.
    pub(super) const fn bounds(self) -> (i64, i64) {
        match self {
            Self::Comes => (1_000, i64::MAX),
            Self::Dust => (-999, 999),
            Self::Goes => (i64::MIN, -1_000),
        }
    }
}

/// What counts of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted {
    wallet: WalletRef,
    entry: u32,
    standing: Standing,
    tag: String,
    extension: String,
    amount_msat: i64,
    fee_msat: u64,
    created_at: Timestamp,
}

/// An amount with its direction, in msat.
pub(super) fn signed(amount: Msat, is_outgoing: bool) -> i64 {
    let amount = i64::try_from(amount.get()).unwrap_or(i64::MAX);
    if is_outgoing { -amount } else { amount }
}

/// What an invoice is about: what it brought, or else what it asks for.
pub(super) fn invoice_amount(invoice: &Invoice) -> Msat {
    let receipt = invoice.receipt.map(|receipt| receipt.amount);
    receipt.or(invoice.amount).unwrap_or(Msat::ZERO)
}

/// What a payment's routing cost.
pub(super) fn payment_fee(payment: &Payment) -> Msat {
    match &payment.outcome {
        Some(Outcome::Sent(sent)) => sent.fee,
        Some(Outcome::Failed { .. }) | None => Msat::ZERO,
    }
}

fn counted(key: &[u8], row: &[u8]) -> Result<Option<Counted>, Damaged> {
    let counted = match key.first() {
        Some(kind) if *kind == Kind::Invoice as u8 => {
            let invoice = Invoice::from_bytes(key, row)?;
            let fee = invoice.receipt.map_or(Msat::ZERO, |got| got.lsp_fee);
            Counted {
                wallet: invoice.wallet,
                entry: invoice.entry,
                standing: Standing::of_invoice(invoice.state),
                amount_msat: signed(invoice_amount(&invoice), false),
                fee_msat: fee.get(),
                created_at: invoice.created_at,
                tag: invoice.meta.tag.clone().unwrap_or_default(),
                extension: invoice.meta.extension.clone().unwrap_or_default(),
            }
        }
        Some(kind) if *kind == Kind::Payment as u8 => {
            let payment = Payment::from_bytes(key, row)?;
            Counted {
                wallet: payment.wallet,
                entry: payment.entry,
                standing: Standing::of_payment(payment.state),
                amount_msat: signed(payment.amount, true),
                fee_msat: payment_fee(&payment).get(),
                created_at: payment.created_at,
                tag: payment.meta.tag.clone().unwrap_or_default(),
                extension: payment.meta.extension.clone().unwrap_or_default(),
            }
        }
        Some(_) | None => return Ok(None),
    };
    // What was never issued is in no list.
    let is_listed = counted.entry > 0 && counted.wallet != WalletRef::House;
    Ok(is_listed.then_some(counted))
}

/// Counts a row's new value in place of its former one.
pub(super) fn update(
    edit: &mut Edit,
    tree: &sled::Tree,
    key: &[u8],
    before: Option<&[u8]>,
    after: &[u8],
) -> Result<(), ViewError> {
    let Some(after) = counted(key, after)? else {
        return Ok(());
    };
    let before = match before {
        Some(row) => counted(key, row)?,
        None => None,
    };
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    if let Some(before) = &before {
        edit.cells.count(tree, before, false)?;
    }
    edit.cells.count(tree, &after, true)?;
    let amount = |row: &Counted| amount_key(row.wallet, row.amount_msat, row.entry);
    let (before, after) = (before.as_ref().map(amount), amount(&after));
    if before.as_ref() != Some(&after) {
        if let Some(before) = before {
            edit.remove(&before, &[]);
        }
        edit.replace(&after, None, &[]);
    }
    Ok(())
}

/// Values that a batch changes, each with what stands in the tree.
#[derive(Debug, Default)]
pub(super) struct Cells {
    open: HashMap<Vec<u8>, (Option<sled::IVec>, Cell)>,
}

impl Cells {
    fn count(&mut self, tree: &sled::Tree, row: &Counted, comes: bool) -> Result<(), ViewError> {
        let facets = [
            (Facet::Status, row.standing.word()),
            (Facet::Tag, &row.tag),
            (Facet::Extension, &row.extension),
            (Facet::Size, Size::of(row.amount_msat).word()),
        ];
        let is_settled = row.standing == Standing::Success;
        for (facet, text) in facets {
            let key = facet_key(row.wallet, facet, text, row.entry / BLOCK);
            let bits = self.cell(tree, key, |_, bytes| {
                bytes.map_or(Ok(Cell::Bits(Bits::NONE)), |bytes| {
                    Bits::from_bytes(bytes).map(Cell::Bits)
                })
            })?;
            if let Cell::Bits(bits) = bits {
                bits.set(row.entry % BLOCK, comes);
            }
            let key = tally_key(row.wallet, facet, text);
            let tally = self.cell(tree, key, |key, bytes| {
                let none = Tally {
                    text: text.to_owned(),
                    ..Tally::default()
                };
                let found = bytes.map_or(Ok(none), |bytes| sum(key, bytes));
                found.map(Cell::Tally)
            })?;
            if let Cell::Tally(tally) = tally {
                step(&mut tally.count, comes);
                if is_settled {
                    step(&mut tally.settled, comes);
                    let by = if comes {
                        row.amount_msat
                    } else {
                        -row.amount_msat
                    };
                    tally.net_msat = tally.net_msat.saturating_add(by);
                }
            }
        }
        if is_settled {
            let hour = row.created_at.as_millis() / HOUR_MILLIS;
            self.add(tree, time_key(Index::Hours, row.wallet, hour), row, comes)?;
            let day = hour / DAY_HOURS;
            self.add(tree, time_key(Index::Days, row.wallet, day), row, comes)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        tree: &sled::Tree,
        key: Vec<u8>,
        row: &Counted,
        comes: bool,
    ) -> Result<(), ViewError> {
        let by = moved_by(row.amount_msat, row.fee_msat);
        let moved = self.cell(tree, key, |key, bytes| {
            let found = bytes.map_or(Ok(Moved::default()), |bytes| sum(key, bytes));
            found.map(Cell::Moved)
        })?;
        if let Cell::Moved(moved) = moved {
            *moved = if comes {
                moved.and(by)
            } else {
                moved.without(by)
            };
        }
        Ok(())
    }

    fn cell(
        &mut self,
        tree: &sled::Tree,
        key: Vec<u8>,
        read: impl FnOnce(&[u8], Option<&[u8]>) -> Result<Cell, Damaged>,
    ) -> Result<&mut Cell, ViewError> {
        use std::collections::hash_map::Entry;
        match self.open.entry(key) {
            Entry::Occupied(known) => Ok(&mut known.into_mut().1),
            Entry::Vacant(new) => {
                let stored = tree.get(new.key())?;
                let cell = read(new.key(), stored.as_deref())?;
                Ok(&mut new.insert((stored, cell)).1)
            }
        }
    }

    /// Puts everything that changed into the batch.
    pub(super) fn close(self, edit: &mut Edit) {
        for (key, (before, cell)) in self.open {
            match (before, cell.to_bytes()) {
                (Some(before), Some(after)) if *before == *after => {}
                (before, Some(after)) => edit.replace(&key, before.as_deref(), &after),
                (Some(before), None) => edit.remove(&key, &before),
                (None, None) => {}
            }
        }
    }
}

fn step(count: &mut u64, up: bool) {
    *count = match up {
        true => count.saturating_add(1),
        false => count.saturating_sub(1),
    };
}

/// What one settled row moves.
pub(super) fn moved_by(amount_msat: i64, fee_msat: u64) -> Moved {
    let none = Moved {
        fee_msat,
        ..Moved::default()
    };
    if amount_msat < 0 {
        return Moved {
            count_out: 1,
            out_msat: amount_msat.unsigned_abs(),
            ..none
        };
    }
    Moved {
        count_in: 1,
        in_msat: amount_msat.unsigned_abs(),
        ..none
    }
}

/// Texts are free: their digests are of one length, so none is another's prefix.
const DIGEST_BYTES: usize = 16;

fn facet_prefix(index: Index, wallet: WalletRef, facet: Facet) -> Vec<u8> {
    let mut key = wallet_prefix(index, wallet);
    key.push(facet as u8);
    key
}

fn digested(mut key: Vec<u8>, text: &str) -> Vec<u8> {
    let digest = Sha256::digest(text.as_bytes());
    key.extend(digest.iter().take(DIGEST_BYTES));
    key
}

/// Where the bitmap of a block is.
pub(super) fn facet_key(wallet: WalletRef, facet: Facet, text: &str, block: u32) -> Vec<u8> {
    let mut key = digested(facet_prefix(Index::Facets, wallet, facet), text);
    key.extend(block.to_be_bytes());
    key
}

pub(super) fn tally_key(wallet: WalletRef, facet: Facet, text: &str) -> Vec<u8> {
    digested(tallies_prefix(wallet, facet), text)
}

/// The part that the tallies of one facet share.
pub(super) fn tallies_prefix(wallet: WalletRef, facet: Facet) -> Vec<u8> {
    facet_prefix(Index::Tallies, wallet, facet)
}

/// Where the sum of an hour or a day is, counted from the Unix epoch.
pub(super) fn time_key(index: Index, wallet: WalletRef, number: u64) -> Vec<u8> {
    let mut key = wallet_prefix(index, wallet);
    key.extend(number.to_be_bytes());
    key
}

/// Amounts below zero sort before those above.
pub(super) fn amount_key(wallet: WalletRef, amount_msat: i64, entry: u32) -> Vec<u8> {
    let mut key = wallet_prefix(Index::Amounts, wallet);
    key.extend((amount_msat ^ i64::MIN).to_be_bytes());
    key.extend(entry.to_be_bytes());
    key
}

/// What lists know of a row, whichever way the money goes.
impl ListRow {
    /// Where it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Invoice(invoice) => Standing::of_invoice(invoice.state),
            Self::Payment(payment) => Standing::of_payment(payment.state),
        }
    }

    /// What it is about, in msat, below zero for what goes out.
    #[must_use]
    pub fn amount_msat(&self) -> i64 {
        match self {
            Self::Invoice(invoice) => signed(invoice_amount(invoice), false),
            Self::Payment(payment) => signed(payment.amount, true),
        }
    }

    /// What routing or the liquidity provider took.
    #[must_use]
    pub fn fee(&self) -> Msat {
        match self {
            Self::Invoice(invoice) => invoice.receipt.map_or(Msat::ZERO, |got| got.lsp_fee),
            Self::Payment(payment) => payment_fee(payment),
        }
    }

    /// When it began.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        match self {
            Self::Invoice(invoice) => invoice.created_at,
            Self::Payment(payment) => payment.created_at,
        }
    }

    /// What its maker tells about it.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        match self {
            Self::Invoice(invoice) => &invoice.meta,
            Self::Payment(payment) => &payment.meta,
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn wallet(&self) -> WalletRef {
        match self {
            Self::Invoice(invoice) => invoice.wallet,
            Self::Payment(payment) => payment.wallet,
        }
    }
}
