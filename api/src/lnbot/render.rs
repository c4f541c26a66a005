//! From what is true to what is shown. Owns the words for states and how amounts become satoshis.

use till::flow::Waiting;
use till::invoice::{self, Invoice};
use till::money::Msat;
use till::payment::{self, Outcome, Payment};
use till::time::Timestamp;
use till::transaction::Side;
use till_actors::service::{StatementLine, TargetKind};

use super::wire;

/// What a satoshi is worth in msat.
const MSAT_PER_SAT: u64 = 1_000;
/// What waits for another attempt, in words.
const RETRYING: &str = "No way to the recipient was found. It is tried again; if none is found in time, \
                        the money is released.";

/// An invoice. Its preimage is shown once it is paid, never before.
pub(crate) fn invoice(row: &Invoice) -> wire::Invoice {
    let receipt = row.receipt.as_ref();
    let status = match row.state {
        invoice::State::Draft
        | invoice::State::Open
        | invoice::State::Claiming
        | invoice::State::Held => "pending",
        invoice::State::Paid => "settled",
        invoice::State::Expired | invoice::State::Abandoned | invoice::State::Cancelled => {
            "expired"
        }
    };
    let preimage = row.preimage.as_ref().filter(|_| receipt.is_some());
    wire::Invoice {
        number: row.number,
        status,
        amount: sat_floor(row.amount.or(receipt.map(|paid| paid.amount))),
        bolt11: row.bolt11.clone().unwrap_or_default(),
        reference: row.external_id.clone(),
        memo: memo(row),
        preimage: preimage.map(|preimage| hex::encode(preimage.reveal())),
        tx_number: row.tx_number,
        created_at: Some(wire::moment(row.created_at)),
        settled_at: receipt.map(|paid| wire::moment(paid.at)),
        expires_at: Some(wire::moment(row.expires_at)),
    }
}

/// What whoever asked for an invoice gets of it.
pub(crate) fn strangers_invoice(row: &Invoice) -> wire::StrangersInvoice {
    wire::StrangersInvoice {
        bolt11: row.bolt11.clone().unwrap_or_default(),
        amount: sat_floor(row.amount),
        expires_at: wire::moment(row.expires_at),
    }
}

/// What the maker called it, or what its payer is shown.
fn memo(row: &Invoice) -> Option<String> {
    let shown = match &row.description {
        invoice::Description::Text(text) => Some(text.clone()),
        invoice::Description::Hash(_) => None,
    };
    let memo = row.meta.memo.clone().or(shown);
    memo.filter(|text| !text.is_empty())
}

/// A payment of which nobody has asked what it waits for.
pub(crate) fn payment(row: &Payment) -> wire::Payment {
    payment_waiting(row, None)
}

/// Where a payment is that is not final, and the same in words.
fn stage_of(row: &Payment, waiting: Option<Waiting>) -> (&'static str, &'static str) {
    if row.internal {
        return (
            "sending",
            "The recipient has been told; the money is theirs once they settle.",
        );
    }
    if row.overdue {
        return (
            "on_hold",
            "The payment takes unusually long. The money stays on hold until it is certain what became of it.",
        );
    }
    match waiting {
        None | Some(Waiting::Young | Waiting::Htlc | Waiting::UnknownHtlc | Waiting::Dust) => (
            "in_flight",
            "The payment is on its way; this usually takes seconds.",
        ),
        Some(
            Waiting::Channel(_)
            | Waiting::Running
            | Waiting::SecondLook
            | Waiting::Restored
            | Waiting::Node,
        ) => (
            "confirming",
            "It is being checked whether the payment went out. The money stays on hold until then.",
        ),
    }
}

/// What a text was.
pub(crate) const fn target_kind(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Address => "address",
        TargetKind::Lnurl => "lnurl",
        TargetKind::Bolt11 => "bolt11",
        TargetKind::Offer => "offer",
    }
}

/// A line of a statement.
pub(crate) fn transaction(line: &StatementLine) -> wire::Transaction {
    let row = &line.row;
    let hex_of = |preimage: &till::id::Preimage| hex::encode(preimage.reveal());
    wire::Transaction {
        number: row.number,
        kind: match row.side {
            Side::Credit => "credit",
            Side::Debit => "debit",
        },
        amount: row.amount.get(),
        balance_after: row.balance_after.get(),
        network_fee: sat_ceil(row.network_fee),
        service_fee: sat_ceil(row.service_fee),
        payment_hash: line.hash.map(|hash| hash.to_string()),
        preimage: line.preimage.as_ref().map(hex_of),
        reference: line.reference.clone(),
        note: line.note.clone(),
        created_at: Some(wire::moment(row.at)),
    }
}

/// A payment, with what the check last saw it wait for.
pub(crate) fn payment_waiting(row: &Payment, waiting: Option<Waiting>) -> wire::Payment {
    let sent = match &row.outcome {
        Some(Outcome::Sent(sent)) => Some(sent),
        Some(Outcome::Failed { .. }) | None => None,
    };
    let failure = match &row.outcome {
        Some(Outcome::Failed { reason, .. }) => Some(reason.message().to_owned()),
        Some(Outcome::Sent(_)) | None => None,
    };
    let (status, stage, detail) = match row.state {
        payment::State::Pending => {
            let (stage, detail) = stage_of(row, waiting);
            ("processing", stage, Some(detail.to_owned()))
        }
        payment::State::Waiting => ("pending", "retrying", Some(RETRYING.to_owned())),
        payment::State::Succeeded => ("settled", "settled", None),
        payment::State::Failed => ("failed", "failed", failure.clone()),
    };
    let named = row.target.clone().or_else(|| row.bolt11.clone());
    let offered = || row.offer.as_ref().map(|offer| offer.text.clone());
    wire::Payment {
        number: row.number,
        status,
        amount: sat_ceil(row.amount),
        max_fee: sat_floor(Some(row.fee_cap)),
        service_fee: sat_floor(Some(row.service_fee)),
        actual_fee: sent.map(|sent| sat_ceil(sent.fee)),
        address: named.or_else(offered).unwrap_or_default(),
        reference: row.meta.external_id.clone(),
        preimage: sent
            .and_then(|sent| sent.preimage.as_ref())
            .map(|preimage| hex::encode(preimage.reveal())),
        tx_number: row.tx_number,
        failure_reason: failure,
        created_at: Some(wire::moment(row.created_at)),
        settled_at: sent.map(|sent| wire::moment(sent.at)),
        stage,
        status_detail: detail,
        retry_until: retry_until(row).map(wire::moment),
    }
}

/// Until when it is attempted again, while it waits for that.
fn retry_until(row: &Payment) -> Option<Timestamp> {
    row.retry_at()?;
    row.retry_until
}

/// Whole satoshis of what is owned.
pub(crate) fn sat_floor(amount: Option<Msat>) -> u64 {
    amount.map_or(0, |amount| amount.get() / MSAT_PER_SAT)
}

/// Whole satoshis of what is paid.
pub(crate) fn sat_ceil(amount: Msat) -> u64 {
    amount.get().div_ceil(MSAT_PER_SAT)
}
