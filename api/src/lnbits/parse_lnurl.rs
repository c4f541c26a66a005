//! From requests to pay by LNURL to what the service is asked.

use axum::http::Uri;
use serde_json::{Map, Number, Value};
use till::meta::Meta;
use till::money::Msat;
use till_actors::lnurl::{LnurlError, PayRequest};

use super::error::Error;
use super::misfit::{Misfit, ROOT};
use super::wire::PayLnurl;
use super::{Dialect, Lnbits};

/// The longest note of one's own, in bytes.
const MAX_MEMO_BYTES: usize = 639;
/// What a request to pay must have.
const FIELDS: [&str; 4] = ["callback", "minSendable", "maxSendable", "metadata"];
/// Thousandths, in which LNbits' servers take amounts of a currency.
const MILLI: f64 = 1_000.0;

/// What is to be paid: as the request has it, or as its code leads to it.
pub(super) async fn recipient(lnbits: &Lnbits, request: &PayLnurl) -> Result<PayRequest, Error> {
    let dialect = lnbits.settings.dialect;
    if let Some(res) = request.res.clone() {
        return scanned(res).map_err(|misfit| Error::misfit(dialect, misfit));
    }
    if let Some(code) = &request.lnurl {
        return match lnbits.service.lnurl_document(code).await? {
            till_actors::lnurl::Document::Pay(request) => Ok(request),
            till_actors::lnurl::Document::Withdraw(_) => {
                Err(Error::bad_request("The LNURL is not to pay."))
            }
        };
    }
    match (dialect, &request.callback, &request.description_hash) {
        (Dialect::Documented, Some(callback), Some(hash)) => by_callback(callback, hash),
        (Dialect::Documented | Dialect::V1, _, _) => Err(Error::bad_request(
            "Missing LNURL or LnurlPayResponse data.",
        )),
    }
}

/// What a scan answered, and a caller sends back.
fn scanned(res: Map<String, Value>) -> Result<PayRequest, Misfit> {
    let wrong = |place: &[&str]| Misfit::at(place, "value is not valid", "value_error");
    let request = PayRequest::read(res).map_err(|error| match error {
        LnurlError::Wrong(field) if FIELDS.contains(&field) => wrong(&["body", "res", field]),
        LnurlError::Wrong(_)
        | LnurlError::NotAnAddress
        | LnurlError::Outbound(_)
        | LnurlError::Refused(_)
        | LnurlError::Asked(_) => wrong(&["body", "res"]),
    })?;
    let callback = request.callback.parse::<Uri>().ok();
    match callback.is_some_and(|uri| uri.scheme().is_some()) {
        true => Ok(request),
        false => Err(Misfit::url(&["body", "res", "callback", ROOT])),
    }
}

/// The reference's form: whoever scanned has checked the bounds, and tells the description's hash.
fn by_callback(callback: &str, hash: &str) -> Result<PayRequest, Error> {
    let bytes = hex::decode(hash).ok().and_then(|hash| hash.try_into().ok());
    let hash = bytes.ok_or_else(|| {
        let why = "must be 64 hexadecimal digits";
        Error::field(Dialect::Documented, "description_hash", why)
    })?;
    Ok(PayRequest::hashed(callback.to_owned(), hash))
}

/// The amount: in satoshis, or in millisatoshis for `v1`; of a currency where `unit` names one.
pub(super) async fn amount(lnbits: &Lnbits, request: &PayLnurl) -> Result<Msat, Error> {
    let dialect = lnbits.settings.dialect;
    let wrong = || Error::field(dialect, "amount", "must be a number above zero");
    let number = request.amount.as_ref().ok_or_else(wrong)?;
    let unit = request.unit.as_deref().unwrap_or("sat");
    let amount = match (unit.to_ascii_lowercase().as_str(), dialect) {
        ("sat", Dialect::Documented) => whole(number).and_then(|sat| sat.checked_mul(1_000)),
        ("sat", Dialect::V1) | ("msat", _) => whole(number),
        (_, _) => {
            let rate = lnbits.service.rate(unit).await;
            let rate = rate.ok_or_else(|| no_rate(unit))?;
            let units = number.as_f64().ok_or_else(wrong)?;
            let units = match dialect {
                Dialect::Documented => units,
                Dialect::V1 => units / MILLI,
            };
            rate.to_msat(units)
        }
    };
    let amount = amount
        .and_then(Msat::new)
        .filter(|amount| !amount.is_zero());
    amount.ok_or_else(wrong)
}

/// LNbits' words for a currency without a price.
pub(super) fn no_rate(unit: &str) -> Error {
    let unit: String = unit
        .chars()
        .filter(|c| c.is_alphanumeric())
        .take(8)
        .collect();
    Error::bad_request(format!("Could not get exchange rate for {unit}."))
}

fn whole(number: &Number) -> Option<u64> {
    number.as_u64()
}

/// What is kept beside the payment.
pub(super) fn meta(dialect: Dialect, request: &PayLnurl) -> Result<Meta, Error> {
    let memo = request
        .internal_memo
        .clone()
        .or(request.description.clone());
    let memo = memo.filter(|memo| !memo.is_empty());
    if memo
        .as_ref()
        .is_some_and(|memo| memo.len() > MAX_MEMO_BYTES)
    {
        let why = format!("must be at most {MAX_MEMO_BYTES} bytes");
        return Err(Error::field(dialect, "internal_memo", why));
    }
    let comment = request
        .comment
        .as_ref()
        .filter(|comment| !comment.is_empty());
    let mut extra = Map::new();
    extra.extend(comment.map(|comment| ("comment".to_owned(), comment.as_str().into())));
    if let Some((code, units)) = currency(dialect, request) {
        extra.insert("fiat_currency".to_owned(), code.into());
        extra.insert("fiat_amount".to_owned(), units.into());
    }
    Ok(Meta {
        memo,
        extra: (!extra.is_empty()).then(|| Value::Object(extra).to_string()),
        ..Meta::default()
    })
}

/// The currency that the amount is of, and how many units; none for units of bitcoin.
fn currency(dialect: Dialect, request: &PayLnurl) -> Option<(&str, f64)> {
    let unit = request.unit.as_deref()?;
    if ["sat", "msat"]
        .iter()
        .any(|own| unit.eq_ignore_ascii_case(own))
    {
        return None;
    }
    let units = request.amount.as_ref()?.as_f64()?;
    match dialect {
        Dialect::Documented => Some((unit, units)),
        Dialect::V1 => Some((unit, units / MILLI)),
    }
}
