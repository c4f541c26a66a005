//! From rows to wire types.

use till::invoice::{self, Description, Invoice};
use till::money::Msat;
use till::payment::{self, Outcome};

use super::Dialect;
use super::wire;

/// An invoice as its maker sees it.
pub(super) fn invoice(dialect: Dialect, invoice: &Invoice, wallet_id: String) -> wire::Payment {
    let is_paid = invoice.state == invoice::State::Paid;
    let receipt = invoice.receipt.filter(|_| is_paid);
    let amount = receipt
        .map(|receipt| receipt.amount)
        .or(invoice.amount)
        .unwrap_or(Msat::ZERO);
    let fee = receipt.map_or(Msat::ZERO, |receipt| receipt.lsp_fee);
    let preimage = invoice.preimage.as_ref().filter(|_| is_paid);
    wire::Payment {
        checking_id: invoice.hash.to_string(),
        payment_hash: invoice.hash.to_string(),
        wallet_id,
        amount: dialect.amount(amount, false),
        amount_msat: Dialect::V1.amount(amount, false),
        fee: dialect.fee(fee, false),
        fee_msat: Dialect::V1.fee(fee, false),
        bolt11: invoice.bolt11.clone(),
        payment_request: invoice.bolt11.clone(),
        memo: match &invoice.description {
            Description::Text(text) => Some(text.clone()),
            Description::Hash(_) => invoice.meta.memo.clone(),
        },
        status: match invoice.state {
            invoice::State::Paid => "success",
            invoice::State::Draft
            | invoice::State::Open
            | invoice::State::Claiming
            | invoice::State::Held => "pending",
            invoice::State::Expired | invoice::State::Abandoned | invoice::State::Cancelled => {
                "failed"
            }
        },
        time: dialect.time(invoice.created_at),
        preimage: preimage.map(|preimage| hex::encode(preimage.reveal())),
    }
}

/// A payment as its payer sees it.
pub(super) fn payment(
    dialect: Dialect,
    payment: &payment::Payment,
    wallet_id: String,
) -> wire::Payment {
    let sent = match &payment.outcome {
        Some(Outcome::Sent(sent)) => Some(sent),
        Some(Outcome::Failed { .. }) | None => None,
    };
    let fee = sent.map_or(Msat::ZERO, |sent| sent.fee);
    let hash = payment.hash.map(|hash| hash.to_string());
    let hash = hash.unwrap_or_else(|| payment.id.to_string());
    wire::Payment {
        checking_id: hash.clone(),
        payment_hash: hash,
        wallet_id,
        amount: dialect.amount(payment.amount, true),
        amount_msat: Dialect::V1.amount(payment.amount, true),
        fee: dialect.fee(fee, true),
        fee_msat: Dialect::V1.fee(fee, true),
        bolt11: payment.bolt11.clone(),
        payment_request: payment.bolt11.clone(),
        memo: payment.description.clone(),
        status: match payment.state {
            payment::State::Succeeded => "success",
            payment::State::Pending => "pending",
            payment::State::Failed => "failed",
        },
        time: dialect.time(payment.created_at),
        preimage: sent
            .and_then(|sent| sent.preimage.as_ref())
            .map(|preimage| hex::encode(preimage.reveal())),
    }
}
