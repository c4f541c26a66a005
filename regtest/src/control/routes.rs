//! The table of contents.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::{blocks, error, info, money, parts};
use crate::world::World;

/// Longest request body. The longest thing in one is an invoice or an offer.
const MAX_BODY_BYTES: usize = 64 * 1024;

pub(super) fn router(world: World) -> Router {
    Router::new()
        .route("/info", get(info::info))
        .route("/pay", post(money::pay))
        .route("/invoice", post(money::invoice))
        .route("/settle", post(money::settle))
        .route("/cancel", post(money::cancel))
        .route("/offer", post(money::offer))
        .route("/fund", post(blocks::fund))
        .route("/mine", post(blocks::mine))
        .route("/reorg", post(blocks::reorg))
        .route("/sync", post(blocks::sync))
        .route("/channel", post(parts::open_channel))
        .route("/channels", get(parts::channels))
        .route("/tilld/kill", post(parts::kill_till))
        .route("/tilld/stop", post(parts::stop_till))
        .route("/tilld/start", post(parts::start_till))
        .route("/customer/stop", post(parts::stop_customer))
        .route("/customer/start", post(parts::start_customer))
        .route("/chain/stop", post(parts::stop_chain))
        .route("/chain/start", post(parts::start_chain))
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(world)
}
