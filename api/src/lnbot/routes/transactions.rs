//! A wallet's statement.

use axum::Json;
use axum::extract::State;

use crate::lnbot::access::OwnWallet;
use crate::lnbot::error::Error;
use crate::lnbot::page::Page;
use crate::lnbot::{Lnbot, render, wire};

/// `GET /wallets/{wallet_id}/transactions`
pub(crate) async fn list(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    page: Page,
) -> Result<Json<Vec<wire::Transaction>>, Error> {
    let lines = lnbot
        .service
        .statement(wallet.id, page.below, page.limit)
        .await?;
    Ok(Json(lines.iter().map(render::transaction).collect()))
}
