//! The LNbits surface (`/api/v1`): wallets over one node, for software written for LNbits. Owns its
//! routes, its two dialects, wire formats, keys and error envelope; what money does is the service's.

mod access;
mod bearer;
mod body;
mod dialect;
mod error;
mod filters;
mod listing;
mod parse;
mod render;
mod routes;
mod settings;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use till_actors::service::Service;

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
    let limits = settings.limits;
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
        .route("/payments", post(routes::payments::create).get(routes::lists::list))
        .route("/payments/paginated", get(routes::lists::paginated))
        .route("/payments/all/paginated", get(routes::lists::all_paginated))
        .route("/payments/history", get(routes::lists::history))
        .route("/payments/stats/count", get(routes::lists::count))
        .route("/payments/stats/wallets", get(routes::lists::wallets))
        .route("/payments/stats/daily", get(routes::lists::daily))
        .route("/payments/stats/breakdown", get(routes::lists::breakdown))
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
