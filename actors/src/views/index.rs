//! Index entries: which there are, and how they follow from rows. Owns their keys.
//!
//! An entry's key starts with a byte that no row's key starts with. Lists of a wallet are ordered
//! by the wallet's own running numbers, which grow with time, so a moment is found by bisection
//! and an offset by subtraction.

use sha2::{Digest, Sha256};
use till::address::Address;
use till::holder::{Key, Share, Wallet};
use till::id::{PaymentHash, PaymentId, TxId};
use till::invoice::{self, Invoice};
use till::ledger::entity::{Damaged, Entity, Kind};
use till::ledger::{Alarm, Event, EventBody, WalletRef};
use till::outbox::Delivery;
use till::payment::{self, Payment};
use till::time::Timestamp;
use till::treasury::{Deposit, DepositState};

use super::{Edit, brief, holding, outbox};

/// The first byte of an index entry's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Index {
    /// wallet, number -> [`Incoming`]: every issued invoice and every deposit.
    Incoming = 0x81,
    /// wallet, number -> [`Incoming`]: those that brought money.
    Received = 0x82,
    /// wallet, digest of the reference, number -> hash.
    ExternalId = 0x83,
    /// expiry, hash: invoices that are open.
    OpenByExpiry = 0x84,
    /// hash: invoices that are being claimed or held, or were cancelled and hold an HTLC still.
    Tended = 0x85,
    /// hash: drafts.
    Drafts = 0x86,
    /// wallet, number -> id: every outgoing payment.
    Payments = 0x87,
    /// wallet, number -> id: those that did not fail.
    LivePayments = 0x88,
    /// id: those that are not final.
    PendingPayments = 0x89,
    /// kind, event id: alarms.
    Alarms = 0x8a,
    /// id: on-chain payments that are not final.
    YoungSpends = 0x8b,
    /// transaction: deposits that do not count yet.
    SeenDeposits = 0x8c,
    /// holder, number -> wallet: every wallet that is not deleted.
    WalletsOfHolder = 0x90,
    /// wallet, key: those that are good.
    KeysOfWallet = 0x91,
    /// holder, share: invitations to them, and what they accepted.
    SharesTo = 0x92,
    /// wallet, share: the same from the other side.
    SharesOfWallet = 0x93,
    /// wallet, entry -> [`Entry`] and its [`Brief`](super::Brief): everything that came and went.
    Entries = 0x94,
    /// wallet, facet, digest of its text, block of entries -> bitmap of those that have it.
    Facets = 0x95,
    /// wallet, facet, digest of its text -> what they add up to.
    Tallies = 0x96,
    /// wallet, hour -> what moved.
    Hours = 0x97,
    /// wallet, day -> what moved.
    Days = 0x98,
    /// wallet, amount, entry.
    Amounts = 0x99,
    /// wallet, name: Lightning addresses that can be paid.
    AddressesOfWallet = 0x9a,
    /// when it can be forgotten, hash: invoices that nobody paid and of which the node has a row.
    Forgettable = 0x9b,
    /// address, number -> when it is due: deliveries that wait.
    Waiting = 0xa0,
    /// webhook, number: deliveries to it.
    OfWebhook = 0xa1,
}

/// Every index and what it finds, in words for the audit.
const NAMES: [(Index, &str); 26] = [
    (Index::Forgettable, "invoices that the node shall forget"),
    (Index::AddressesOfWallet, "addresses by wallet"),
    (Index::Waiting, "deliveries that wait"),
    (Index::OfWebhook, "deliveries by webhook"),
    (
        Index::Facets,
        "everything by status, tag, extension and size",
    ),
    (Index::Tallies, "sums by status, tag, extension and size"),
    (Index::Hours, "sums by hour"),
    (Index::Days, "sums by day"),
    (Index::Amounts, "everything by amount"),
    (Index::WalletsOfHolder, "wallets by holder"),
    (Index::KeysOfWallet, "keys by wallet"),
    (Index::SharesTo, "shares by whom they are for"),
    (Index::SharesOfWallet, "shares by wallet"),
    (Index::Entries, "everything that came and went"),
    (Index::Incoming, "incoming payments"),
    (Index::Received, "received payments"),
    (Index::ExternalId, "invoices by reference"),
    (Index::OpenByExpiry, "open invoices by expiry"),
    (Index::Tended, "invoices being claimed or held"),
    (Index::Drafts, "drafts"),
    (Index::Payments, "payments"),
    (Index::LivePayments, "payments that did not fail"),
    (Index::PendingPayments, "pending payments"),
    (Index::Alarms, "alarms"),
    (Index::YoungSpends, "on-chain payments that are not final"),
    (Index::SeenDeposits, "deposits that do not count yet"),
];

/// What an index finds, by the first byte of its entries' keys.
pub(crate) fn index_name(first: u8) -> Option<&'static str> {
    let known = NAMES.iter().find(|(index, _)| *index as u8 == first);
    known.map(|(_, name)| *name)
}

