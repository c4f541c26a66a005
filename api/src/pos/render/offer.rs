//! Offers: our own, and those of others.

use till::offer::Offer;
use till::time::Timestamp;
use till_actors::service::DecodedOffer;

use crate::pos::field::asked_sat;
use crate::pos::wire;

pub(in crate::pos) fn offer_made(offer: &Offer) -> wire::OfferMade {
    wire::OfferMade {
        offer_id: offer.id.to_string(),
        amount_sat: offer.amount.map(|amount| asked_sat(amount).get()),
        description: offer.description.clone(),
        expires_at: offer.expires_at.map(Timestamp::as_millis),
        // BIP 321 names the parameter.
        bip21: format!("bitcoin:?lno={}", offer.text),
        offer: offer.text.clone(),
    }
}

pub(in crate::pos) fn standing_offer(offer: Offer) -> wire::StandingOffer {
    wire::StandingOffer {
        offer_id: offer.id.to_string(),
        offer: offer.text,
    }
}

pub(in crate::pos) fn decoded_offer(
    offer: DecodedOffer,
    chain: &'static str,
) -> wire::DecodedOffer {
    wire::DecodedOffer {
        offer_id: offer.id.to_string(),
        amount_sat: offer.amount.map(|amount| asked_sat(amount).get()),
        description: offer.description,
        issuer: offer.issuer,
        expires_at: offer.expires_at.map(Timestamp::as_millis),
        chain,
        node_id: offer.signing_key,
    }
}
