//! Keys and rows in words, for a person who has to find out what went wrong. Owns the names; what
//! may be secret (passwords, preimages, tokens) is told by its digest only.

use sha2::{Digest, Sha256};
use till::access::AccessNote;
use till::id::PaymentId;
use till::invoice::Invoice;
use till::ledger::entity::{Counters, Entity, Kind, Progress};
use till::ledger::{Account, Balance, Event, WalletRef};
use till::offer::Offer;
use till::outbox::Delivery;
use till::payment::{Outcome, Payment};
use till::transaction::Transaction;
use till::treasury::{Allowance, Channel, CloseJob, Deposit, OnchainTx, Opening};

use crate::views::{SEAL_KEY, index_name};

/// The length of a payment hash.
const HASH_BYTES: usize = 32;
/// The length of a wallet's id.
const WALLET_ID_BYTES: usize = 16;

/// What is stored under `key`; `value` is one of the two that differ.
pub(super) fn subject(key: &[u8], value: Option<&[u8]>) -> String {
    if key == SEAL_KEY {
        return "the seal over all entries".to_owned();
    }
    let (first, tail) = key.split_first().map_or((0, key), |(f, tail)| (*f, tail));
    let hex = hex::encode(tail);
    let Some(kind) = kind(first) else {
        return no_row(first, key, &hex);
    };
    match kind {
        Kind::Progress => "last record".to_owned(),
        Kind::Balance => match row::<Balance>(key, value) {
            Some(balance) => format!("balance of {}", account(balance.account)),
            None => format!("balance of account {hex}"),
        },
        Kind::Invoice => format!("invoice {hex}"),
        Kind::Payment => match <[u8; 16]>::try_from(tail) {
            Ok(id) => format!("payment {}", PaymentId::from_bytes(id)),
            Err(_) => format!("payment {hex}"),
        },
        Kind::OutgoingHash => format!("payment of hash {hex}"),
        Kind::Superseded => format!("failed payment of hash and wallet {hex}"),
        Kind::Counters => match row::<Counters>(key, value) {
            Some(counters) => format!("running numbers of {}", wallet(counters.wallet)),
            None => format!("running numbers of wallet {hex}"),
        },
        Kind::Idempotency => format!("idempotency key with digest {}", digest(tail)),
        Kind::Stray => stray(tail, &hex),
        Kind::Event => match <[u8; 8]>::try_from(tail) {
            Ok(id) => format!("event {}", u64::from_be_bytes(id)),
            Err(_) => format!("event {hex}"),
        },
        Kind::OfferPayment => format!("payment to an offer that the node calls {hex}"),
        Kind::Offer => format!("offer {hex}"),
        Kind::Unlinked => "the payment to an offer that is not linked".to_owned(),
        Kind::AccessNote => match <[u8; 8]>::try_from(tail) {
            Ok(number) => format!("line {} of the access log", u64::from_be_bytes(number)),
            Err(_) => format!("line {hex} of the access log"),
        },
        Kind::Allowance => "what may be booked without asking".to_owned(),
        Kind::Inception => "recovery with which the books begin".to_owned(),
        Kind::Restoration => "restoration from a backup".to_owned(),
        Kind::OnchainTx => format!("on-chain transaction {hex}"),
        Kind::Holder => format!("holder {hex}"),
        Kind::HolderName => format!("holder name {:?}", String::from_utf8_lossy(tail)),
        Kind::Wallet => format!("wallet {hex}"),
        Kind::Key => format!("key with digest {}", digest(tail)),
        Kind::Share => format!("share {hex}"),
        Kind::Address => format!("address {:?}", String::from_utf8_lossy(tail)),
        Kind::UnlistedCount => "number of strangers' invoices that wait".to_owned(),
        Kind::Recovery => format!("recovery with digest {}", digest(tail)),
        Kind::SpendTx => format!("payment of transaction {hex}"),
        Kind::Deposit => format!("deposit {hex}"),
        Kind::CloseJob => format!("closing of channel {hex}"),
        Kind::Channel => format!("channel {hex}"),
        Kind::Delivery => match <[u8; 8]>::try_from(tail) {
            Ok(number) => format!("delivery {}", u64::from_be_bytes(number)),
            Err(_) => format!("delivery {hex}"),
        },
        Kind::OutboxCount => "number of deliveries".to_owned(),
        Kind::Webhook => format!("webhook {hex}"),
        Kind::WebhooksOf => format!("webhooks of wallet {hex}"),
        Kind::Opening => format!("wish for a channel {hex}"),
        Kind::Transaction => transaction(tail, &hex),
        Kind::Business => "business".to_owned(),
        Kind::User => format!("user {hex}"),
        Kind::UserName => format!("user name {:?}", String::from_utf8_lossy(tail)),
        Kind::Session => format!("session with digest {}", digest(tail)),
        Kind::WalletToken => format!("wallet token with digest {}", digest(tail)),
    }
}

