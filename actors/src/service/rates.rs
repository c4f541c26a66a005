//! Prices of currencies.

use std::time::Duration;

use super::Service;
use crate::rates::Rate;

impl Service {
    /// What a unit of a currency is worth; `None` where no source knows.
    pub async fn rate(&self, currency: &str) -> Option<Rate> {
        self.parts.outward.rates.rate(currency).await
    }

    /// The same for what is only noted: nobody's payment waits long for that. The source is asked to the
    /// end all the same, so that the next one need not wait.
    pub async fn rate_within(&self, currency: &str, wait: Duration) -> Option<Rate> {
        let (rates, currency) = (self.parts.outward.rates.clone(), currency.to_owned());
        let asked = tokio::spawn(async move { rates.rate(&currency).await });
        tokio::time::timeout(wait, asked).await.ok()?.ok()?
    }

    /// The currencies that have a price.
    #[must_use]
    pub fn currencies(&self) -> Vec<String> {
        self.parts.outward.rates.currencies()
    }
}
