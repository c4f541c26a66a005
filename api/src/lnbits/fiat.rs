//! What amounts of currencies are worth, and what is noted of that in `extra`, under LNbits' names. Owns
//! no prices.

use std::time::Duration;

use serde_json::{Map, Value, json};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till_actors::rates::Rate;

use super::error::Error;
use super::parse::Asked;
use super::{Lnbits, parse_lnurl};

/// How long a price is waited for that is only noted.
const NOTE_WAIT: Duration = Duration::from_secs(1);
/// Digits after the point that LNbits keeps, as a power of ten.
const KEPT: f64 = 1_000.0;
/// Millisatoshis in a satoshi.
const MSAT_PER_SAT: f64 = 1_000.0;

/// An amount in satoshis, and what was noted about its worth.
#[derive(Clone, Debug)]
pub(super) struct Priced {
    /// The amount.
    pub(super) sat: Sat,
    notes: Map<String, Value>,
}

impl Priced {
    /// What is asked for by now, for a wallet that may be shown in a currency. A currency without a
    /// price, or with one that is too old, is refused; where it is only noted it is left out.
    pub(super) async fn new(
        lnbits: &Lnbits,
        asked: Asked,
        shown_in: Option<&str>,
    ) -> Result<Self, Error> {
        let mut notes = Map::new();
        match asked {
            Asked::Sat(sat) => {
                if let Some(code) = shown_in
                    && let Some(rate) = lnbits.service.rate_within(code, NOTE_WAIT).await
                {
                    note(&mut notes, "wallet_", code, rate.units(sat), rate);
                }
                Ok(Self { sat, notes })
            }
            Asked::Fiat { code, units } => {
                let rate = lnbits.service.rate(&code).await;
                let rate = rate.ok_or_else(|| parse_lnurl::no_rate(&code))?;
                let sat = rate
                    .to_msat(units)
                    .and_then(Msat::new)
                    .map(Msat::to_sat_ceil);
                let sat = sat.ok_or_else(|| {
                    let detail = "the amount exceeds all money";
                    Error::field(lnbits.settings.dialect, "amount", detail)
                })?;
                if shown_in == Some(code.as_str()) {
                    note(&mut notes, "wallet_", &code, units, rate);
                    return Ok(Self { sat, notes });
                }
                note(&mut notes, "", &code, units, rate);
                if let Some(code) = shown_in
                    && let Some(rate) = lnbits.service.rate_within(code, NOTE_WAIT).await
                {
                    note(&mut notes, "wallet_", code, rate.units(sat), rate);
                }
                Ok(Self { sat, notes })
            }
        }
    }

    /// Adds what was noted to `extra`.
    pub(super) fn note(&self, meta: &mut Meta) {
        if self.notes.is_empty() {
            return;
        }
        let told = meta.extra.as_deref().map(serde_json::from_str);
        let mut extra: Map<String, Value> = told.and_then(Result::ok).unwrap_or_default();
        extra.extend(self.notes.clone());
        meta.extra = Some(Value::Object(extra).to_string());
    }
}

/// `fiat_currency` and its company, or those of the wallet's own currency: rates are satoshis for a
/// unit, `btc_rate` is units for a bitcoin.
fn note(notes: &mut Map<String, Value>, prefix: &str, code: &str, units: f64, rate: Rate) {
    let units = (units * KEPT).round() / KEPT;
    let sat_per_unit = rate.msat_per_unit / MSAT_PER_SAT;
    for (name, value) in [
        ("fiat_currency", json!(code)),
        ("fiat_amount", json!(units)),
        ("fiat_rate", json!(sat_per_unit)),
        ("btc_rate", json!(rate.price())),
    ] {
        notes.insert(format!("{prefix}{name}"), value);
    }
}
