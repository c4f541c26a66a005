//! What a value has to satisfy beyond its type: ranges with their unit, and a few checks.
//!
//! Rules see one value at a time; what two values say together is checked in [`super::check`].

use std::{fmt::Display, ops::RangeInclusive};

use super::value::Value;

/// A condition on a value, and the words for it.
pub(crate) struct Rule<T> {
    /// Completes "must be ...".
    pub(crate) expects: String,
    /// Whether the value is good.
    pub(crate) accepts: Box<dyn Fn(&T) -> bool>,
}

/// Whatever the type allows.
pub(crate) fn any<T: Value>() -> Rule<T> {
    Rule {
        expects: T::expects(),
        accepts: Box::new(|_| true),
    }
}

/// A whole number of some unit.
pub(crate) fn within<T>(range: RangeInclusive<T>, unit: &str) -> Rule<T>
where
    T: Value + PartialOrd + Display + 'static,
{
    let expects = format!(
        "a whole number of {unit} from {} to {}",
        range.start(),
        range.end()
    );
    Rule {
        expects,
        accepts: Box::new(move |value| range.contains(value)),
    }
}

/// Longest node alias (BOLT 7), in bytes.
const MAX_ALIAS_BYTES: usize = 32;

/// A node alias: what BOLT 7 has room for, and fit to be shown.
pub(crate) fn alias() -> Rule<String> {
    Rule {
        expects: format!("a text of 1 to {MAX_ALIAS_BYTES} bytes without control characters"),
        accepts: Box::new(|alias| {
            (1..=MAX_ALIAS_BYTES).contains(&alias.len()) && !alias.contains(char::is_control)
        }),
    }
}

/// A filter that the log understands.
pub(crate) fn log_filter() -> Rule<String> {
    Rule {
        expects: "a log filter like \"info\" or \"info,tilld=debug\"".to_owned(),
        accepts: Box::new(|filter| tracing_subscriber::EnvFilter::try_new(filter).is_ok()),
    }
}

/// The price of one bitcoin in a currency, written like `EUR=50000`.
pub(crate) fn price(text: &str) -> Option<(String, f64)> {
    let (code, price) = text.split_once('=')?;
    let (code, price) = (code.trim().to_ascii_uppercase(), price.trim().parse().ok()?);
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_code && price > 0.0 && f64::is_finite(price)).then_some((code, price))
}

/// Prices in sat that anybody could have.
pub(crate) fn vanity_prices() -> Rule<Vec<u64>> {
    let all = ..=2_100_000_000_000_000_u64;
    Rule {
        expects: "a list of prices in sat".to_owned(),
        accepts: Box::new(move |prices: &Vec<u64>| prices.iter().all(|price| all.contains(price))),
    }
}

/// Prices as [`price`] reads them.
pub(crate) fn prices() -> Rule<Vec<String>> {
    Rule {
        expects: "a list of prices like \"EUR=50000\"".to_owned(),
        accepts: Box::new(|prices: &Vec<String>| prices.iter().all(|text| price(text).is_some())),
    }
}
