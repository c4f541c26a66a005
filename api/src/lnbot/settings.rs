//! What the surface is told when it starts.

use std::num::NonZeroU32;
use std::time::Duration;

use till::money::Sat;

use crate::http::Limits;

/// What the surface is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether anybody may register.
    pub open_registration: bool,
    /// How often an address may call what asks for no key, in a minute.
    pub public_calls: NonZeroU32,
    /// How often an address may call what payers' wallets call (LNURL), in a minute.
    pub lnurl_calls: NonZeroU32,
    /// Where the till is reached from outside, without a slash at its end: Lightning addresses end in
    /// its host, and payers' wallets call it.
    pub public_url: String,
    /// What a vanity address of 3, 4, 5, ... characters costs; the last price is that of all longer ones.
    pub vanity_prices: Vec<Sat>,
    /// What the house takes of payments that leave the till, in millionths of the amount.
    pub service_fee_ppm: u32,
    /// For how long a payment that finds no way is attempted again, in seconds; 0 for never.
    pub retry_secs: u32,
    /// The DNS-over-HTTPS server that is asked for names in the DNS (BIP 353), if any.
    pub doh_url: Option<String>,
    /// How long an answer waits for a payment's outcome.
    pub payment_wait: Duration,
    /// How often a stream without news says that it is there.
    pub keep_alive: Duration,
    /// Whether webhooks may be called without TLS on this machine.
    pub allow_loopback: bool,
    /// Bounds on what callers may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            open_registration: false,
            public_calls: NonZeroU32::MIN.saturating_add(9),
            lnurl_calls: NonZeroU32::MIN.saturating_add(59),
            public_url: "http://127.0.0.1:9154".to_owned(),
            vanity_prices: Vec::new(),
            service_fee_ppm: 0,
            retry_secs: 0,
            doh_url: None,
            payment_wait: Duration::from_secs(10),
            keep_alive: Duration::from_secs(15),
            allow_loopback: false,
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// What comes after the `@` of Lightning addresses: host and, where it is not the scheme's, port.
    #[must_use]
    pub fn domain(&self) -> &str {
        match self.public_url.split_once("://") {
            Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
            None => &self.public_url,
        }
    }
}
