//! What callers tell about invoices and payments beside money. Owns its bounds.

use serde_json::{Map, Value};
use till::meta::Meta;

use super::given;
use crate::lnbits::error::Error;
use crate::lnbits::{Dialect, wire};

/// The longest memo, in characters.
const MAX_MEMO_CHARS: usize = 640;
/// The longest `extra`, in bytes of JSON.
const MAX_EXTRA_BYTES: usize = 8_192;
/// The longest tag, in bytes.
const MAX_TAG_BYTES: usize = 64;
/// Labels of one payment at most.
const MAX_LABELS: usize = 32;
/// The longest label, in bytes.
const MAX_LABEL_BYTES: usize = 64;
/// The longest reference of a caller's, in characters.
const MAX_EXTERNAL_ID_CHARS: usize = 256;

/// What a request tells about what it asks for.
pub(super) fn meta(dialect: Dialect, request: &mut wire::CreatePayment) -> Result<Meta, Error> {
    let memo = given(request.memo.take());
    let is_long = |memo: &String| memo.chars().count() > MAX_MEMO_CHARS;
    if memo.as_ref().is_some_and(is_long) {
        let rule = format!("ensure this value has at most {MAX_MEMO_CHARS} characters");
        return Err(Error::field(dialect, "memo", rule));
    }
    let extra = match request.extra.take() {
        None | Some(Value::Null) => Map::new(),
        Some(value) => extra(dialect, value)?,
    };
    let tag = extra.get("tag").and_then(Value::as_str).map(str::to_owned);
    if tag.as_ref().is_some_and(|tag| tag.len() > MAX_TAG_BYTES) {
        let rule = format!("ensure its tag has at most {MAX_TAG_BYTES} bytes");
        return Err(Error::field(dialect, "extra", rule));
    }
    let labels = request.labels.take().unwrap_or_default();
    let webhook_url = given(request.webhook.take());
    Ok(Meta {
        memo,
        extra: (!extra.is_empty()).then(|| Value::Object(extra).to_string()),
        tag,
        extension: None,
        labels: self::labels(dialect, labels)?,
        external_id: external_id(dialect, request.external_id.take())?,
        webhook_url,
        webhook_status: None,
        success_action: None,
    })
}

/// A JSON object of a caller's.
pub(in crate::lnbits) fn extra(
    dialect: Dialect,
    value: Value,
) -> Result<Map<String, Value>, Error> {
    let is_long = value.to_string().len() > MAX_EXTRA_BYTES;
    match value {
        Value::Object(_) if is_long => {
            let rule = format!("ensure this value has at most {MAX_EXTRA_BYTES} bytes of JSON");
            Err(Error::field(dialect, "extra", rule))
        }
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Error::field(dialect, "extra", "value is not a valid dict"))
        }
    }
}

/// What a caller sorts a payment under.
pub(in crate::lnbits) fn labels(
    dialect: Dialect,
    labels: Vec<String>,
) -> Result<Vec<String>, Error> {
    let fits = |label: &String| (1..=MAX_LABEL_BYTES).contains(&label.len());
    if labels.len() > MAX_LABELS || !labels.iter().all(fits) {
        let rule = format!("at most {MAX_LABELS} labels of 1 to {MAX_LABEL_BYTES} bytes");
        return Err(Error::field(dialect, "labels", rule));
    }
    Ok(labels)
}

fn external_id(dialect: Dialect, text: Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    let is_long = text.chars().count() > MAX_EXTERNAL_ID_CHARS;
    if is_long || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let rule = format!(
            "Invalid external id. Max length is {MAX_EXTERNAL_ID_CHARS} characters. Space and \
             newlines are not allowed."
        );
        return Err(Error::field(dialect, "external_id", rule));
    }
    Ok(Some(text))
}
