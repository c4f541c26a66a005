//! What the surface is told when it starts.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Dialect;
use crate::guard::{Gate, LockoutSettings};
use crate::http::Limits;

/// What the surface is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How it speaks.
    pub dialect: Dialect,
    /// Whether anybody may register.
    pub open_registration: bool,
    /// How many accounts an address may make in a minute.
    pub new_accounts: NonZeroU32,
    /// How long a login is good, in seconds.
    pub access_token_secs: u64,
    /// How long an answer waits for a payment's outcome.
    pub payment_wait: Duration,
    /// How often a subscriber's socket is pinged.
    pub ping_interval: Duration,
    /// Mark cookies Secure.
    pub secure_cookies: bool,
    /// Where passwords are tried, and guessing is stopped: one for all surfaces.
    pub gate: Gate,
    /// Bounds on what callers may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            open_registration: false,
            new_accounts: NonZeroU32::MIN.saturating_add(9),
            access_token_secs: 86_400,
            payment_wait: Duration::from_secs(60),
            ping_interval: Duration::from_secs(30),
            secure_cookies: false,
            gate: Gate::new(LockoutSettings::default()),
            limits: Limits::default(),
        }
    }
}
