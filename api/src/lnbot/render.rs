//! From what is true to what is shown. Owns the words for states and how amounts become satoshis.

use till::invoice::{self, Invoice};
use till::money::Msat;
use till::payment::{self, Outcome, Payment};

use super::wire;

/// What a satoshi is worth in msat.
const MSAT_PER_SAT: u64 = 1_000;

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

/// What the maker called it, or what its payer is shown.
fn memo(row: &Invoice) -> Option<String> {
    let shown = match &row.description {
        invoice::Description::Text(text) => Some(text.clone()),
        invoice::Description::Hash(_) => None,
    };
    let memo = row.meta.memo.clone().or(shown);
    memo.filter(|text| !text.is_empty())
}

/// A payment.
pub(crate) fn payment(row: &Payment) -> wire::Payment {
    let sent = match &row.outcome {
        Some(Outcome::Sent(sent)) => Some(sent),
        Some(Outcome::Failed { .. }) | None => None,
    };
    let failure = match &row.outcome {
        Some(Outcome::Failed { reason, .. }) => Some(reason.message().to_owned()),
        Some(Outcome::Sent(_)) | None => None,
    };
    let (status, stage) = match row.state {
        payment::State::Pending => ("processing", "in_flight"),
        payment::State::Succeeded => ("settled", "settled"),
        payment::State::Failed => ("failed", "failed"),
    };
    let named = row.target.clone().or_else(|| row.bolt11.clone());
    let offered = || row.offer.as_ref().map(|offer| offer.text.clone());
    wire::Payment {
        number: row.number,
        status,
        amount: sat_floor(Some(row.amount)),
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
        status_detail: None,
        retry_until: None,
    }
}

/// Whole satoshis of what is owned.
pub(crate) fn sat_floor(amount: Option<Msat>) -> u64 {
    amount.map_or(0, |amount| amount.get() / MSAT_PER_SAT)
}

/// Whole satoshis of what is paid.
pub(crate) fn sat_ceil(amount: Msat) -> u64 {
    amount.get().div_ceil(MSAT_PER_SAT)
}
