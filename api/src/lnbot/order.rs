//! From requests to pay to what the service is asked: amounts and texts within their bounds.

use serde_json::json;
use till::id::RequestHash;
use till::ledger::{IdempotencyKey, Origin, WalletRef};
use till::meta::Meta;
use till::money::{Msat, Sat};
use till_actors::service::TargetOrder;

use super::error::Error;
use super::settings::Settings;
use super::wire;

/// The longest key of a caller's, in characters.
const MAX_KEY_CHARS: usize = 128;
/// The longest reference, in characters.
const MAX_REFERENCE_CHARS: usize = 256;
/// What callers' keys are about.
const OPERATION: &str = "payments";

/// The order that a request stands for.
pub(super) fn read(
    wallet: WalletRef,
    request: wire::NewPayment,
    settings: &Settings,
) -> Result<TargetOrder, Error> {
    let target = request.target.trim();
    if target.is_empty() {
        return Err(Error::bad_request("target is missing"));
    }
    let canonical = json!([target, request.amount, request.max_fee, request.reference]);
    let idempotency = request.idempotency_key.map(|key| {
        if key.is_empty() || key.chars().count() > MAX_KEY_CHARS {
            let why = format!("idempotencyKey has 1 to {MAX_KEY_CHARS} characters");
            return Err(Error::bad_request(why));
        }
        let key = IdempotencyKey {
            origin: Origin::Lnbot,
            wallet,
            operation: OPERATION.to_owned(),
            key,
        };
        Ok((key, RequestHash::of(canonical.to_string().as_bytes())))
    });
    let reference = request.reference.filter(|text| !text.is_empty());
    let is_long = |text: &String| text.chars().count() > MAX_REFERENCE_CHARS;
    if reference.as_ref().is_some_and(is_long) {
        let why = format!("reference has at most {MAX_REFERENCE_CHARS} characters");
        return Err(Error::bad_request(why));
    }
    let fee_rule = || Error::bad_request("maxFee must be above zero");
    let max_fee = request.max_fee.map(|fee| sat(fee).ok_or_else(fee_rule));
    Ok(TargetOrder {
        wallet,
        origin: Origin::Lnbot,
        target: target.to_owned(),
        amount: request.amount.map(amount).transpose()?,
        fee_cap: max_fee.transpose()?,
        service_fee_ppm: settings.service_fee_ppm,
        retry_secs: settings.retry_secs,
        idempotency: idempotency.transpose()?,
        meta: Meta {
            external_id: reference,
            ..Meta::default()
        },
    })
}

/// An amount that somebody gives, in sat.
pub(super) fn amount(given: i64) -> Result<Msat, Error> {
    sat(given).ok_or_else(amount_rule)
}

/// What an amount must be.
pub(super) fn amount_rule() -> Error {
    Error::bad_request("amount must be a whole number of sat above zero")
}

fn sat(given: i64) -> Option<Msat> {
    let sat = u64::try_from(given).ok().filter(|sat| *sat > 0)?;
    Sat::new(sat).map(Sat::to_msat)
}
