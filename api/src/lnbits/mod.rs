//! The LNbits surface (`/api/v1`): wallets over one node, for software written for LNbits. Owns its
//! routes, its two dialects, wire formats, keys and error envelope; what money does is the service's.

mod access;
mod bearer;
mod body;
mod currency;
mod dialect;
mod edge;
mod error;
mod fiat;
mod filters;
mod holding;
mod listing;
mod misfit;
mod parse;
mod parse_lnurl;
mod places;
mod render;
mod routes;
mod settings;
mod shared;
mod socket;
mod token;
mod webhook;
mod wire;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::{delete, get, patch, post, put};
use till::ledger::Origin;
use till_actors::service::Service;
use till_actors::webhooks::Told;
use tokio::sync::Semaphore;

use self::places::Places;
use self::token::Tokens;
use crate::guard::{Gate, RateLimit};
use crate::http::shield;

pub use dialect::Dialect;
pub use settings::Settings;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lnbits {
    service: Service,
    settings: Arc<Settings>,
    tokens: Arc<Tokens>,
    gate: Gate,
    /// Counts accounts that are made.
    accounts: Arc<RateLimit>,
    /// Places for those who listen without a key.
    strangers: Arc<Semaphore>,
    /// Places for calls that wait for servers of others.
    places: Arc<Places>,
    started: Instant,
}

/// The surface, to be nested at `/api/v1`.
pub fn router(service: Service, settings: Settings) -> Router {
    let (limits, dialect) = (settings.limits, settings.dialect);
    let key = service.derive_key(token::KEY_PURPOSE);
    let body = move |told: &Told| webhook::body(dialect, told);
    service.webhook_bodies(Origin::Lnbits, Arc::new(body));
    let lnbits = Lnbits {
        tokens: Arc::new(Tokens::new(&key, settings.access_token_secs)),
        gate: settings.gate.clone(),
        accounts: Arc::new(RateLimit::per_minute(settings.new_accounts)),
        service,
        settings: Arc::new(settings),
        strangers: Arc::new(Semaphore::new(socket::MAX_STRANGERS)),
        places: Arc::new(Places::new()),
        started: Instant::now(),
    };
    edge::behind(shield(routes(), &limits, error::render).with_state(lnbits))
}

/// Table of contents. Who may call a route is the first argument of its handler.
#[rustfmt::skip]
fn routes() -> Router<Lnbits> {
    Router::new()
        // anybody
        .route("/health", get(routes::misc::health))
        .route("/status", get(routes::misc::status)) // a login
        .route("/qrcode/{data}", get(routes::misc::qr_code))
        .route("/ws/{key_or_hash}", get(socket::connect))
        .route("/auth", post(routes::auth::login).get(routes::auth::me))
        .route("/auth/register", post(routes::auth::register))
        .route("/auth/logout", post(routes::auth::logout))
        .route("/account", post(routes::auth::account))
        // a wallet's key; making one, a login
        .route("/wallet", get(routes::wallets::mine).post(routes::wallets::create)
            .put(routes::wallets::change).patch(routes::wallets::change).delete(routes::wallets::delete_mine))
        .route("/wallet/webhook-secret", get(routes::wallets::webhook_secret))
        .route("/wallet/share/invite", put(routes::shares::invite))
        .route("/wallet/share/{share_id}", delete(routes::shares::revoke))
        // a login; a new name by PUT, the admin key
        .route("/wallets", get(routes::wallets::list))
        .route("/wallet/paginated", get(routes::wallets::page))
        .route("/wallet/share", put(routes::shares::accept))
        .route("/wallet/share/invite/{share_id}", delete(routes::shares::reject))
        .route("/wallet/reset/{wallet_id}", put(routes::wallets::reset))
        .route("/wallet/{id_or_name}", delete(routes::wallets::delete).put(routes::wallets::rename))
        .route("/payments", post(routes::payments::create).get(routes::lists::list))
        .route("/payments/{checking_id}", get(routes::payments::one).put(routes::holds::settle).delete(routes::holds::cancel))
        .route("/payments/{checking_id}/labels", put(routes::marks::set_labels))
        .route("/payments/extra", patch(routes::marks::add_extra))
        .route("/payments/settle", post(routes::holds::settle_by_preimage))
        .route("/payments/cancel", post(routes::holds::cancel_by_hash))
        .route("/payments/decode", post(routes::decode::decode))
        .route("/payments/fee-reserve", get(routes::decode::fee_reserve))
        .route("/payments/lnurl", post(routes::lnurl::pay))
        .route("/payments/{checking_id}/pay-with-nfc", post(routes::lnurl::pay_with_nfc))
        .route("/lnurlscan/{code}", get(routes::lnurl::scan))
        .route("/currencies", get(routes::rates::currencies))
        .route("/rate/{currency}", get(routes::rates::rate))
        .route("/payments/paginated", get(routes::lists::paginated))
        .route("/payments/all/paginated", get(routes::lists::all_paginated))
        .route("/payments/history", get(routes::lists::history))
        .route("/payments/stats/count", get(routes::lists::count))
        .route("/payments/stats/wallets", get(routes::lists::wallets))
        .route("/payments/stats/daily", get(routes::lists::daily))
        .route("/payments/stats/breakdown", get(routes::lists::breakdown))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_routes_clash() {
        // axum panics where they do.
        let _ = super::routes();
    }
}
