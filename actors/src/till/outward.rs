//! What leads out of the till: the guarded client, webhooks, prices. Owns how they hang together.

use zeroize::Zeroizing;

use super::TillConfig;
use super::root::RootHandle;
use crate::ledger::LedgerHandle;
use crate::outbound::Outbound;
use crate::rates::Rates;
use crate::views::Views;
use crate::webhooks::{self, Bodies};

/// What leads out of the till.
pub(crate) struct Outward {
    pub(crate) outbound: Outbound,
    pub(crate) bodies: Bodies,
    pub(crate) rates: Rates,
}

impl Outward {
    /// Starts the deliverer; `secrets` is what signing keys are derived from.
    pub(super) fn start(
        config: &TillConfig,
        views: &Views,
        ledger: &LedgerHandle,
        secrets: &Zeroizing<[u8; 32]>,
        root: &RootHandle,
    ) -> Self {
        let (outbound, bodies) = (Outbound::new(config.outbound), Bodies::default());
        root.deliver(webhooks::Args {
            views: views.clone(),
            ledger: ledger.clone(),
            outbound: outbound.clone(),
            bodies: bodies.clone(),
            root: secrets.clone(),
        });
        let rates = Rates::new(config.rates.clone(), outbound.clone());
        Self {
            outbound,
            bodies,
            rates,
        }
    }
}