/// Replaces the entries of a row's former value by those of its new one.
pub(super) fn update(
    edit: &mut Edit,
    key: &[u8],
    before: Option<&[u8]>,
    after: &[u8],
) -> Result<(), Damaged> {
    let before = match before {
        Some(row) => entries(key, row)?,
        None => Entries::new(),
    };
    let after = entries(key, after)?;
    for (entry, value) in &before {
        if !after.iter().any(|(kept, _)| kept == entry) {
            edit.remove(entry, value);
        }
    }
    for (entry, value) in &after {
        let known = before.iter().find(|(known, _)| known == entry);
        match known {
            Some((_, known)) if known == value => {}
            Some((_, known)) => edit.replace(entry, Some(known), value),
            None => edit.replace(entry, None, value),
        }
    }
    Ok(())
}

pub(super) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

fn entries(key: &[u8], row: &[u8]) -> Result<Entries, Damaged> {
    match key.first() {
        Some(kind) if *kind == Kind::Invoice as u8 => {
            Ok(invoice_entries(&Invoice::from_bytes(key, row)?))
        }
        Some(kind) if *kind == Kind::Payment as u8 => {
            Ok(payment_entries(&Payment::from_bytes(key, row)?))
        }
        Some(kind) if *kind == Kind::Wallet as u8 => {
            Ok(holding::wallet(&Wallet::from_bytes(key, row)?))
        }
        Some(kind) if *kind == Kind::Key as u8 => Ok(holding::key(&Key::from_bytes(key, row)?)),
        Some(kind) if *kind == Kind::Share as u8 => {
            Ok(holding::share(&Share::from_bytes(key, row)?))
        }
        Some(kind) if *kind == Kind::Address as u8 => {
            Ok(holding::address(&Address::from_bytes(key, row)?))
        }
        Some(kind) if *kind == Kind::Delivery as u8 => {
            Ok(outbox::delivery(&Delivery::from_bytes(key, row)?))
        }
        Some(kind) if *kind == Kind::Deposit as u8 => {
            Ok(deposit_entries(&Deposit::from_bytes(key, row)?))
        }
        Some(kind) if *kind == Kind::Event as u8 => {
            Ok(event_entries(&Event::from_bytes(key, row)?))
        }
        Some(_) | None => Ok(Entries::new()),
    }
}

fn event_entries(event: &Event) -> Entries {
    let EventBody::Alarm(alarm) = event.body else {
        return Entries::new();
    };
    let key = [
        alarm_prefix(alarm_kind(&alarm)),
        event.id.to_be_bytes().to_vec(),
    ];
    vec![(key.concat(), Vec::new())]
}

fn invoice_entries(invoice: &Invoice) -> Entries {
    let hash = invoice.hash.as_bytes().to_vec();
    let mut entries = Vec::new();
    if invoice.number > 0 {
        let numbered = numbered(Index::Incoming, invoice.wallet, invoice.number);
        entries.push((numbered, hash.clone()));
        entries.push(holding::entry(
            invoice.wallet,
            invoice.entry,
            holding::Entry::Invoice(invoice.hash),
            &brief::of_invoice(invoice),
        ));
        if let Some(reference) = &invoice.external_id {
            let mut entry = external_id_prefix(invoice.wallet, reference);
            entry.extend(invoice.number.to_be_bytes());
            entries.push((entry, hash.clone()));
        }
    }
    if let Some(at) = invoice.forget_at() {
        entries.push((forgettable_key(at, invoice.hash), Vec::new()));
    }
    match invoice.state {
        invoice::State::Draft => entries.push((single(Index::Drafts, &hash), Vec::new())),
        invoice::State::Open => {
            let entry = [expiry_prefix(invoice.expires_at), hash].concat();
            entries.push((entry, Vec::new()));
        }
        invoice::State::Claiming | invoice::State::Held => {
            entries.push((single(Index::Tended, &hash), Vec::new()));
        }
        invoice::State::Cancelled if invoice.held.is_some() => {
            entries.push((single(Index::Tended, &hash), Vec::new()));
        }
        invoice::State::Paid => {
            let entry = numbered(Index::Received, invoice.wallet, invoice.number);
            entries.push((entry, hash));
        }
        invoice::State::Expired | invoice::State::Abandoned | invoice::State::Cancelled => {}
    }
    entries
}

/// What an entry of [`Index::Incoming`] or [`Index::Received`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Invoice(PaymentHash),
    Deposit(TxId),
}

/// Tells a deposit from an invoice in an entry's value, which is 32 bytes for the latter.
const DEPOSIT_MARK: u8 = b'd';

impl Incoming {
    fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Invoice(hash) => hash.as_bytes().to_vec(),
            Self::Deposit(tx_id) => [&[DEPOSIT_MARK], tx_id.as_bytes().as_slice()].concat(),
        }
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Damaged> {
        match bytes.split_first() {
            Some((&DEPOSIT_MARK, tail)) if tail.len() == 32 => {
                let tail = tail.first_chunk::<32>().ok_or_else(|| short(bytes))?;
                Ok(Self::Deposit(TxId::from_bytes(*tail)))
            }
            Some(_) | None => hash_at_end(bytes).map(Self::Invoice),
        }
    }
}

