//! Offers (BOLT 12): paid, made, shown, decoded. What a caller is told of a payment is the same as of one
//! to an invoice.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use till::ledger::{Origin, WalletRef};
use till_actors::service::ServiceError;

use super::payments::{answer, pending};
use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::error::Error;
use crate::pos::extract::{Body, Idempotency, WantsText};
use crate::pos::{parse, render, wire};

/// `POST /wallet/payoffer`
pub(crate) async fn pay(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Idempotency(key): Idempotency,
    Body(request): Body<wire::PayOfferRequest>,
) -> Result<Response, Error> {
    let offer = pos.service.decode_offer(parse::pasted(&request.offer))?;
    let order = parse::offer_payment(request, &offer, key)?;
    let wait = pos.settings.payment_wait;
    match pos.service.pay_offer(order, wait).await {
        Ok(payment) => answer(&payment),
        Err(ServiceError::Unknown) => Ok(pending(None, None)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /wallet/createoffer`
pub(crate) async fn create(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Body(request): Body<wire::OfferRequest>,
) -> Result<Json<wire::OfferMade>, Error> {
    let wanted = parse::new_offer(request)?;
    let offer = pos.service.create_offer(wanted).await?;
    Ok(Json(render::offer_made(&offer)))
}

/// `GET /wallet/getoffer`
pub(crate) async fn standing(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    WantsText(text): WantsText,
) -> Result<Response, Error> {
    let offer = pos.service.standing_offer(WalletRef::House, Origin::Pos);
    let offer = render::standing_offer(offer.await?);
    Ok(if text {
        offer.offer.into_response()
    } else {
        Json(offer).into_response()
    })
}

/// `POST /wallet/decodeoffer`
pub(crate) async fn decode(
    _wallet: WalletAdmin,
    State(pos): State<Pos>,
    Body(request): Body<wire::DecodeOfferRequest>,
) -> Result<Json<wire::DecodedOffer>, Error> {
    let offer = pos.service.decode_offer(parse::pasted(&request.offer))?;
    Ok(Json(render::decoded_offer(offer, pos.service.network())))
}
