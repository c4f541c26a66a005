//! The ln.bot surface (`/v1`): accounts, wallets and money for programs. Owns its routes, wire formats,
//! keys and error envelope; what money does is the service's.

mod access;
mod body;
mod error;
mod id;
mod l402;
mod lnurl;
mod named;
mod order;
mod outstanding;
mod page;
mod parse;
mod render;
mod routes;
mod settings;
mod snake;
mod strangers;
mod stream;
mod webhook;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{delete, get, post};
use till::ledger::Origin;
use till_actors::service::Service;

use crate::guard::RateLimit;
use crate::http::shield;
use outstanding::Outstanding;

pub use settings::Settings;

/// How long the call may take that waits for a payment for as long as its caller says.
const LONGEST_CALL: Duration = Duration::from_secs(routes::l402::MAX_WAIT_SECS + 10);
/// That call.
const WAITING_ROUTE: &str = "/l402/pay";

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
    let mut limits = settings.limits;
    limits.waiting = Some((WAITING_ROUTE, LONGEST_CALL));
    service.webhook_bodies(Origin::Lnbot, Arc::new(webhook::body));
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
        .route("/status", get(routes::status::now))
        .route("/status/history", get(routes::status::history))
        // any key
        .route("/me", get(routes::account::me))
        // a user's key
        .route("/keys/{slot}/rotate", post(routes::account::rotate))
        .route("/backup/recovery", post(routes::account::backup))
        .route("/wallets", post(routes::wallets::create).get(routes::wallets::list))
        .route("/wallets/{wallet_id}/key/rotate", post(routes::keys::rotate))
        // the wallet's key, or its user's; the user's alone gives a key and takes it away
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
        .route("/wallets/{wallet_id}/l402/challenges", post(routes::l402::challenge))
        .route("/wallets/{wallet_id}/l402/verify", post(routes::l402::verify))
        .route("/wallets/{wallet_id}/l402/pay", post(routes::l402::pay))
        .route("/wallets/{wallet_id}/webhooks", post(routes::webhooks::create).get(routes::webhooks::list))
        .route("/wallets/{wallet_id}/webhooks/{webhook_id}", delete(routes::webhooks::delete))
        .route("/wallets/{wallet_id}/webhooks/{webhook_id}/deliveries", get(routes::webhooks::deliveries))
        .route("/wallets/{wallet_id}/payments", post(routes::payments::create).get(routes::payments::list))
        .route("/wallets/{wallet_id}/payments/resolve", get(routes::payments::resolve))
        .route("/wallets/{wallet_id}/payments/{payment}", get(routes::payments::one))
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
