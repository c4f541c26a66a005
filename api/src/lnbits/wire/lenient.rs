//! Values as LNbits' own validator takes them: a truth as a number or a word, a number as a text, a text
//! as a number. Clients send such, and their servers have always understood. Owns which are understood.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Words for yes and no.
const YES: [&str; 6] = ["true", "1", "yes", "y", "on", "t"];
const NO: [&str; 6] = ["false", "0", "no", "n", "off", "f"];

/// `true`, `1`, `"true"`, `"yes"`, and so on.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    let word = match Option::<Value>::deserialize(from)? {
        None => return Ok(None),
        Some(Value::Bool(told)) => return Ok(Some(told)),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(word)) => word.to_lowercase(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => String::new(),
    };
    match (YES.contains(&word.as_str()), NO.contains(&word.as_str())) {
        (true, _) => Ok(Some(true)),
        (false, true) => Ok(Some(false)),
        (false, false) => Err(D::Error::custom("expected a boolean")),
    }
}

/// `3600`, `"3600"` or `3600.0`.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let written = match Option::<Value>::deserialize(from)? {
        None => return Ok(None),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => String::new(),
    };
    let whole = written.strip_suffix(".0").unwrap_or(&written);
    let whole = whole
        .parse()
        .map_err(|_| D::Error::custom("expected i64"))?;
    Ok(Some(whole))
}

/// A text, or a number as it was written.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err(D::Error::custom("expected a string"))
        }
    }
}
