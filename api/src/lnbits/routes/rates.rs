//! Currencies and their prices.

use axum::Json;
use axum::extract::{Path, State};

use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, parse_lnurl, wire};

/// `GET /currencies`: those that amounts can be given in.
pub(crate) async fn currencies(State(lnbits): State<Lnbits>) -> Json<Vec<String>> {
    Json(lnbits.service.currencies())
}

/// `GET /rate/{currency}`
pub(crate) async fn rate(
    State(lnbits): State<Lnbits>,
    Path(currency): Path<String>,
) -> Result<Json<wire::Rate>, Error> {
    let rate = lnbits.service.rate(&currency).await;
    let rate = rate.ok_or_else(|| parse_lnurl::no_rate(&currency))?;
    Ok(Json(wire::Rate {
        rate: rate.msat_per_unit / 1_000.0,
        price: rate.price(),
        at: rate.at.as_secs(),
    }))
}
