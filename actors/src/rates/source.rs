//! Where prices come from: a table, or somebody's HTTP answer in JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::outbound::{Outbound, Request};

/// What stands for the currency's code in an address and in a pointer.
const PLACE: &str = "{currency}";

/// Where prices come from: units of a currency for one bitcoin.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RateSource {
    /// Nowhere: amounts are in satoshis.
    #[default]
    None,
    /// A table, by code.
    Fixed(BTreeMap<String, f64>),
    /// An HTTP answer in JSON.
    Http {
        /// The address, with `{currency}` where the code goes, if it goes there.
        url: String,
        /// Where in the answer the price is (RFC 6901), likewise.
        pointer: String,
        /// The codes that may be asked for.
        currencies: Vec<String>,
    },
}

impl RateSource {
    pub(super) fn currencies(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Fixed(prices) => prices.keys().cloned().collect(),
            Self::Http { currencies, .. } => {
                let mut currencies = currencies.clone();
                currencies.sort();
                currencies
            }
        }
    }

    pub(super) fn has(&self, currency: &str) -> bool {
        match self {
            Self::None => false,
            Self::Fixed(prices) => prices.contains_key(currency),
            Self::Http { currencies, .. } => currencies.iter().any(|known| known == currency),
        }
    }

    pub(super) async fn price(&self, outbound: &Outbound, currency: &str) -> Option<f64> {
        match self {
            Self::None => None,
            Self::Fixed(prices) => prices.get(currency).copied(),
            Self::Http { url, pointer, .. } => {
                let url = url.replace(PLACE, currency);
                let answer = outbound.call(&url, Request::Get).await.ok()?;
                let body: Value = serde_json::from_slice(&answer.body).ok()?;
                match body.pointer(&pointer.replace(PLACE, currency))? {
                    Value::Number(price) => price.as_f64(),
                    Value::String(price) => price.parse().ok(),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
                }
            }
        }
    }
}