/// An entry of an index, or nothing that is known.
fn no_row(first: u8, key: &[u8], hex: &str) -> String {
    match index_name(first) {
        Some(name) => format!("index of {name}, entry {hex}"),
        None => format!("unknown entry {}", hex::encode(key)),
    }
}

/// A hash, the way the money went, and what told it apart.
fn stray(tail: &[u8], hex: &str) -> String {
    let Some((hash, rest)) = tail.split_at_checked(HASH_BYTES) else {
        return format!("unexplained payment {hex}");
    };
    let way = match rest.first() {
        Some(1) => "incoming",
        Some(_) | None => "outgoing",
    };
    format!("unexplained {way} payment {}", hex::encode(hash))
}

/// A wallet, and the number in its statement.
fn transaction(tail: &[u8], hex: &str) -> String {
    let read = |tail: &[u8]| {
        let (wallet, number) = tail.split_at_checked(WALLET_ID_BYTES)?;
        let number = u32::from_be_bytes(number.try_into().ok()?);
        Some((hex::encode(wallet), number))
    };
    match read(tail) {
        Some((wallet, number)) => format!("transaction {number} of wallet {wallet}"),
        None => format!("transaction {hex}"),
    }
}

/// Both values in words that differ.
pub(super) fn values(
    key: &[u8],
    expected: Option<&[u8]>,
    found: Option<&[u8]>,
) -> (String, String) {
    let (wanted, is) = (value(key, expected), value(key, found));
    if wanted != is {
        return (wanted, is);
    }
    // What differs is nothing that we have words for.
    let exact = |words: &str, bytes: Option<&[u8]>| {
        format!("{words} [digest {}]", bytes.map(digest).unwrap_or_default())
    };
    (exact(&wanted, expected), exact(&is, found))
}

fn value(key: &[u8], bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return "nothing".to_owned();
    };
    let opaque = || format!("{} bytes, digest {}", bytes.len(), digest(bytes));
    let some = Some(bytes);
    let words = match key.first().and_then(|first| kind(*first)) {
        Some(Kind::Progress) => row::<Progress>(key, some)
            .map(|row| format!("record {}, event {}", row.seq, row.event_id)),
        Some(Kind::Balance) => row::<Balance>(key, some).map(|row| balance(&row)),
        Some(Kind::Invoice) => row::<Invoice>(key, some).map(|row| invoice(&row)),
        Some(Kind::Payment) => row::<Payment>(key, some).map(|row| payment(&row)),
        Some(Kind::Counters) => row::<Counters>(key, some).map(|row| counters(&row)),
        Some(Kind::Offer) => row::<Offer>(key, some).map(|row| offer(&row)),
        Some(Kind::Event) => row::<Event>(key, some).map(|row| format!("{:?}", row.body)),
        Some(Kind::OnchainTx) => row::<OnchainTx>(key, some).map(|row| onchain(&row)),
        Some(Kind::AccessNote) => {
            row::<AccessNote>(key, some).map(|row| format!("{:?} by {}", row.action, row.user))
        }
        Some(Kind::Allowance) => row::<Allowance>(key, some).map(|row| format!("{row:?}")),
        Some(Kind::Deposit) => row::<Deposit>(key, some)
            .map(|row| format!("{:?}, number {}, {}", row.state, row.number, row.amount)),
        Some(Kind::Delivery) => row::<Delivery>(key, some)
            .map(|row| format!("{:?} after {} tries", row.state, row.tries)),
        Some(Kind::CloseJob) => row::<CloseJob>(key, some).map(|row| format!("{:?}", row.state)),
        Some(Kind::Channel) => row::<Channel>(key, some)
            .map(|row| format!("{:?} with {}", row.state, row.counterparty)),
        Some(Kind::Transaction) => row::<Transaction>(key, some).map(|row| {
            format!(
                "{:?} of {} for {:?}, {} afterwards",
                row.side, row.amount, row.about, row.balance_after
            )
        }),
        Some(Kind::Opening) => row::<Opening>(key, some).map(|row| {
            format!(
                "{} with {}, {:?}",
                row.capacity, row.counterparty, row.outcome
            )
        }),
        Some(
            Kind::OutgoingHash
            | Kind::Superseded
            | Kind::SpendTx
            | Kind::Holder
            | Kind::HolderName
            | Kind::Wallet
            | Kind::Key
            | Kind::Share
            | Kind::Recovery
            | Kind::UnlistedCount
            | Kind::Address
            | Kind::OfferPayment
            | Kind::Unlinked
            | Kind::Restoration
            | Kind::Inception
            | Kind::Idempotency
            | Kind::Stray
            | Kind::Business
            | Kind::User
            | Kind::UserName
            | Kind::Session
            | Kind::OutboxCount
            | Kind::Webhook
            | Kind::WebhooksOf
            | Kind::WalletToken,
        )
        | None => None,
    };
    words.unwrap_or_else(opaque)
}

