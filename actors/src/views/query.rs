//! Lists, read by index. Owns paging and bounds; knows no surface.

use std::ops::Range;

use till::access::{AccessNote, Business};
use till::id::{PaymentHash, PaymentId, TxId};
use till::invoice::Invoice;
use till::ledger::entity::{Counters, Damaged, Entity, Kind};
use till::ledger::{Event, WalletRef};
use till::payment::Payment;
use till::time::Timestamp;
use till::treasury::Deposit;

use super::index::{self, Index};
use super::{ViewError, Views};
use crate::service::types::{IncomingPayment, InvoiceQuery, PaymentQuery};

impl Views {
    /// A wallet's invoices and deposits, newest first.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn incoming(&self, query: &InvoiceQuery) -> Result<Vec<IncomingPayment>, ViewError> {
        self.vital(|| {
            let count = self.counters(query.wallet)?.invoices;
            let created = |number| {
                let entry = self.numbered(Index::Incoming, query.wallet, number)?;
                Ok(self.incoming_row(&entry)?.created_at())
            };
            let numbers = numbers_between(count, query.from, query.to, created)?;
            let (prefix, wanted) = match &query.external_id {
                Some(reference) => (
                    index::external_id_prefix(query.wallet, reference),
                    query.paid_only,
                ),
                None if query.paid_only => {
                    (index::wallet_prefix(Index::Received, query.wallet), false)
                }
                None => (index::wallet_prefix(Index::Incoming, query.wallet), false),
            };
            let mut page = Vec::new();
            let mut left_out = 0;
            for entry in self.newest_first(&prefix, &numbers) {
                if page.len() == query.limit {
                    break;
                }
                // Where the index alone says that a row belongs, offset rows need not be read.
                if !wanted && left_out < query.offset {
                    left_out += 1;
                    continue;
                }
                let row = self.incoming_row(&entry?.1)?;
                if wanted && !row.is_received() {
                    continue;
                }
                if left_out < query.offset {
                    left_out += 1;
                    continue;
                }
                page.push(row);
            }
            Ok(page)
        })
    }

    /// A wallet's outgoing payments, newest first.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn payments(&self, query: &PaymentQuery) -> Result<Vec<Payment>, ViewError> {
        self.vital(|| {
            let count = self.counters(query.wallet)?.payments;
            let created = |number| {
                let id = self.numbered(Index::Payments, query.wallet, number)?;
                Ok(self.payment_row(index::payment_at_end(&id)?)?.created_at)
            };
            let numbers = numbers_between(count, query.from, query.to, created)?;
            let index = if query.include_failed {
                Index::Payments
            } else {
                Index::LivePayments
            };
            let prefix = index::wallet_prefix(index, query.wallet);
            self.newest_first(&prefix, &numbers)
                .skip(query.offset)
                .take(query.limit)
                .map(|entry| self.payment_row(index::payment_at_end(&entry?.1)?))
                .collect()
        })
    }

    /// Invoices that are open though their time is over at `now`, the longest overdue first, and
    /// when the next one will be.
    ///
    /// # Errors
    /// [`ViewError`] if an entry cannot be read.
    pub fn overdue(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<PaymentHash>, Option<Timestamp>), ViewError> {
        self.vital(|| {
            let mut due = Vec::new();
            for entry in self.tree.scan_prefix([Index::OpenByExpiry as u8]).keys() {
                let entry = entry?;
                let millis = entry.get(1..9).and_then(|bytes| bytes.try_into().ok());
                let expires_at =
                    Timestamp::from_millis(u64::from_be_bytes(millis.unwrap_or_default()));
                if expires_at > now || due.len() == limit {
                    return Ok((due, Some(expires_at)));
                }
                due.push(index::hash_at_end(&entry)?);
            }
            Ok((due, None))
        })
    }

    /// Invoices whose money has come and is neither booked nor given back.
    ///
    /// # Errors
    /// [`ViewError`] if an entry cannot be read.
    pub fn to_be_tended(&self) -> Result<Vec<PaymentHash>, ViewError> {
        self.vital(|| self.hashes(Index::Tended))
    }

    /// Invoices that were drafted and never issued.
    ///
    /// # Errors
    /// [`ViewError`] if an entry cannot be read.
    pub fn drafts(&self) -> Result<Vec<PaymentHash>, ViewError> {
        self.vital(|| self.hashes(Index::Drafts))
    }

    /// Outgoing payments that are not final.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn pending_payments(&self) -> Result<Vec<Payment>, ViewError> {
        self.vital(|| {
            let keys = self.tree.scan_prefix([Index::PendingPayments as u8]).keys();
            keys.map(|key| self.payment_row(index::payment_at_end(&key?)?))
                .collect()
        })
    }

    /// On-chain payments that something may still take away.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn young_spends(&self) -> Result<Vec<Payment>, ViewError> {
        self.vital(|| {
            let keys = self.tree.scan_prefix([Index::YoungSpends as u8]).keys();
            keys.map(|key| self.payment_row(index::payment_at_end(&key?)?))
                .collect()
        })
    }

    /// Deposits that do not count yet.
    ///
    /// # Errors
    /// [`ViewError`] if an entry cannot be read.
    pub fn seen_deposits(&self) -> Result<Vec<TxId>, ViewError> {
        self.vital(|| {
            let found = self.hashes(Index::SeenDeposits)?;
            Ok(found
                .into_iter()
                .map(|bytes| TxId::from_bytes(*bytes.as_bytes()))
                .collect())
        })
    }

    /// Whether anything was ever paid from here.
    ///
    /// # Errors
    /// [`ViewError`] if the rows cannot be read.
    pub fn has_payments(&self) -> Result<bool, ViewError> {
        self.vital(|| {
            let first = self.tree.scan_prefix([Kind::Payment as u8]).keys().next();
            Ok(first.transpose()?.is_some())
        })
    }

    /// Events after `since`, oldest first.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn events_after(&self, since: u64, limit: usize) -> Result<Vec<Event>, ViewError> {
        self.vital(|| {
            let range = Event::key_bytes(&since.saturating_add(1))..=Event::key_bytes(&u64::MAX);
            let rows = self.tree.range(range).take(limit);
            rows.map(|row| {
                let (key, value) = row?;
                Ok(Event::from_bytes(&key, &value)?)
            })
            .collect()
        })
    }

    /// How many alarms of each kind there have been.
    ///
    /// # Errors
    /// [`ViewError`] if an entry cannot be read.
    pub fn alarms(&self) -> Result<Vec<(&'static str, usize)>, ViewError> {
        self.vital(|| {
            let count = |kind| {
                let mut keys = self.tree.scan_prefix(index::alarm_prefix(kind)).keys();
                keys.try_fold(0, |count, key| key.map(|_| count + 1))
            };
            let kinds = index::ALARMS.iter();
            kinds
                .map(|(kind, name)| Ok((*name, count(*kind)?)))
                .collect()
        })
    }

    /// Lines of the access log, newest first. They are numbered without a gap, so a page is
    /// arithmetic.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn access_notes(&self, offset: u64, limit: usize) -> Result<Vec<AccessNote>, ViewError> {
        self.vital(|| {
            let count = self.get::<Business>(&())?.map_or(0, |shop| shop.notes);
            let numbers = (1..=count.saturating_sub(offset)).rev().take(limit);
            let missing = |number| missing(&AccessNote::key_bytes(&number));
            numbers
                .map(|number| Ok(self.get(&number)?.ok_or_else(|| missing(number))?))
                .collect()
        })
    }

    /// Every row of a kind; for kinds of which there are few.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub fn all<E: Entity>(&self) -> Result<Vec<E>, ViewError> {
        self.vital(|| {
            let rows = self.tree.scan_prefix([E::KIND as u8]);
            rows.map(|row| {
                let (key, value) = row?;
                Ok(E::from_bytes(&key, &value)?)
            })
            .collect()
        })
    }

    pub(super) fn counters(&self, wallet: WalletRef) -> Result<Counters, ViewError> {
        Ok(self.get(&wallet)?.unwrap_or(Counters {
            wallet,
            invoices: 0,
            payments: 0,
            standing_offer: None,
            entries: 0,
            live: 0,
            unlisted: 0,
            addresses: 0,
            transactions: 0,
        }))
    }

    fn hashes(&self, index: Index) -> Result<Vec<PaymentHash>, ViewError> {
        let keys = self.tree.scan_prefix([index as u8]).keys();
        keys.map(|key| Ok(index::hash_at_end(&key?)?)).collect()
    }

    /// Entries below `prefix` whose last four bytes are one of `numbers`, highest number first.
    pub(super) fn newest_first(
        &self,
        prefix: &[u8],
        numbers: &Range<u32>,
    ) -> impl Iterator<Item = Result<(sled::IVec, sled::IVec), sled::Error>> + use<> {
        let bound = |number: u32| [prefix, &number.to_be_bytes()].concat();
        self.tree
            .range(bound(numbers.start)..bound(numbers.end))
            .rev()
    }

    pub(super) fn numbered(
        &self,
        index: Index,
        wallet: WalletRef,
        number: u32,
    ) -> Result<sled::IVec, ViewError> {
        let key = index::numbered(index, wallet, number);
        Ok(self.tree.get(&key)?.ok_or_else(|| missing(&key))?)
    }

    fn incoming_row(&self, entry: &[u8]) -> Result<IncomingPayment, ViewError> {
        Ok(match index::Incoming::from_bytes(entry)? {
            index::Incoming::Invoice(hash) => {
                IncomingPayment::Invoice(Box::new(self.invoice_row(hash)?))
            }
            index::Incoming::Deposit(tx_id) => {
                let row = self.get::<Deposit>(&tx_id)?;
                IncomingPayment::Deposit(row.ok_or_else(|| missing(&Deposit::key_bytes(&tx_id)))?)
            }
        })
    }

    pub(super) fn invoice_row(&self, hash: PaymentHash) -> Result<Invoice, ViewError> {
        Ok(self
            .get(&hash)?
            .ok_or_else(|| missing(&Invoice::key_bytes(&hash)))?)
    }

    pub(super) fn payment_row(&self, id: PaymentId) -> Result<Payment, ViewError> {
        Ok(self
            .get(&id)?
            .ok_or_else(|| missing(&Payment::key_bytes(&id)))?)
    }
}

fn missing(key: &[u8]) -> Damaged {
    let kind = match key.first() {
        Some(first) if *first == Kind::Invoice as u8 => "an invoice",
        Some(first) if *first == Kind::Payment as u8 => "a payment",
        Some(first) if *first == Kind::Deposit as u8 => "a deposit",
        Some(first) if *first == Kind::AccessNote as u8 => "a line of the access log",
        _ => "an index entry",
    };
    Damaged {
        key: hex::encode(key),
        why: format!("{kind} is missing"),
    }
}

/// The running numbers, from 1 to `count`, of what was created between two moments, both included.
/// Bisects: creation times grow with numbers.
pub(super) fn numbers_between(
    count: u32,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    created: impl Fn(u32) -> Result<Timestamp, ViewError>,
) -> Result<Range<u32>, ViewError> {
    let first_where = |is_past: &dyn Fn(Timestamp) -> bool| {
        let (mut low, mut high) = (1, count.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            if is_past(created(middle)?) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        Ok::<u32, ViewError>(low)
    };
    let start = from.map_or(Ok(1), |from| first_where(&|at| at >= from))?;
    let end = to.map_or(Ok(count.saturating_add(1)), |to| first_where(&|at| at > to))?;
    Ok(start..end.max(start))
}
