//! Accounts: register, whose key is this, other keys, and the way back into a lost account.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use till::ledger::Origin;
use till_actors::service::{Bearer, KeyText};

use crate::http::Remote;
use crate::lnbot::access::{AnyKey, UserKey};
use crate::lnbot::body::Body;
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, id, wire};

/// What a user's keys are called, by slot.
const KEY_NAMES: [&str; 2] = ["primary", "secondary"];

/// `POST /register`
pub(crate) async fn register(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
) -> Result<Json<wire::Registered>, Error> {
    if !lnbot.settings.open_registration {
        let why = "Registration is closed here.";
        return Err(Error::new(StatusCode::FORBIDDEN, why));
    }
    lnbot.strangers.count(address).map_err(Error::too_many)?;
    let (registered, words) = lnbot.service.register_holder(Origin::Lnbot).await?;
    let (primary_key, secondary_key) = both(&registered.keys)?;
    Ok(Json(wire::Registered {
        user_id: id::user(registered.holder),
        primary_key,
        secondary_key,
        recovery_passphrase: words.to_string(),
    }))
}

/// `GET /me`
pub(crate) async fn me(AnyKey(bearer): AnyKey) -> Json<wire::Me> {
    Json(match bearer {
        Bearer::Holder { holder, slot } => wire::Me {
            user_id: id::user(holder.id),
            wallet_id: None,
            key_name: KEY_NAMES.get(slot).copied(),
        },
        Bearer::Wallet(wallet) => wire::Me {
            user_id: id::user(wallet.holder),
            wallet_id: Some(id::wallet(wallet.id)),
            key_name: None,
        },
    })
}

/// `POST /keys/{slot}/rotate`
pub(crate) async fn rotate(
    user: UserKey,
    State(lnbot): State<Lnbot>,
    slot: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::RotatedKey>, Error> {
    // What is no text names no slot either.
    let slot = slot.ok().and_then(|Path(slot)| slot.parse::<usize>().ok());
    let named = slot.and_then(|slot| KEY_NAMES.get(slot).map(|name| (slot, *name)));
    let unknown = || Error::bad_request("slot is 0 (primary) or 1 (secondary)");
    let (slot, name) = named.ok_or_else(unknown)?;
    let replaced = lnbot
        .service
        .replace_own_key(Origin::Lnbot, user.holder.id, slot)
        .await?;
    let key = replaced.text.to_string();
    Ok(Json(wire::RotatedKey { key, name }))
}

/// `POST /backup/recovery`
pub(crate) async fn backup(
    user: UserKey,
    State(lnbot): State<Lnbot>,
) -> Result<Json<wire::Passphrase>, Error> {
    let words = lnbot.service.replace_recovery(user.holder.id).await?;
    let passphrase = words.to_string();
    Ok(Json(wire::Passphrase { passphrase }))
}

/// `POST /restore/recovery`
pub(crate) async fn restore(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::Restore>,
) -> Result<Json<wire::Restored>, Error> {
    lnbot.strangers.count(address).map_err(Error::too_many)?;
    let words = request.passphrase.reveal();
    let restored = lnbot.service.restore(Origin::Lnbot, words).await?;
    let (primary_key, secondary_key) = both(&restored.keys)?;
    let wallets = lnbot.service.wallets_of(restored.holder).await?;
    let first = wallets.into_iter().next();
    let first = first.map(|wallet| (id::wallet(wallet.id), wallet.name));
    let (wallet_id, name) = first.unwrap_or_default();
    Ok(Json(wire::Restored {
        user_id: id::user(restored.holder),
        wallet_id,
        name,
        primary_key,
        secondary_key,
    }))
}

fn both(keys: &[KeyText]) -> Result<(String, String), Error> {
    match keys {
        [primary, secondary] => Ok((primary.text.to_string(), secondary.text.to_string())),
        _ => Err(Error::internal(&"a user has two keys")),
    }
}
