//! The LNbits surface (`/api/v1`): wallets over one node, for software written for LNbits. Owns its
//! routes, its two dialects, wire formats, keys and error envelope; what money does is the service's.

mod access;
mod body;
mod dialect;
mod error;
mod parse;
mod parse_lnurl;
mod render;
mod routes;
mod settings;
mod webhook;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use till::ledger::Origin;
use till_actors::service::Service;
use till_actors::webhooks::Told;

use crate::http::shield;

pub use dialect::Dialect;
pub use settings::Settings;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lnbits {
    service: Service,
    settings: Arc<Settings>,
}

/// The surface, to be nested at `/api/v1`.
pub fn router(service: Service, settings: Settings) -> Router {
    let (limits, dialect) = (settings.limits, settings.dialect);
    let body = move |told: &Told| webhook::body(dialect, told);
    service.webhook_bodies(Origin::Lnbits, Arc::new(body));
    let lnbits = Lnbits {
        service,
        settings: Arc::new(settings),
    };
    shield(routes(), &limits, error::render).with_state(lnbits)
}

/// Table of contents. Who may call a route is the first argument of its handler.
#[rustfmt::skip]
fn routes() -> Router<Lnbits> {
    Router::new()
        .route("/wallet", get(routes::wallets::mine))
        .route("/payments", post(routes::payments::create))
        .route("/payments/lnurl", post(routes::lnurl::pay))
        .route("/payments/{checking_id}/pay-with-nfc", post(routes::lnurl::pay_with_nfc))
        .route("/lnurlscan/{code}", get(routes::lnurl::scan))
        .route("/currencies", get(routes::rates::currencies))
        .route("/rate/{currency}", get(routes::rates::rate))
        .route("/payments/{checking_id}", get(routes::payments::one).delete(routes::payments::cancel))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_routes_clash() {
        // axum panics where they do.
        let _ = super::routes();
    }
}
