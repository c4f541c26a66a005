//! Offers (BOLT 12). Times are milliseconds since the epoch.

use serde::{Deserialize, Serialize};

use super::Whole;

/// `POST /wallet/payoffer`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PayOfferRequest {
    pub(crate) amount_sat: Option<Whole>,
    pub(crate) offer: String,
    pub(crate) message: Option<String>,
}

/// `POST /wallet/createoffer`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferRequest {
    pub(crate) amount_sat: Option<Whole>,
    pub(crate) description: Option<String>,
    pub(crate) expiry_seconds: Option<Whole>,
}

/// `POST /wallet/createoffer`, once made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferMade {
    pub(crate) offer: String,
    pub(crate) offer_id: String,
    pub(crate) amount_sat: Option<u64>,
    pub(crate) description: Option<String>,
    pub(crate) expires_at: Option<u64>,
    pub(crate) bip21: String,
}

/// `GET /wallet/getoffer`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StandingOffer {
    pub(crate) offer: String,
    pub(crate) offer_id: String,
}

/// `POST /wallet/decodeoffer`
#[derive(Deserialize)]
pub(crate) struct DecodeOfferRequest {
    pub(crate) offer: String,
}

/// `POST /wallet/decodeoffer`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DecodedOffer {
    pub(crate) offer_id: String,
    pub(crate) amount_sat: Option<u64>,
    pub(crate) description: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) expires_at: Option<u64>,
    pub(crate) chain: &'static str,
    pub(crate) node_id: Option<String>,
}
