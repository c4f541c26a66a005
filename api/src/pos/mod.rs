//! The POS surface: the wallet API of a point of sale, served by this node. Owns its routes, wire
//! formats, logins and error envelope; what money does is the service's.
//!
//! A request goes through `extract` and a tier of `access`, is checked by `parse` (single
//! fields by `field`), becomes one call of the service in `routes`, and its answer is put
//! into `wire` types by `render`, its refusal by `error`.

mod access;
mod error;
mod extract;
pub(crate) mod field;
mod parse;
mod render;
mod routes;
mod settings;
mod setup;
mod socket;
mod webhook;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{delete, get, patch, post};
use till::ledger::Origin;
use till_actors::service::Service;

use self::access::AccessTokens;
use crate::http::{Limits, shield};

pub use crate::guard::{Gate, LockoutSettings, Secret};
pub use field::Invalid;
pub use settings::Settings;
pub use setup::{SetupError, SetupWish};

/// Time that a payment's request has beyond the wait for its outcome, so that the caller is told
/// "pending" by the route and not cut off by the time limit.
const ANSWER_MARGIN: Duration = Duration::from_secs(15);

/// The purpose of the key that signs access tokens.
const JWT_KEY_PURPOSE: &str = "pos/jwt";

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pos {
    service: Service,
    settings: Arc<Settings>,
    tokens: Arc<AccessTokens>,
    gate: Gate,
}

/// The surface, ready to be served, limits and all. Serve it with connect info
/// (`into_make_service_with_connect_info::<SocketAddr>()`), or guesses are counted by account only.
pub fn router(service: Service, settings: Settings) -> Router {
    let limits = Limits {
        request_time: settings
            .limits
            .request_time
            .max(settings.payment_wait + ANSWER_MARGIN),
        ..settings.limits
    };
    service.webhook_bodies(Origin::Pos, Arc::new(webhook::body));
    let jwt_key = service.derive_key(JWT_KEY_PURPOSE);
    let pos = Pos {
        tokens: Arc::new(AccessTokens::new(&jwt_key, settings.access_token_secs)),
        gate: settings.gate.clone(),
        settings: Arc::new(settings),
        service,
    };
    shield(routes(), &limits, error::render).with_state(pos)
}

/// Table of contents. The tier of each route is the first argument of its handler.
#[rustfmt::skip]
fn routes() -> Router<Pos> {
    Router::new()
        // anybody
        .route("/healthz", get(routes::health::alive))
        .route("/readyz", get(routes::health::ready))
        .route("/api/health", get(routes::health::health))
        .route("/initial-setup", get(routes::setup::state).post(routes::setup::set_up))
        .route("/auth/login", post(routes::login::login))
        .route("/auth/refresh", post(routes::login::refresh))
        .route("/auth/logout", post(routes::login::logout))
        // staff
        .route("/users/me", get(routes::staff::me))
        .route("/wallet/invoice", post(routes::invoices::create_for_staff))
        .route("/ws/payments", get(socket::connect))
        // staff, or a wallet token
        .route("/wallet/createinvoice", post(routes::invoices::create))
        // administrators
        .route("/users", get(routes::staff::list).post(routes::staff::add))
        .route("/users/{id}", patch(routes::staff::change).delete(routes::staff::delete))
        .route("/users/{id}/sessions", delete(routes::staff::end_sessions))
        .route("/wallet/auth", post(routes::wallet_access::open))
        .route("/wallet/logout", post(routes::wallet_access::close))
        // administrators with a wallet token
        .route("/wallet/password", post(routes::wallet_access::change_password))
        .route("/wallet/seed", get(routes::seed::read))
        .route("/wallet/webhooksecret", get(routes::webhook_secret::read))
        .route("/wallet/auditlog", get(routes::audit_log::list))
        .route("/wallet/getinfo", get(routes::node::info))
        .route("/wallet/getbalance", get(routes::node::balance))
        .route("/wallet/newaddress", get(routes::node::new_address).post(routes::node::new_address))
        .route("/wallet/channels", get(routes::node::channels).post(routes::node::open_channel))
        .route("/wallet/channels/{channel_id}", delete(routes::onchain::close_named))
        .route("/wallet/closechannel", post(routes::onchain::close_channel))
        .route("/wallet/payonchain", post(routes::onchain::pay))
        .route("/wallet/bumpfee", post(routes::onchain::bump))
        .route("/wallet/channels/{channel_id}/splicein", post(routes::node::splice_in))
        .route("/wallet/channels/{channel_id}/spliceout", post(routes::node::splice_out))
        .route("/wallet/decodeinvoice", post(routes::invoices::decode))
        .route("/wallet/payments/incoming", get(routes::invoices::list))
        .route("/wallet/payments/incoming/{payment_hash}", get(routes::invoices::one))
        .route("/wallet/export", post(routes::export::export))
        .route("/wallet/payinvoice", post(routes::payments::pay))
        .route("/wallet/payoffer", post(routes::offers::pay))
        .route("/wallet/createoffer", post(routes::offers::create))
        .route("/wallet/getoffer", get(routes::offers::standing))
        .route("/wallet/decodeoffer", post(routes::offers::decode))
        .route("/wallet/payments/outgoing", get(routes::payments::list))
        .route("/wallet/payments/outgoing/{payment_id}", get(routes::payments::one))
        .route("/wallet/payments/outgoingbyhash/{payment_hash}", get(routes::payments::by_hash))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_routes_clash() {
        // axum panics where they do.
        let _ = super::routes();
    }
}
