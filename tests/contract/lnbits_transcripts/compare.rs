//! Whether an answer is the recorded one, but for what no two servers have in common. Owns what counts
//! as volatile; fields that only ours has are no difference.

use std::fmt;

use serde_json::Value;

/// What became of a call.
#[derive(Debug)]
pub enum Outcome {
    /// Status and answer are as recorded.
    Same,
    /// They are not: our status, and all that differs.
    Differs(u16, Vec<Difference>),
    /// There is no such route here, or none to log in with.
    Missing,
}

/// What is not as recorded.
pub struct Difference {
    /// The field's path; a list's rows are `[]`.
    pub at: String,
    /// What stands there.
    pub why: String,
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.why)
    }
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

/// Texts that may be missing on either side: real servers show the preimage of an invoice that nobody has
/// paid, and whether a webhook has been called yet is a matter of time.
const MAY_BE_NULL: [&str; 2] = ["preimage", "webhook_status"];
/// The path of an answer as a whole.
const WHOLE: &str = ".";
/// By what a row of a list is known.
const IDENTITIES: [&str; 5] = ["checking_id", "request_id", "wallet_id", "id", "field"];

/// Ids and keys have at least so many hexadecimal digits.
const NAME_LEN: usize = 32;

/// Whether an answer says that there is no such route.
pub fn is_missing(status: u16, ours: &Value) -> bool {
    let detail = ours["detail"].as_str();
    (status == 404 && detail == Some("Not Found"))
        || (status == 405 && detail == Some("Method Not Allowed"))
}

/// All differences. `ours_for` tells what a recorded name is called here.
pub fn differences(
    recorded: &Value,
    ours: &Value,
    ours_for: &dyn Fn(&str) -> String,
) -> Vec<Difference> {
    let mut compared = Compared {
        ours_for,
        found: Vec::new(),
    };
    compared.value(String::new(), "", recorded, ours);
    compared.found
}

struct Compared<'a> {
    ours_for: &'a dyn Fn(&str) -> String,
    found: Vec<Difference>,
}

impl Compared<'_> {
    fn differs(&mut self, at: String, why: String) {
        let at = if at.is_empty() { WHOLE.to_owned() } else { at };
        self.found.push(Difference { at, why });
    }

    fn value(&mut self, at: String, field: &str, recorded: &Value, ours: &Value) {
        let is_text = |value: &Value| value.is_null() || value.is_string();
        if MAY_BE_NULL.contains(&field) && is_text(recorded) && is_text(ours) {
            return;
        }
        if kind(recorded) != kind(ours) {
            let why = format!("{} is {}", kind(recorded), shortened(ours));
            return self.differs(at, why);
        }
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                for (name, value) in recorded {
                    let at = format!("{at}.{name}");
                    match ours.get(name) {
                        Some(other) => self.value(at, name, value, other),
                        None => self.differs(at, "is absent".to_owned()),
                    }
                }
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                self.rows(format!("{at}[]"), field, recorded, ours);
            }
            (recorded, ours) if !self.is_same(field, recorded, ours) => {
                self.differs(
                    at,
                    format!("{} is {}", shortened(recorded), shortened(ours)),
                );
            }
            (_, _) => {}
        }
    }

    /// Lists are as long as their histories, which are not the same: the first recorded row is compared
    /// with the same one of ours, and the order of all that both have.
    fn rows(&mut self, at: String, field: &str, recorded: &[Value], ours: &[Value]) {
        match (recorded.first(), ours.first()) {
            (Some(one), Some(first)) => {
                let Some(name) = self.name_here(one) else {
                    return self.value(at, field, one, first);
                };
                if !is_called(first, &name) {
                    self.differs(at.clone(), "another row is the first".to_owned());
                }
                let known = recorded.iter().filter_map(|row| self.name_here(row));
                let places =
                    known.filter_map(|name| ours.iter().position(|row| is_called(row, &name)));
                if !places.is_sorted() {
                    self.differs(at.clone(), "its rows have another order".to_owned());
                }
                match ours.iter().find(|row| is_called(row, &name)) {
                    Some(same) => self.value(at, field, one, same),
                    None => self.shape(&at, one, first),
                }
            }
            (None, None) => {}
            (Some(_), None) => self.differs(at, "is empty".to_owned()),
            (None, Some(_)) => self.differs(at, "is not empty".to_owned()),
        }
    }

    /// Another row has at least the same fields.
    fn shape(&mut self, at: &str, recorded: &Value, ours: &Value) {
        for (name, _) in recorded.as_object().into_iter().flatten() {
            if ours.get(name).is_none() {
                self.differs(format!("{at}.{name}"), "is absent".to_owned());
            }
        }
    }

    /// What a recorded row is called here, if it was met before.
    fn name_here(&self, recorded: &Value) -> Option<(&'static str, String)> {
        let mut fields = IDENTITIES.into_iter();
        let found = fields.find_map(|field| Some((field, recorded[field].as_str()?)));
        let (field, recorded) = found?;
        let ours = (self.ours_for)(recorded);
        (ours != recorded).then_some((field, ours))
    }

    fn is_same(&self, field: &str, recorded: &Value, ours: &Value) -> bool {
        match (recorded, ours) {
            (Value::String(recorded), Value::String(ours)) => {
                VOLATILE.contains(&field) || self.is_same_text(recorded, ours)
            }
            (Value::Number(recorded), Value::Number(ours)) => {
                !EXACT.contains(&field) || recorded.as_f64() == ours.as_f64()
            }
            (recorded, ours) => recorded == ours,
        }
    }

    fn is_same_text(&self, recorded: &str, ours: &str) -> bool {
        let known = (self.ours_for)(recorded);
        let is_new = known == recorded && is_name(recorded) && recorded.len() == ours.len();
        known == ours || (is_new && is_name(ours))
    }
}

fn is_called(row: &Value, (field, name): &(&'static str, String)) -> bool {
    row[*field].as_str() == Some(name)
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
