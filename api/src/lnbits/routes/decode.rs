//! What payment requests say, and what paying them would need. For whoever asks: nothing here is
//! anybody's.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bitcoin::bech32::primitives::decode::CheckedHrpstring;
use bitcoin::bech32::{Bech32, Hrp};
use serde_json::{Map, Value, json};
use till::money::Msat;

use crate::lnbits::body::{Asked, Body};
use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, parse, render, wire};

/// The longest text that is looked at, in bytes.
const MAX_TEXT_BYTES: usize = 8_192;

/// `POST /payments/decode`: BOLT 11, BOLT 12, LNURL (LUD-01) and Lightning addresses (LUD-16).
pub(crate) async fn decode(
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::Decode>,
) -> Result<Response, Error> {
    let text = parse::pasted(&request.data);
    let fields = match fields(&lnbits, text) {
        Ok(fields) => fields,
        Err(why) => {
            let why = format!("Failed to decode: {why}");
            let body = json!({"message": why, "detail": why});
            return Ok((StatusCode::BAD_REQUEST, Json(body)).into_response());
        }
    };
    let wanted = request.filter_fields.unwrap_or_default();
    let shown: Map<String, Value> = fields
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.contains(name))
        .collect();
    Ok(Json(shown).into_response())
}

fn fields(lnbits: &Lnbits, text: &str) -> Result<Map<String, Value>, String> {
    if text.len() > MAX_TEXT_BYTES {
        return Err("it is too long".to_owned());
    }
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("lnurl1") {
        return lnurl(text).map(|url| render::lnurl(&url));
    }
    if lower.starts_with("lno1") {
        let offer = lnbits.service.decode_offer(text);
        return offer
            .map(|offer| render::offer(&offer))
            .map_err(|error| error.to_string());
    }
    if let Some((name, host)) = lower.split_once('@') {
        return address(name, host).map(|url| render::lnurl(&url));
    }
    let details = lnbits.service.bolt11_details(text);
    details
        .map(|details| render::bolt11(&details))
        .map_err(|error| error.to_string())
}

/// The URL in an LNURL.
fn lnurl(text: &str) -> Result<String, String> {
    let read = CheckedHrpstring::new::<Bech32>(text).map_err(|error| error.to_string())?;
    let is_lnurl = Hrp::parse("lnurl").is_ok_and(|hrp| read.hrp() == hrp);
    let url = String::from_utf8(read.byte_iter().collect());
    match url {
        Ok(url) if is_lnurl => Ok(url),
        Ok(_) | Err(_) => Err("it is no LNURL".to_owned()),
    }
}

/// The URL that a Lightning address stands for.
fn address(name: &str, host: &str) -> Result<String, String> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    let of_host = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    let fits = !name.is_empty() && name.chars().all(of_name);
    if !fits || host.is_empty() || !host.chars().all(of_host) {
        return Err("it is no Lightning address".to_owned());
    }
    let is_onion = host
        .split(':')
        .next()
        .is_some_and(|host| host.ends_with(".onion"));
    let scheme = if is_onion { "http" } else { "https" };
    Ok(format!("{scheme}://{host}/.well-known/lnurlp/{name}"))
}

/// `GET /payments/fee-reserve`: what paying an invoice would set aside for routing.
pub(crate) async fn fee_reserve(
    State(lnbits): State<Lnbits>,
    Asked(query): Asked<wire::FeeReserveQuery>,
) -> Result<Json<wire::FeeReserve>, Error> {
    let bad = |detail: &str| Error::new(StatusCode::BAD_REQUEST, detail);
    let text = query.invoice.unwrap_or_default();
    let details = lnbits.service.bolt11_details(parse::pasted(&text));
    let details = details.map_err(|_| bad("Bolt11 decoding failed."))?;
    let amount = details
        .amount
        .ok_or_else(|| bad("Invoice has no amount."))?;
    let reserve = lnbits.service.fee_reserve(amount);
    let reserve = reserve.ok_or_else(|| bad("the amount exceeds all money"))?;
    Ok(Json(wire::FeeReserve {
        fee_reserve: Msat::get(reserve),
    }))
}
