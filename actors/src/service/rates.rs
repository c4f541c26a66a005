//! Prices of currencies.

use super::Service;
use crate::rates::Rate;

impl Service {
    /// What a unit of a currency is worth; `None` where no source knows.
    pub async fn rate(&self, currency: &str) -> Option<Rate> {
        self.parts.outward.rates.rate(currency).await
    }

    /// The currencies that have a price.
    #[must_use]
    pub fn currencies(&self) -> Vec<String> {
        self.parts.outward.rates.currencies()
    }
}
