//! What all records add up to. Owns the rows in memory and [`State::evolve`], the only code that
//! changes them; rows that rest in the archive are read when they are needed.
//!
//! The rows of records that the archive does not have yet are kept here until
//! [`State::forget_through`] says that it has, so memory does not grow with history.

use std::collections::{HashMap, VecDeque};

use super::account::{Account, Balance, WalletRef};
use super::command::Which;
use super::entity::{
    Archive, Counters, Damaged, Entity, OfferPayment, OutgoingHash, Progress, Unlinked,
};
use super::record::Record;
use super::transfer::{Phase, Transfer};
use crate::id::PaymentHash;
use crate::money::Msat;
use crate::payment::Payment;
use crate::time::Timestamp;

/// The rows that one record wrote, as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The record's sequence number.
    pub seq: u64,
    /// Keys and values, each key once.
    pub rows: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A record does not follow from the ones before it. The journal and this program disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvolveError {
    /// A row that the record changes does not exist.
    #[error("record {seq} changes a row that does not exist: {what}")]
    Missing {
        /// The record.
        seq: u64,
        /// The row.
        what: String,
    },
    /// A state machine has no such step.
    #[error("record {seq} takes a step that does not exist: {what}")]
    WrongStep {
        /// The record.
        seq: u64,
        /// The step.
        what: String,
    },
    /// A column would overflow or fall below zero.
    #[error("record {seq} breaks a balance: {account:?}")]
    Balance {
        /// The record.
        seq: u64,
        /// The account.
        account: Account,
    },
    /// A stored row cannot be read.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// The ledger's rows, in memory over an archive.
#[derive(Debug)]
pub struct State<A> {
    archive: A,
    /// Rows that the archive may not have yet, each with the record that last wrote it.
    fresh: HashMap<Vec<u8>, (u64, Vec<u8>)>,
    /// The keys that each such record wrote, oldest first.
    written: VecDeque<(u64, Vec<Vec<u8>>)>,
    progress: Progress,
}

impl<A: Archive> State<A> {
    /// The state at which `archive` stands.
    ///
    /// # Errors
    /// [`Damaged`] if the archive cannot be read.
    pub fn over(archive: A) -> Result<Self, Damaged> {
        let mut state = Self {
            archive,
            fresh: HashMap::new(),
            written: VecDeque::new(),
            progress: Progress::default(),
        };
        state.progress = state.get::<Progress>(&())?.unwrap_or_default();
        Ok(state)
    }

    /// How many records have been applied, and when the last one was.
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// `now`, or the last record's time if the clock went back.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        now.max(self.progress.at)
    }

    /// The row with this key.
    ///
    /// # Errors
    /// [`Damaged`] if it is there but cannot be read.
    pub fn get<E: Entity>(&self, key: &E::Key) -> Result<Option<E>, Damaged> {
        let key = E::key_bytes(key);
        match self.fresh.get(&key) {
            Some((_, bytes)) => E::from_bytes(&key, bytes).map(Some),
            None => match self.archive.read(&key)? {
                Some(bytes) => E::from_bytes(&key, &bytes).map(Some),
                None => Ok(None),
            },
        }
    }

    /// An account's columns.
    ///
    /// # Errors
    /// [`Damaged`] if the row cannot be read.
    pub fn balance(&self, account: Account) -> Result<Balance, Damaged> {
        Ok(self.get(&account)?.unwrap_or(Balance::empty(account)))
    }

    /// A wallet's running numbers.
    ///
    /// # Errors
    /// [`Damaged`] if the row cannot be read.
    pub fn counters(&self, wallet: WalletRef) -> Result<Counters, Damaged> {
        let none = Counters {
            wallet,
            invoices: 0,
            payments: 0,
            standing_offer: None,
            entries: 0,
            live: 0,
            unlisted: 0,
            addresses: 0,
            transactions: 0,
        };
        Ok(self.get(&wallet)?.unwrap_or(none))
    }

    /// The outgoing payment of a hash.
    ///
    /// # Errors
    /// [`Damaged`] if a row cannot be read.
    pub fn payment_of(&self, hash: &PaymentHash) -> Result<Option<Payment>, Damaged> {
        match self.get::<OutgoingHash>(hash)? {
            Some(found) => self.get(&found.payment),
            None => Ok(None),
        }
    }

    /// The outgoing payment that a report is about. One that the node made up an id for and that
    /// nothing explains is the payment to an offer that is not linked yet.
    ///
    /// # Errors
    /// [`Damaged`] if a row cannot be read.
    pub fn payment_meant(&self, which: Which) -> Result<Option<Payment>, Damaged> {
        let (id, hash) = match which {
            Which::Ours(id) => return self.get(&id),
            Which::Node { id, hash } => (id, hash),
        };
        let as_hash = PaymentHash::from_bytes(*id.as_bytes());
        if let Some(found) = self.payment_of(&as_hash)?
            && found.node_payment_id() == Some(id)
        {
            return Ok(Some(found));
        }
        if hash == Some(as_hash) {
            return Ok(None); // It pays an invoice, and none that we know of.
        }
        if let Some(linked) = self.get::<OfferPayment>(&id)? {
            return self.get(&linked.payment);
        }
        match self.get::<Unlinked>(&())?.and_then(|row| row.payment) {
            Some(unlinked) => self.get(&unlinked),
            None => Ok(None),
        }
    }

    /// Applies a record and returns the rows it wrote.
    ///
    /// # Errors
    /// [`EvolveError`] if the record does not follow from the ones before it; the state is then
    /// of no further use.
    pub fn evolve(&mut self, record: &Record) -> Result<Changes, EvolveError> {
        let seq = self.progress.seq + 1;
        self.written.push_back((seq, Vec::new()));
        for transfer in &record.transfers {
            self.transfer(seq, transfer)?;
        }
        for fact in &record.facts {
            self.fact(seq, record.at, fact)?;
        }
        self.write_statements(seq, record)?;
        for event in &record.events {
            self.put(seq, event);
        }
        let event_id = record
            .events
            .last()
            .map_or(self.progress.event_id, |event| event.id);
        self.progress = Progress {
            seq,
            event_id,
            at: record.at,
        };
        self.put(seq, &self.progress.clone());
        Ok(self.changes(seq))
    }

    /// Lets go of the rows of records up to `seq`: the archive has them.
    pub fn forget_through(&mut self, seq: u64) {
        while self
            .written
            .front()
            .is_some_and(|(written, _)| *written <= seq)
        {
            for key in self
                .written
                .pop_front()
                .map(|(_, keys)| keys)
                .unwrap_or_default()
            {
                if self
                    .fresh
                    .get(&key)
                    .is_some_and(|(written, _)| *written <= seq)
                {
                    self.fresh.remove(&key);
                }
            }
        }
    }

    /// How many rows are held in memory.
    pub fn held_rows(&self) -> usize {
        self.fresh.len()
    }

    fn changes(&self, seq: u64) -> Changes {
        let keys = self
            .written
            .back()
            .map(|(_, keys)| keys.as_slice())
            .unwrap_or_default();
        let rows = keys
            .iter()
            .filter_map(|key| {
                self.fresh
                    .get(key)
                    .map(|(_, bytes)| (key.clone(), bytes.clone()))
            })
            .collect();
        Changes { seq, rows }
    }

    pub(super) fn put<E: Entity>(&mut self, seq: u64, row: &E) {
        let key = E::key_bytes(&row.key());
        let known = self.fresh.insert(key.clone(), (seq, row.to_bytes()));
        let twice = known.is_some_and(|(written, _)| written == seq);
        if let (false, Some((_, keys))) = (twice, self.written.back_mut()) {
            keys.push(key);
        }
    }

    fn transfer(&mut self, seq: u64, transfer: &Transfer) -> Result<(), EvolveError> {
        let amount = transfer.amount.get();
        let mut debit = self.balance(transfer.debit)?;
        let (pending, posted) = (&mut debit.debits_pending, &mut debit.debits_posted);
        move_column(transfer.phase, pending, posted, amount).ok_or(EvolveError::Balance {
            seq,
            account: transfer.debit,
        })?;
        self.put(seq, &debit);
        let mut credit = self.balance(transfer.credit)?;
        let (pending, posted) = (&mut credit.credits_pending, &mut credit.credits_posted);
        move_column(transfer.phase, pending, posted, amount).ok_or(EvolveError::Balance {
            seq,
            account: transfer.credit,
        })?;
        self.put(seq, &credit);
        Ok(())
    }

    /// What the house may send over Lightning: its own money, as far as the channels can carry it
    /// after everybody else's has been kept back.
    ///
    /// # Errors
    /// [`Damaged`] if a balance cannot be read.
    pub fn house_spendable(&self, channels: Msat) -> Result<Msat, Damaged> {
        let house = self.balance(Account::HOUSE)?;
        let mut held = Vec::new();
        for account in ASSETS {
            held.push(self.balance(account)?);
        }
        Ok(house_spendable(&house, &held, channels))
    }
}