fn deposit_entries(deposit: &Deposit) -> Entries {
    let found = Incoming::Deposit(deposit.tx_id).to_bytes();
    let at = |index| numbered(index, WalletRef::House, deposit.number);
    let mut entries = vec![
        (at(Index::Incoming), found.clone()),
        holding::entry(
            WalletRef::House,
            deposit.entry,
            holding::Entry::Deposit(deposit.tx_id),
            &[],
        ),
    ];
    match deposit.state {
        DepositState::Seen => {
            let entry = single(Index::SeenDeposits, deposit.tx_id.as_bytes());
            entries.push((entry, Vec::new()));
        }
        DepositState::Credited => entries.push((at(Index::Received), found)),
        DepositState::Gone => {}
    }
    entries
}

fn payment_entries(payment: &Payment) -> Entries {
    let id = payment.id.as_bytes().to_vec();
    let live = || {
        (
            numbered(Index::LivePayments, payment.wallet, payment.number),
            id.clone(),
        )
    };
    let mut entries = vec![
        (
            numbered(Index::Payments, payment.wallet, payment.number),
            id.clone(),
        ),
        holding::entry(
            payment.wallet,
            payment.entry,
            holding::Entry::Payment(payment.id),
            &brief::of_payment(payment),
        ),
    ];
    match payment.state {
        payment::State::Pending | payment::State::Waiting => {
            entries.push(live());
            entries.push((single(Index::PendingPayments, &id), Vec::new()));
        }
        payment::State::Succeeded => entries.push(live()),
        payment::State::Failed => {}
    }
    let is_young = payment.spend.as_ref().is_some_and(|spend| !spend.is_final);
    if is_young && payment.state != payment::State::Failed {
        entries.push((single(Index::YoungSpends, &id), Vec::new()));
    }
    entries
}

pub(super) fn single(index: Index, tail: &[u8]) -> Vec<u8> {
    [&[index as u8], tail].concat()
}

/// The part of a key that all of a wallet's entries share.
pub(super) fn wallet_prefix(index: Index, wallet: WalletRef) -> Vec<u8> {
    let mut key = vec![index as u8];
    match wallet {
        WalletRef::House => key.push(0),
        WalletRef::Wallet(id) => {
            key.push(1);
            key.extend(id.as_bytes());
        }
    }
    key
}

pub(super) fn numbered(index: Index, wallet: WalletRef, number: u32) -> Vec<u8> {
    let mut key = wallet_prefix(index, wallet);
    key.extend(number.to_be_bytes());
    key
}

/// References are free text: their digests are of one length, so none is another's prefix.
pub(super) fn external_id_prefix(wallet: WalletRef, reference: &str) -> Vec<u8> {
    let mut key = wallet_prefix(Index::ExternalId, wallet);
    key.extend(Sha256::digest(reference.as_bytes()));
    key
}

pub(super) fn expiry_prefix(expires_at: Timestamp) -> Vec<u8> {
    let mut key = vec![Index::OpenByExpiry as u8];
    key.extend(expires_at.as_millis().to_be_bytes());
    key
}

fn forgettable_key(at: Timestamp, hash: PaymentHash) -> Vec<u8> {
    let millis = at.as_millis().to_be_bytes();
    single(Index::Forgettable, &[&millis[..], hash.as_bytes()].concat())
}

/// Alarms by kind: the byte that its entries start with, and its name for people and programs.
pub(super) const ALARMS: [(u8, &str); 8] = [
    (0, "unasked_receipt"),
    (1, "unknown_payment"),
    (2, "posted_after_void"),
    (3, "over_fee_cap"),
    (4, "paid_twice"),
    (5, "payment_overdue"),
    (6, "deposit_reversed"),
    (7, "unexplained"),
];

const fn alarm_kind(alarm: &Alarm) -> u8 {
    match alarm {
        Alarm::UnaskedReceipt { .. } => 0,
        Alarm::UnknownPayment { .. } => 1,
        Alarm::PostedAfterVoid { .. } => 2,
        Alarm::OverFeeCap { .. } => 3,
        Alarm::PaidTwice { .. } => 4,
        Alarm::PaymentOverdue { .. } => 5,
        Alarm::DepositReversed { .. } => 6,
        Alarm::Unexplained { .. } => 7,
    }
}

pub(super) fn alarm_prefix(kind: u8) -> Vec<u8> {
    vec![Index::Alarms as u8, kind]
}

/// The hash at the end of an entry's key, or in its value.
pub(super) fn hash_at_end(bytes: &[u8]) -> Result<PaymentHash, Damaged> {
    let tail = bytes.last_chunk::<32>().ok_or_else(|| short(bytes))?;
    Ok(PaymentHash::from_bytes(*tail))
}

/// The payment id at the end of an entry's key, or in its value.
pub(super) fn payment_at_end(bytes: &[u8]) -> Result<PaymentId, Damaged> {
    let tail = bytes.last_chunk::<16>().ok_or_else(|| short(bytes))?;
    Ok(PaymentId::from_bytes(*tail))
}

fn short(bytes: &[u8]) -> Damaged {
    Damaged {
        key: hex::encode(bytes),
        why: "an index entry is too short".into(),
    }
}
