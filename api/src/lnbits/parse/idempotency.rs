//! Keys that make a repeat of a request the same request. Owns how long they are, and what of a request
//! counts.

use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use till::id::RequestHash;
use till::ledger::{IdempotencyKey, Origin, WalletRef};

use super::pasted;
use crate::lnbits::error::Error;
use crate::lnbits::wire;

/// The header.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest such key, in bytes.
const MAX_IDEMPOTENCY_KEY_BYTES: usize = 128;
/// What a key is for. Invoices and payments are made by one route, so a key stands for one of them.
const OPERATION: &str = "payments";
/// The same where somebody's LNURL is paid.
const LNURL_OPERATION: &str = "payments/lnurl";

/// A caller's key, and the digest of what was asked for under it.
type Keyed = Option<(IdempotencyKey, RequestHash)>;

/// The caller's key of `POST /payments`, with everything that was asked for under it.
pub(in crate::lnbits) fn keyed(
    headers: &HeaderMap,
    wallet: WalletRef,
    request: &wire::CreatePayment,
) -> Result<Keyed, Error> {
    let bolt11 = request.bolt11.as_deref().map(pasted);
    // The same request, however its fields were ordered, and its invoice was pasted.
    let same = wire::CreatePayment {
        out: Some(request.out.unwrap_or(true)),
        bolt11: bolt11.map(str::to_ascii_lowercase),
        ..request.clone()
    };
    under(headers, wallet, OPERATION, &same)
}

/// The same of `POST /payments/lnurl`.
pub(in crate::lnbits) fn keyed_lnurl(
    headers: &HeaderMap,
    wallet: WalletRef,
    request: &wire::PayLnurl,
) -> Result<Keyed, Error> {
    under(headers, wallet, LNURL_OPERATION, request)
}

fn under(
    headers: &HeaderMap,
    wallet: WalletRef,
    operation: &str,
    request: &impl Serialize,
) -> Result<Keyed, Error> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let fits = (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len());
    let Some(key) = key.to_str().ok().filter(|_| fits) else {
        let detail = format!(
            "Idempotency-Key must be 1 to {MAX_IDEMPOTENCY_KEY_BYTES} visible ASCII characters"
        );
        return Err(Error::new(StatusCode::BAD_REQUEST, detail));
    };
    let body = serde_json::to_string(request).map_err(|error| Error::internal(&error))?;
    let canonical = format!("{operation}\n{body}");
    let key = IdempotencyKey {
        origin: Origin::Lnbits,
        wallet,
        operation: operation.to_owned(),
        key: key.to_owned(),
    };
    Ok(Some((key, RequestHash::of(canonical.as_bytes()))))
}
