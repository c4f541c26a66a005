//! The ln.bot surface (`/v1`): accounts, wallets and money for programs. Owns its routes, wire formats,
//! keys and error envelope; what money does is the service's.

mod access;
mod body;
mod error;
mod id;
mod order;
mod page;
mod render;
mod routes;
mod settings;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use till_actors::service::Service;

use crate::guard::RateLimit;
use crate::http::shield;

pub use settings::Settings;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lnbot {
    service: Service,
    settings: Arc<Settings>,
    /// Counts calls that ask for no key.
    strangers: Arc<RateLimit>,
}

/// The surface, to be nested at `/v1`.
pub fn router(service: Service, settings: Settings) -> Router {
    let limits = settings.limits;
    let lnbot = Lnbot {
        service,
        strangers: Arc::new(RateLimit::per_minute(settings.public_calls)),
        settings: Arc::new(settings),
    };
    shield(routes(), &limits, error::render).with_state(lnbot)
}

/// Table of contents. Who may call a route is the first argument of its handler.
#[rustfmt::skip]
fn routes() -> Router<Lnbot> {
    Router::new()
        // anybody
        .route("/register", post(routes::account::register))
        .route("/restore/recovery", post(routes::account::restore))
        // any key
        .route("/me", get(routes::account::me))
        // a user's key
        .route("/keys/{slot}/rotate", post(routes::account::rotate))
        .route("/backup/recovery", post(routes::account::backup))
        .route("/wallets", post(routes::wallets::create).get(routes::wallets::list))
        .route("/wallets/{wallet_id}/key/rotate", post(routes::keys::rotate))
        // the wallet's key, or its user's
        .route("/wallets/{wallet_id}", get(routes::wallets::one).patch(routes::wallets::rename))
        .route("/wallets/{wallet_id}/key", post(routes::keys::create).get(routes::keys::show).delete(routes::keys::revoke))
        .route("/wallets/{wallet_id}/payments", post(routes::payments::create).get(routes::payments::list))
        .route("/wallets/{wallet_id}/payments/resolve", get(routes::payments::resolve))
        .route("/wallets/{wallet_id}/payments/{name}", get(routes::payments::one))
        .route("/wallets/{wallet_id}/transactions", get(routes::transactions::list))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_routes_clash() {
        // axum panics where they do.
        let _ = super::routes();
    }
}
