//! The one key that a wallet has: given, shown in part, rotated, revoked.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use till::ledger::Origin;
use till_actors::service::KeyText;

use crate::lnbot::access::{OwnWallet, UsersWallet};
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, wire};

/// `POST /wallets/{wallet_id}/key`
pub(crate) async fn create(
    UsersWallet(wallet): UsersWallet,
    State(lnbot): State<Lnbot>,
) -> Result<(StatusCode, Json<wire::WalletKey>), Error> {
    let made = lnbot
        .service
        .give_wallet_key(Origin::Lnbot, &wallet)
        .await?;
    Ok((StatusCode::CREATED, Json(shown_once(&made))))
}

/// `GET /wallets/{wallet_id}/key`
pub(crate) async fn show(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
) -> Result<Json<wire::WalletKeyInfo>, Error> {
    let key = lnbot.service.wallet_key(&wallet).await?;
    let key = key.ok_or_else(|| Error::not_found("The wallet has no key."))?;
    Ok(Json(wire::WalletKeyInfo {
        hint: key.hint.unwrap_or_default(),
        created_at: wire::moment(key.created_at),
        last_used_at: key.last_used_at.map(wire::moment),
    }))
}

/// `DELETE /wallets/{wallet_id}/key`
pub(crate) async fn revoke(
    UsersWallet(wallet): UsersWallet,
    State(lnbot): State<Lnbot>,
) -> Result<StatusCode, Error> {
    lnbot.service.revoke_wallet_key(wallet.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /wallets/{wallet_id}/key/rotate`
pub(crate) async fn rotate(
    UsersWallet(wallet): UsersWallet,
    State(lnbot): State<Lnbot>,
) -> Result<Json<wire::WalletKey>, Error> {
    let made = lnbot
        .service
        .rotate_wallet_key(Origin::Lnbot, &wallet)
        .await?;
    Ok(Json(shown_once(&made)))
}

fn shown_once(made: &KeyText) -> wire::WalletKey {
    wire::WalletKey {
        key: made.text.to_string(),
        hint: made.hint.clone(),
    }
}
