//! Whether an answer is the recorded one, but for what no two servers have in common. Owns what counts
//! as volatile; fields that only ours has are no difference.

use serde_json::Value;

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Status and answer are as recorded.
    Same,
    /// They are not: our status, and what differs first.
    Differs(u16, String),
    /// There is no such route here, or none to log in with.
    Missing,
}

/// Fields whose values depend on the time or on the server; only their kind is compared.
const VOLATILE: [&str; 16] = [
    "expiry",
    "time",
    "created_at",
    "updated_at",
    "date",
    "server_time",
    "up_time",
    "up_time_seconds",
    "version",
    "bolt11",
    "payment_request",
    "access_token",
    "lightning_address",
    "webhook_status",
    "signature",
    "secret",
];
/// Numbers that have to be right; others depend on what happened before.
const EXACT: [&str; 4] = ["amount", "fee", "amount_msat", "fee_reserve"];

/// Ids and keys have at least so many hexadecimal digits.
const NAME_LEN: usize = 32;

/// Whether an answer says that there is no such route.
pub fn is_missing(status: u16, ours: &Value) -> bool {
    let detail = ours["detail"].as_str();
    (status == 404 && detail == Some("Not Found"))
        || (status == 405 && detail == Some("Method Not Allowed"))
}

/// The first difference, if there is one. `ours_for` tells what a recorded name is called here.
pub fn difference(
    recorded: &Value,
    ours: &Value,
    ours_for: &dyn Fn(&str) -> String,
) -> Option<String> {
    differs("", "", recorded, ours, ours_for)
}

fn differs(
    path: &str,
    field: &str,
    recorded: &Value,
    ours: &Value,
    ours_for: &dyn Fn(&str) -> String,
) -> Option<String> {
    // Real servers show the preimage of an invoice that nobody has paid.
    if field == "preimage" && (ours.is_null() || ours.is_string()) {
        return None;
    }
    if kind(recorded) != kind(ours) {
        return Some(format!("{path}: {} is {}", kind(recorded), shortened(ours)));
    }
    let is_same = match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            return recorded.iter().find_map(|(name, value)| {
                let at = format!("{path}.{name}");
                match ours.get(name) {
                    Some(other) => differs(&at, name, value, other, ours_for),
                    None => Some(format!("{at} is absent")),
                }
            });
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            return match (recorded.first(), ours.first()) {
                (Some(one), Some(other)) => {
                    differs(&format!("{path}[0]"), field, one, other, ours_for)
                }
                (None, None) => None,
                (Some(_), None) => Some(format!("{path} is empty")),
                (None, Some(_)) => Some(format!("{path} is not empty")),
            };
        }
        (Value::String(recorded), Value::String(ours)) => {
            let known = ours_for(recorded);
            let is_new = known == *recorded && is_name(recorded) && recorded.len() == ours.len();
            VOLATILE.contains(&field) || known == *ours || (is_new && is_name(ours))
        }
        (Value::Number(recorded), Value::Number(ours)) => {
            !EXACT.contains(&field) || recorded.as_f64() == ours.as_f64()
        }
        (recorded, ours) => recorded == ours,
    };
    let why = || format!("{path}: {} is {}", shortened(recorded), shortened(ours));
    (!is_same).then(why)
}

/// Whether a text is an id or a key: one that was never met before has no counterpart here.
fn is_name(text: &str) -> bool {
    text.len() >= NAME_LEN && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
