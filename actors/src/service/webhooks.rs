//! Webhooks: who makes their bodies, what they are signed with, and where they may go.

use till::ledger::{Origin, WalletRef};

use super::Service;
use crate::outbound::OutboundError;
use crate::webhooks::{Render, secret, secret_text};

impl Service {
    /// Has a surface make the bodies of what is told through it. Until then they wait.
    pub fn webhook_bodies(&self, origin: Origin, render: Render) {
        self.parts.outward.bodies.register(origin, render);
    }

    /// What a wallet's webhooks are signed with: `whsec_` and base64, as Standard Webhooks has it.
    #[must_use]
    pub fn webhook_secret(&self, wallet: WalletRef) -> String {
        secret_text(&secret(&self.parts.root, wallet))
    }

    /// Whether an address could be called, as far as that shows without looking it up.
    ///
    /// # Errors
    /// [`OutboundError`] says why not.
    pub fn check_address(&self, url: &str) -> Result<(), OutboundError> {
        self.parts.outward.outbound.check(url)
    }
}
