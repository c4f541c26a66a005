//! Requests about offers.

use till::id::RequestHash;
use till::ledger::{IdempotencyKey, Origin, WalletRef};
use till::money::{Msat, Sat};
use till_actors::service::{DecodedOffer, NewOffer, NewOfferPayment};

use crate::pos::field::{self, Invalid};
use crate::pos::wire;

pub(in crate::pos) fn new_offer(request: wire::OfferRequest) -> Result<NewOffer, Invalid> {
    let amount = request.amount_sat;
    let amount = amount.map(|sat| field::amount("amountSat", sat.0));
    let description = request.description;
    let description = description.map(|text| field::offer_text("description", text));
    let expiry_secs = request.expiry_seconds;
    let expiry_secs = expiry_secs.map(|secs| field::offer_expiry("expirySeconds", secs.0));
    Ok(NewOffer {
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: amount.transpose()?.map(Sat::to_msat),
        description: description.transpose()?,
        expiry_secs: expiry_secs.transpose()?,
    })
}

/// The order to pay `offer`, which `request` names. `amountSat` may be more than the offer asks for; it
/// must be there if the offer leaves it open. Rounded up, the offer's own amount is just that.
pub(in crate::pos) fn offer_payment(
    request: wire::PayOfferRequest,
    offer: &DecodedOffer,
    idempotency_key: Option<String>,
) -> Result<NewOfferPayment, Invalid> {
    let given = request.amount_sat;
    let given = given.map(|sat| field::amount("amountSat", sat.0));
    let given = given.transpose()?;
    let amount = match (offer.amount, given) {
        (None, None) => {
            let rule = "is required: the offer leaves the amount to the payer";
            return Err(Invalid::new("amountSat", rule));
        }
        (Some(own), Some(sat)) if sat < field::asked_sat(own) => {
            let rule = format!(
                "must be at least what the offer asks for, {}",
                field::asked_sat(own)
            );
            return Err(Invalid::new("amountSat", rule));
        }
        (Some(own), Some(sat)) if sat == field::asked_sat(own) => own,
        (Some(own), None) => own,
        (Some(_) | None, Some(sat)) => sat.to_msat(),
    };
    let note = request.message.filter(|note| !note.is_empty());
    let note = note.map(|note| field::payer_note("message", note));
    let payer_note = note.transpose()?;
    let note = payer_note.as_deref();
    Ok(NewOfferPayment {
        wallet: WalletRef::House,
        origin: Origin::Pos,
        idempotency: idempotency_key.map(|key| idempotency(key, &offer.text, amount, note)),
        offer: offer.text.clone(),
        payer_note,
        amount: Some(amount),
        fee_cap: None,
    })
}

/// What makes two requests the same: the offer, however it is written, the amount and the message.
fn idempotency(
    key: String,
    offer: &str,
    amount: Msat,
    note: Option<&str>,
) -> (IdempotencyKey, RequestHash) {
    let (amount_msat, note) = (amount.get(), note.unwrap_or_default());
    let canonical = format!("payoffer\n{offer}\n{amount_msat}\n{note}");
    let key = IdempotencyKey {
        origin: Origin::Pos,
        wallet: WalletRef::House,
        operation: "payoffer".to_owned(),
        key,
    };
    (key, RequestHash::of(canonical.as_bytes()))
}
