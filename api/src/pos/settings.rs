//! What the POS surface wants to be told. Owns defaults; does not know where settings come from.

use std::time::Duration;

use crate::guard::{Gate, LockoutSettings};
use crate::http::Limits;
use crate::seed::SeedReader;

/// Settings of the POS surface.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our version, as `getinfo` and the health route show it.
    pub version: String,
    /// `regtest`, `signet`, `testnet4` or `mainnet`, as the health route shows it.
    pub network: String,
    /// Whether cookies may only travel over https.
    pub secure_cookies: bool,
    /// How long an access token is good, in seconds.
    pub access_token_secs: u64,
    /// How long a refresh token is good, in seconds; with it the session.
    pub refresh_token_secs: u64,
    /// How long a wallet token is good after its last use, in seconds.
    pub wallet_token_secs: u64,
    /// How long a caller waits for a payment's outcome before it is told "pending".
    pub payment_wait: Duration,
    /// How often a WebSocket is pinged, and its session looked at.
    pub ping_interval: Duration,
    /// Reads the seed for an administrator who asks for it; `None` shows it to nobody.
    pub seed: Option<SeedReader>,
    /// Whether the seed wants the wallet password once more.
    pub seed_requires_password: bool,
    /// Where passwords are tried, and guessing is stopped: one for all surfaces.
    pub gate: Gate,
    /// What callers may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            network: "regtest".to_owned(),
            secure_cookies: false,
            access_token_secs: 15 * 60,
            refresh_token_secs: 30 * 24 * 60 * 60,
            wallet_token_secs: 15 * 60,
            payment_wait: Duration::from_secs(60),
            ping_interval: Duration::from_secs(20),
            seed: None,
            seed_requires_password: false,
            gate: Gate::new(LockoutSettings::default()),
            limits: Limits::default(),
        }
    }
}
