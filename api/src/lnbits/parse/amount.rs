//! Amounts as callers write them: numbers and texts, in several units. Exact: no floating point is
//! involved, a number counts as it is written.

use serde_json::Value;
use till::money::{Msat, Sat};

use crate::lnbits::Dialect;
use crate::lnbits::error::Error;

/// Digits of a number at most, and of its power of ten: far more than all money needs.
const MAX_DIGITS: usize = 30;
/// Powers of ten from a bitcoin to a millisatoshi.
const BTC_TO_MSAT: i32 = 11;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lnbits) enum Asked {
    /// Whole satoshis.
    Sat(Sat),
    /// So many units of a currency.
    Fiat {
        /// Its code, as ISO 4217 writes it.
        code: String,
        /// How many. A price, not money: it becomes money by a rate, rounded up to a satoshi.
        units: f64,
    },
}

/// What is asked for; other units of bitcoin are rounded up to a satoshi.
pub(in crate::lnbits) fn amount(
    dialect: Dialect,
    amount: Option<&Value>,
    unit: Option<&str>,
) -> Result<Asked, Error> {
    let wrong = |why: &str| Error::field(dialect, "amount", why);
    let written = match amount {
        None | Some(Value::Null) => return Err(wrong("field required")),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(wrong("value is not a valid number"));
        }
    };
    if written.starts_with('-') {
        return Err(wrong("ensure this value is greater than 0"));
    }
    let decimal = Decimal::parse(&written).ok_or_else(|| wrong("value is not a valid number"))?;
    let too_large = || wrong("the amount exceeds all money");
    let sat = match unit.unwrap_or("sat").to_ascii_lowercase().as_str() {
        "sat" => {
            let sat = decimal.whole().ok_or_else(|| {
                wrong("must be a whole number of satoshis: there is nothing below them here")
            })?;
            Sat::new(sat).ok_or_else(too_large)?
        }
        "msat" => decimal.msat(0).ok_or_else(too_large)?.to_sat_ceil(),
        "btc" => decimal
            .msat(BTC_TO_MSAT)
            .ok_or_else(too_large)?
            .to_sat_ceil(),
        unit if is_currency(unit) => {
            let units: f64 = written.parse().unwrap_or(0.0);
            if units <= 0.0 {
                return Err(wrong("Amountless invoices not supported."));
            }
            let code = unit.to_ascii_uppercase();
            return Ok(Asked::Fiat { code, units });
        }
        _ => {
            let detail = "The provided unit is not supported";
            return Err(Error::field(dialect, "unit", detail));
        }
    };
    if sat == Sat::ZERO {
        return Err(wrong("Amountless invoices not supported."));
    }
    Ok(Asked::Sat(sat))
}

fn is_currency(unit: &str) -> bool {
    unit.len() == 3 && unit.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Digits and a power of ten.
#[derive(Clone, Copy, Debug)]
struct Decimal {
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// `12`, `1.50`, `1e-8`.
    fn parse(text: &str) -> Option<Self> {
        let (number, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all = format!("{whole}{fraction}");
        let fits = (1..=MAX_DIGITS).contains(&all.len());
        if !fits || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let power: i32 = power.parse().ok()?;
        let behind = i32::try_from(fraction.len()).ok()?;
        let limit = i32::try_from(MAX_DIGITS).ok()?;
        let exponent = power.checked_sub(behind)?;
        (-limit..=limit).contains(&exponent).then_some(())?;
        Some(Self {
            digits: all.parse().ok()?,
            exponent,
        })
    }

    /// The number, if nothing is behind the point.
    fn whole(self) -> Option<u64> {
        let (whole, rest) = self.shifted(0)?;
        (rest == 0).then(|| u64::try_from(whole).ok()).flatten()
    }

    /// So many times ten to the power of `by`, rounded up.
    fn msat(self, by: i32) -> Option<Msat> {
        let (whole, rest) = self.shifted(by)?;
        let whole = whole.checked_add(u128::from(rest > 0))?;
        u64::try_from(whole).ok().and_then(Msat::new)
    }

    /// The whole part, and what is left.
    fn shifted(self, by: i32) -> Option<(u128, u128)> {
        let exponent = self.exponent.checked_add(by)?;
        let power = 10_u128.checked_pow(exponent.unsigned_abs())?;
        if exponent >= 0 {
            return Some((self.digits.checked_mul(power)?, 0));
        }
        Some((self.digits / power, self.digits % power))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value, unit: &str) -> Option<u64> {
        match amount(Dialect::V1, Some(&value), Some(unit)) {
            Ok(Asked::Sat(sat)) => Some(sat.get()),
            Ok(Asked::Fiat { .. }) | Err(_) => None,
        }
    }

    #[test]
    fn amounts_count_as_they_are_written() {
        let cases = [
            (json!(7), "sat", Some(7)),
            (json!("7"), "sat", Some(7)),
            (json!(7.0), "SAT", Some(7)),
            (json!("1e3"), "sat", Some(1_000)),
            (json!(1.9), "sat", None),
            (json!(0.5), "sat", None),
            (json!(0), "sat", None),
            (json!(-5), "sat", None),
            (json!("abc"), "sat", None),
            (json!(""), "sat", None),
            (json!("."), "sat", None),
            (json!(true), "sat", None),
            (json!(1_000), "msat", Some(1)),
            (json!(1_001), "msat", Some(2)),
            (json!(0.5), "msat", Some(1)),
            (json!(0), "msat", None),
            (json!(0.000_000_01), "btc", Some(1)),
            (json!("0.000000011"), "btc", Some(2)),
            (json!(1), "btc", Some(100_000_000)),
            (json!(99_999_999), "btc", None),
            (json!("1e400"), "sat", None),
            (json!("1e2147483647"), "sat", None),
            (json!(10), "zloty", None),
        ];
        for (value, unit, sat) in cases {
            assert_eq!(read(value.clone(), unit), sat, "{value} {unit}");
        }
    }

    #[test]
    fn amounts_of_a_currency_are_above_zero() {
        let fiat = |value| amount(Dialect::V1, Some(&value), Some("eur")).ok();
        let (code, units) = ("EUR".to_owned(), 4.5);
        assert_eq!(fiat(json!(4.5)), Some(Asked::Fiat { code, units }));
        for bad in [
            json!(0),
            json!("0.00"),
            json!(-1),
            json!("abc"),
            json!("inf"),
        ] {
            assert_eq!(fiat(bad.clone()), None, "{bad}");
        }
    }
}
