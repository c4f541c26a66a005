//! What the customer pays and is paid.

use axum::Json;
use axum::extract::State;

use super::error::ControlError;
use super::input::{Input, msat};
use super::wire::{Hash, Invoice, NewInvoice, NewOffer, Offer, Paid, Pay};
use crate::peer;
use crate::world::World;

/// Lifetime of an invoice that does not name one.
const DEFAULT_EXPIRY_SECS: u32 = 3600;

pub(super) async fn pay(
    State(world): State<World>,
    Input(wanted): Input<Pay>,
) -> Result<Json<Paid>, ControlError> {
    let amount = msat(wanted.amount_sat)?;
    let customer = world.customer();
    let paid = match (wanted.invoice, wanted.offer) {
        (Some(invoice), None) => customer.pay(&invoice, amount).await?,
        (None, Some(offer)) => {
            customer
                .pay_offer(&offer, amount, wanted.payer_note)
                .await?
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(ControlError::bad_input("give either invoice or offer"));
        }
    };
    Ok(Json(Paid {
        payment_hash: paid.payment_hash,
        preimage: paid.preimage,
        fee_msat: paid.fee_msat,
    }))
}

pub(super) async fn invoice(
    State(world): State<World>,
    Input(wanted): Input<NewInvoice>,
) -> Result<Json<Invoice>, ControlError> {
    let expiry_secs = wanted.expiry_seconds.unwrap_or(DEFAULT_EXPIRY_SECS);
    if expiry_secs == 0 {
        return Err(ControlError::bad_input("expirySeconds must be at least 1"));
    }
    let wanted = peer::NewInvoice {
        amount_msat: msat(wanted.amount_sat)?,
        memo: wanted.memo,
        expiry_secs,
        hold: wanted.hold,
    };
    let made = world.customer().invoice(wanted).await?;
    Ok(Json(Invoice {
        invoice: made.bolt11,
        payment_hash: made.payment_hash,
    }))
}

pub(super) async fn settle(
    State(world): State<World>,
    Input(hash): Input<Hash>,
) -> Result<Json<Hash>, ControlError> {
    world.customer().settle(&hash.payment_hash).await?;
    Ok(Json(hash))
}

pub(super) async fn cancel(
    State(world): State<World>,
    Input(hash): Input<Hash>,
) -> Result<Json<Hash>, ControlError> {
    world.customer().cancel(&hash.payment_hash).await?;
    Ok(Json(hash))
}

pub(super) async fn offer(
    State(world): State<World>,
    Input(wanted): Input<NewOffer>,
) -> Result<Json<Offer>, ControlError> {
    let offer = world.customer().offer(msat(wanted.amount_sat)?).await?;
    Ok(Json(Offer { offer }))
}