fn onchain(row: &OnchainTx) -> String {
    let OnchainTx {
        purpose,
        amount,
        fee,
        ..
    } = row;
    format!("{purpose:?} of {amount} and {fee} in fees")
}

fn counters(row: &Counters) -> String {
    let standing = row.standing_offer.map_or_else(
        || "no standing offer".to_owned(),
        |id| format!("standing offer {id}"),
    );
    format!(
        "{} invoices, {} payments, {standing}",
        row.invoices, row.payments
    )
}

fn offer(row: &Offer) -> String {
    let asked = row.amount.map_or("any amount".into(), |a| a.to_string());
    format!("asks for {asked}, brings it to {}", wallet(row.wallet))
}

fn balance(row: &Balance) -> String {
    format!(
        "{} msat credited, {} msat debited, {} msat and {} msat of it pending",
        row.credits_posted, row.debits_posted, row.credits_pending, row.debits_pending
    )
}

fn invoice(row: &Invoice) -> String {
    let asked = row.amount.map_or("any amount".into(), |a| a.to_string());
    let received = match &row.receipt {
        Some(receipt) => format!("received {}", receipt.amount),
        None => "nothing received".to_owned(),
    };
    format!(
        "{:?}, number {}, asks for {asked}, {received}",
        row.state, row.number
    )
}

fn payment(row: &Payment) -> String {
    let outcome = match &row.outcome {
        Some(Outcome::Sent(sent)) => format!("sent for {} in fees", sent.fee),
        Some(Outcome::Failed { reason, .. }) => format!("failed: {}", reason.code()),
        None => "no outcome".to_owned(),
    };
    format!(
        "{:?}, number {}, attempt {}, {} and up to {} in fees, {outcome}",
        row.state, row.number, row.attempt, row.amount, row.fee_cap
    )
}

pub(super) fn account(account: Account) -> String {
    match account {
        Account::Wallet(owner) => wallet(owner),
        Account::Lightning => "account lightning".to_owned(),
        Account::Closing => "account closing".to_owned(),
        Account::Onchain => "account onchain".to_owned(),
        Account::FeesChain => "account fees:chain".to_owned(),
        Account::FeesLsp => "account fees:lsp".to_owned(),
    }
}

pub(super) fn wallet(wallet: WalletRef) -> String {
    match wallet {
        WalletRef::House => "the house".to_owned(),
        WalletRef::Wallet(id) => format!("wallet {}", hex::encode(id.as_bytes())),
    }
}

fn row<E: Entity>(key: &[u8], bytes: Option<&[u8]>) -> Option<E> {
    E::from_bytes(key, bytes?).ok()
}

/// Enough to tell two values apart, and too little to tell what they are.
fn digest(bytes: &[u8]) -> String {
    let digest = hex::encode(Sha256::digest(bytes));
    digest.get(..16).unwrap_or_default().to_owned()
}

/// Every kind of row; a new one does not go unnamed, because [`subject`] has no other arm.
const KINDS: [Kind; 41] = [
    Kind::Delivery,
    Kind::OutboxCount,
    Kind::UnlistedCount,
    Kind::Webhook,
    Kind::WebhooksOf,
    Kind::Holder,
    Kind::HolderName,
    Kind::Wallet,
    Kind::Key,
    Kind::Share,
    Kind::Progress,
    Kind::Balance,
    Kind::Invoice,
    Kind::Payment,
    Kind::OutgoingHash,
    Kind::Superseded,
    Kind::Counters,
    Kind::Idempotency,
    Kind::Stray,
    Kind::Event,
    Kind::OnchainTx,
    Kind::Channel,
    Kind::Business,
    Kind::User,
    Kind::UserName,
    Kind::Session,
    Kind::WalletToken,
    Kind::OfferPayment,
    Kind::Unlinked,
    Kind::AccessNote,
    Kind::Offer,
    Kind::Allowance,
    Kind::Restoration,
    Kind::Inception,
    Kind::SpendTx,
    Kind::Deposit,
    Kind::CloseJob,
    Kind::Opening,
    Kind::Recovery,
    Kind::Address,
    Kind::Transaction,
];

fn kind(first: u8) -> Option<Kind> {
    KINDS.into_iter().find(|kind| *kind as u8 == first)
}
