//! The ln.bot surface (`/v1`): accounts, wallets and money for programs. Owns its routes, wire formats,
//! keys and error envelope; what money does is the service's.

mod access;
mod body;
mod error;
mod id;
mod lnurl;
mod named;
mod outstanding;
mod page;
mod parse;
mod render;
mod routes;
mod settings;
mod snake;
mod strangers;
mod stream;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use till_actors::service::Service;

use crate::guard::RateLimit;
use crate::http::shield;
use outstanding::Outstanding;

pub use settings::Settings;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lnbot {
    service: Service,
    settings: Arc<Settings>,
    /// Counts calls that ask for no key.
    strangers: Arc<RateLimit>,
    /// Counts calls of payers' wallets, which look before they ask.
    lnurl_calls: Arc<RateLimit>,
    /// Counts the unpaid invoices that they asked for.
    outstanding: Arc<Outstanding>,
}

/// The surface, to be nested at `/v1`; and what payers' wallets ask of Lightning addresses (LUD-16), to
/// be merged at the root of the host that addresses end in. Both count the same strangers.
pub fn routers(service: Service, settings: Settings) -> (Router, Router) {
    let limits = settings.limits;
    let lnbot = Lnbot {
        service,
        lnurl_calls: Arc::new(RateLimit::per_minute(settings.lnurl_calls)),
        strangers: Arc::new(RateLimit::per_minute(settings.public_calls)),
        outstanding: Arc::default(),
        settings: Arc::new(settings),
    };
    let well_known = lnurl::router(&lnbot);
    let surface = shield(routes(), &limits, error::render).with_state(lnbot);
    (surface, well_known)
}

/// Table of contents. Who may call a route is the first argument of its handler.
#[rustfmt::skip]
fn routes() -> Router<Lnbot> {
    Router::new()
        // anybody
        .route("/register", post(routes::account::register))
        .route("/restore/recovery", post(routes::account::restore))
        .route("/invoices/for-wallet", post(routes::invoices::for_wallet))
        .route("/invoices/for-address", post(routes::invoices::for_address))
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
        .route("/wallets/{wallet_id}/invoices", post(routes::invoices::create).get(routes::invoices::list))
        .route("/wallets/{wallet_id}/invoices/{invoice}", get(routes::invoices::one))
        .route("/wallets/{wallet_id}/addresses", post(routes::addresses::create).get(routes::addresses::list))
        .route("/wallets/{wallet_id}/addresses/{address}", delete(routes::addresses::delete))
        .route("/wallets/{wallet_id}/addresses/{address}/transfer", post(routes::addresses::transfer))
        .route("/wallets/{wallet_id}/addresses/{address}/bip353", get(routes::addresses::bip353))
        // streams
        .route("/wallets/{wallet_id}/events", get(stream::everything))
        .route("/wallets/{wallet_id}/invoices/{invoice}/events", get(stream::invoice))
        .route("/wallets/{wallet_id}/payments/{payment}/events", get(stream::payment))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_routes_clash() {
        // axum panics where they do.
        let _ = super::routes();
    }
}
