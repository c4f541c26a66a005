//! From requests for invoices to what the service is asked: amounts and texts within their bounds.

use sha2::{Digest, Sha256};
use till::invoice::{Description, MAX_DESCRIPTION_BYTES};
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till_actors::service::NewInvoice;

use super::error::Error;

/// The most that an invoice asks for, in sat.
pub(super) const MAX_AMOUNT_SAT: u64 = 1_000_000_000;
/// How long an invoice can be paid, in seconds.
pub(super) const EXPIRY_SECS: u32 = 3_600;
/// The longest memo, reference or tag, in characters.
const MAX_TEXT_CHARS: usize = 256;
/// The longest comment of a payer's, in characters.
pub(super) const MAX_COMMENT_CHARS: usize = 255;

/// An amount of a request.
pub(super) fn amount(sat: u64) -> Result<Msat, Error> {
    let amount = Sat::new(sat).filter(|_| (1..=MAX_AMOUNT_SAT).contains(&sat));
    let rule = || Error::bad_request(format!("amount must be 1 to {MAX_AMOUNT_SAT} sat"));
    amount.map(Sat::to_msat).ok_or_else(rule)
}

/// A text that a caller may give; an empty one is none.
pub(super) fn text(field: &str, text: Option<String>) -> Result<Option<String>, Error> {
    bounded(field, text, MAX_TEXT_CHARS)
}

/// What a payer says.
pub(super) fn comment(text: Option<String>) -> Result<Option<String>, Error> {
    bounded("comment", text, MAX_COMMENT_CHARS)
}

fn bounded(field: &str, text: Option<String>, max: usize) -> Result<Option<String>, Error> {
    let text = text.filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > max) {
        let why = format!("{field} has at most {max} characters");
        return Err(Error::bad_request(why));
    }
    Ok(text)
}

/// An invoice with a memo that its payer is shown. One that is too long for BOLT 11, as it may be in
/// scripts of several bytes a character, is in it by its hash.
pub(super) fn new_invoice(
    wallet: WalletRef,
    amount: Msat,
    memo: Option<String>,
    reference: Option<String>,
) -> NewInvoice {
    let shown = memo.clone().unwrap_or_default();
    let description = match shown.len() <= MAX_DESCRIPTION_BYTES {
        true => Description::Text(shown),
        false => Description::Hash(Sha256::digest(shown.as_bytes()).into()),
    };
    NewInvoice {
        wallet,
        origin: Origin::Lnbot,
        amount: Some(amount),
        description,
        external_id: reference,
        webhook_url: None,
        expiry_secs: Some(EXPIRY_SECS),
        hold: None,
        idempotency: None,
        meta: Meta {
            memo,
            ..Meta::default()
        },
    }
}
