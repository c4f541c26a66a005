//! What a webhook is told: the payment, as `GET /payments` has it. Owns nothing but that choice.

use till::ledger::WalletRef;
use till_actors::webhooks::{About, Told};

use super::{Dialect, render};

/// The body of a webhook, in the surface's dialect.
pub(super) fn body(dialect: Dialect, told: &Told) -> Option<String> {
    let id = |wallet| match wallet {
        WalletRef::Wallet(id) => Some(id.to_string()),
        WalletRef::House => None,
    };
    let payment = match &told.about {
        About::Invoice(invoice) => render::invoice(dialect, invoice, id(invoice.wallet)?),
        About::Payment(payment) => render::payment(dialect, payment, id(payment.wallet)?),
    };
    serde_json::to_string(&payment).ok()
}
