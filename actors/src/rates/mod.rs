//! Prices of currencies. Owns where they come from and how old one may be; it holds no money, and what
//! is made of a price is rounded where it is used.
//!
//! A price is asked for when somebody needs it, once at a time for each currency, and kept for a while: a
//! source that is away for a minute is not noticed, and one that hangs holds nobody up who can do with the
//! price that is there.

mod source;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use till::money::{Msat, Sat};
use till::time::Timestamp;

pub use source::RateSource;

use crate::abort::periphery;
use crate::ledger::now;
use crate::outbound::Outbound;

/// How long a price is used without asking again.
const FRESH: Duration = Duration::from_secs(60);
/// How long to wait before a source that did not answer is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// Millisatoshis in a bitcoin.
const MSAT_PER_BTC: f64 = 100_000_000_000.0;
/// Millisatoshis in a satoshi.
const MSAT_PER_SAT: f64 = 1_000.0;

/// How far apart, in parts of themselves, numbers are that are the same but for rounding.
const NOISE: f64 = 1e-12;

/// Where prices come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RatesConfig {
    /// The source.
    pub source: RateSource,
    /// How old a price may be when its source does not answer.
    pub max_age: Duration,
}

/// What a unit of a currency is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// In millisatoshis. A price, not money: what is made of it is rounded to whole satoshis.
    pub msat_per_unit: f64,
    /// When the source said so.
    pub at: Timestamp,
}

impl Rate {
    fn of_price(price: f64, at: Timestamp) -> Option<Self> {
        let msat_per_unit = MSAT_PER_BTC / price;
        let is_sane = price > 0.0 && msat_per_unit.is_finite() && msat_per_unit > 0.0;
        is_sane.then_some(Self { msat_per_unit, at })
    }

    /// Units for one bitcoin.
    #[must_use]
    pub fn price(&self) -> f64 {
        MSAT_PER_BTC / self.msat_per_unit
    }

    /// How many units an amount is worth.
    #[must_use]
    pub fn units(&self, sat: Sat) -> f64 {
        sat.get() as f64 * MSAT_PER_SAT / self.msat_per_unit
    }

    /// What `units` are worth, up to the next whole satoshi, in millisatoshis; `None` for nothing, less,
    /// or more than there is.
    #[must_use]
    pub fn to_msat(&self, units: f64) -> Option<u64> {
        let exact = units * self.msat_per_unit / MSAT_PER_SAT;
        // What calculating in binary adds is nobody's satoshi.
        let sat = match (exact - exact.round()).abs() <= exact.abs() * NOISE {
            true => exact.round(),
            false => exact.ceil(),
        };
        // All bitcoin there will ever be has 16 digits, which such a number still holds exactly.
        let most = 2_100_000_000_000_000.0;
        if !(1.0..=most).contains(&sat) {
            return None;
        }
        let sat: u64 = format!("{sat:.0}").parse().ok()?;
        Msat::new(sat.checked_mul(1_000)?).map(Msat::get)
    }
}

/// The prices. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rates {
    config: Arc<RatesConfig>,
    outbound: Outbound,
    /// Only currencies that the source has, so there are not many.
    prices: Arc<Mutex<HashMap<String, Arc<Price>>>>,
}

/// What is known of one currency. A source that hangs on one holds up no other.
#[derive(Debug, Default)]
struct Price {
    known: Mutex<Option<Known>>,
    /// Held by whoever asks the source.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// A price, and when its source was asked last.
#[derive(Clone, Copy, Debug)]
struct Known {
    rate: Option<Rate>,
    asked_at: Timestamp,
}

/// What is to be done for a price.
enum Look {
    /// This is the answer.
    Settled(Option<Rate>),
    /// It is good enough for whoever asks now; the next one should have a newer one.
    Ageing(Rate),
    /// Nobody knows before the source has been asked.
    Missing,
}

impl Rates {
    pub(crate) fn new(config: RatesConfig, outbound: Outbound) -> Self {
        Self {
            config: Arc::new(config),
            outbound,
            prices: Arc::default(),
        }
    }

    /// The currencies that have a price, in the order of the alphabet.
    #[must_use]
    pub fn currencies(&self) -> Vec<String> {
        self.config.source.currencies()
    }

    /// What a unit of a currency is worth; `None` where nobody knows, or has not for too long. Whoever
    /// asks waits for the source only if there is no price that is young enough.
    pub async fn rate(&self, currency: &str) -> Option<Rate> {
        let currency = currency.to_ascii_uppercase();
        if !self.config.source.has(&currency) {
            return None;
        }
        let price = self.price(&currency);
        match self.look(&price) {
            Look::Settled(rate) => rate,
            Look::Ageing(rate) => {
                self.refresh(currency, &price);
                Some(rate)
            }
            Look::Missing => {
                let _asking = price.asking.lock().await;
                // Somebody may have asked while we waited for our turn.
                match self.look(&price) {
                    Look::Settled(rate) => rate,
                    Look::Ageing(rate) => Some(rate),
                    Look::Missing => self.ask(&currency, &price).await,
                }
            }
        }
    }

    fn price(&self, currency: &str) -> Arc<Price> {
        let mut prices = whole(&self.prices);
        Arc::clone(prices.entry(currency.to_owned()).or_default())
    }

    fn look(&self, price: &Price) -> Look {
        let Some(known) = *whole(&price.known) else {
            return Look::Missing;
        };
        let usable = known.rate.filter(|rate| age(rate.at) < self.config.max_age);
        let is_fresh = usable.is_some_and(|rate| age(rate.at) < FRESH);
        match usable {
            usable if is_fresh || age(known.asked_at) < ASK_AGAIN => Look::Settled(usable),
            Some(rate) => Look::Ageing(rate),
            None => Look::Missing,
        }
    }

    /// Asks the source behind the caller's back, unless somebody does.
    fn refresh(&self, currency: String, price: &Arc<Price>) {
        let Ok(asking) = Arc::clone(&price.asking).try_lock_owned() else {
            return;
        };
        let (rates, price) = (self.clone(), Arc::clone(price));
        tokio::spawn(periphery(async move {
            rates.ask(&currency, &price).await;
            drop(asking);
        }));
    }

    /// Asks the source. Whoever calls this holds `asking`.
    async fn ask(&self, currency: &str, price: &Price) -> Option<Rate> {
        let asked = self.config.source.price(&self.outbound, currency).await;
        let asked = asked.and_then(|price| Rate::of_price(price, now()));
        if asked.is_none() {
            tracing::warn!(currency, "no price");
        }
        let mut known = whole(&price.known);
        let old = known.and_then(|known| known.rate);
        let rate = asked.or(old.filter(|rate| age(rate.at) < self.config.max_age));
        let asked_at = now();
        *known = Some(Known { rate, asked_at });
        rate
    }
}

fn age(then: Timestamp) -> Duration {
    Duration::from_millis(now().millis_since(then))
}

/// Nothing that holds one of these can leave it half changed, so a poisoned lock is a good one.
fn whole<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