/// The accounts of what the node holds.
pub const ASSETS: [Account; 3] = [Account::Lightning, Account::Closing, Account::Onchain];

/// What the house may send, from its own columns, those of all [`ASSETS`], and what the channels can
/// carry. What the node holds and the house does not own, others do.
#[must_use]
pub fn house_spendable(house: &Balance, held: &[Balance], channels: Msat) -> Msat {
    amount(house.available_msat().min(carried(house, held, channels)))
}

/// The house's Lightning balance as its owner reads it: like [`house_spendable`], but what is set
/// aside for payments in flight is still in it.
#[must_use]
pub fn house_balance(house: &Balance, held: &[Balance], channels: Msat) -> Msat {
    amount(house.credit_msat().min(carried(house, held, channels)))
}

/// What is left of the channels for the house once everybody else's is kept back.
fn carried(house: &Balance, held: &[Balance], channels: Msat) -> i128 {
    let held: i128 = held.iter().map(Balance::debit_msat).sum();
    let others = held - house.credit_msat();
    i128::from(channels.get()) - others.max(0)
}

fn amount(msat: i128) -> Msat {
    u64::try_from(msat)
        .ok()
        .and_then(Msat::new)
        .unwrap_or(Msat::ZERO)
}

fn move_column(phase: Phase, pending: &mut u64, posted: &mut u64, amount: u64) -> Option<()> {
    match phase {
        Phase::Reserve => *pending = pending.checked_add(amount)?,
        Phase::Release => *pending = pending.checked_sub(amount)?,
        Phase::Post => *posted = posted.checked_add(amount)?,
    }
    Some(())
}
