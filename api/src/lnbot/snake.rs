//! Keys as streams and webhooks write them: `tx_number`, where answers have `txNumber`. Owns the
//! conversion of names; values are left alone.

use serde_json::Value;

/// The same with every key in snake_case, at every depth.
pub(crate) fn snake_case(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let renamed = fields.into_iter();
            Value::Object(
                renamed
                    .map(|(key, value)| (snake(&key), snake_case(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(snake_case).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_change_at_every_depth_and_values_never() {
        let camel = json!({"txNumber": 1, "bolt11": "lnbcA", "data": [{"maxFee": {"settledAt": "inFlight"}}]});
        let snake = json!({"tx_number": 1, "bolt11": "lnbcA", "data": [{"max_fee": {"settled_at": "inFlight"}}]});
        assert_eq!(snake_case(camel), snake);
        assert_eq!(snake_case(snake.clone()), snake, "twice changes nothing");
    }
}
