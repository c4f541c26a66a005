//! What the POS surface wants to be told. Owns defaults; does not know where settings come from.

use std::time::Duration;

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
    /// When guessing is stopped.
    pub lockout: LockoutSettings,
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
            lockout: LockoutSettings::default(),
            limits: Limits::default(),
        }
    }
}

/// When guessing of passwords and PINs is stopped, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct LockoutSettings {
    /// Failures after which an account, or an address, is locked.
    pub max_failures: u32,
    /// The first lock, in seconds; each further failure doubles it.
    pub first_lock_secs: u64,
    /// The longest lock, in seconds.
    pub max_lock_secs: u64,
    /// Seconds without a failure or lock after which an account's failures are forgotten. Longer
    /// than `max_failures` of the longest locks, or waiting would be quicker than guessing on.
    pub forget_account_secs: u64,
    /// The same for an address. Shorter, since a shop's tills may all share one, and a login that
    /// succeeds clears the account only.
    pub forget_address_secs: u64,
    /// How many accounts and addresses are remembered at most.
    pub max_entries: usize,
}

impl Default for LockoutSettings {
    fn default() -> Self {
        Self {
            max_failures: 5,
            first_lock_secs: 30,
            max_lock_secs: 60 * 60,
            forget_account_secs: 24 * 60 * 60,
            forget_address_secs: 15 * 60,
            max_entries: 10_000,
        }
    }
}
