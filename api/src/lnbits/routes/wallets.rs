//! Wallets: looked at, listed, made, changed, deleted.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use till::holder::{KeyScope, Share, Wallet};
use till::id::{HolderId, WalletId};
use till::ledger::{Origin, Refusal, WalletRef};
use till_actors::service::ServiceError;

use crate::lnbits::access::{AdminKey, AnyKey, Opened};
use crate::lnbits::bearer::Bearer;
use crate::lnbits::body::{Asked, Body};
use crate::lnbits::error::Error;
use crate::lnbits::{Dialect, Lnbits, holding, wire};

/// The longest page of wallets.
const MAX_PAGE: usize = 100;

/// `GET /wallet`
pub(crate) async fn mine(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
) -> Result<Json<wire::Wallet>, Error> {
    Ok(Json(seen(&lnbits, &opened, &opened.wallet).await?))
}

/// `GET /wallets`
pub(crate) async fn list(
    Bearer(holder): Bearer,
    State(lnbits): State<Lnbits>,
) -> Result<Json<Vec<wire::WalletEntry>>, Error> {
    Ok(Json(entries(&lnbits, holder).await?))
}

/// `GET /wallet/paginated`
pub(crate) async fn page(
    Bearer(holder): Bearer,
    State(lnbits): State<Lnbits>,
    Asked(query): Asked<wire::WalletQuery>,
) -> Result<Json<wire::WalletPage>, Error> {
    let dialect = lnbits.settings.dialect;
    let limit = query.limit.unwrap_or(match dialect {
        Dialect::Documented => 20,
        Dialect::V1 => 10,
    });
    let wanted = query.search.unwrap_or_default().to_lowercase();
    let mut held = held(&lnbits, holder).await?;
    held.retain(|(wallet, _)| wallet.name.to_lowercase().contains(&wanted));
    let total = held.len();
    let mut data = Vec::new();
    let skipped = held.iter().skip(query.offset.unwrap_or(0));
    for (wallet, share) in skipped.take(limit.min(MAX_PAGE)) {
        data.push(lnbits.entry(wallet, share.as_ref()).await?);
    }
    Ok(Json(wire::WalletPage { data, total }))
}

/// `POST /wallet`
pub(crate) async fn create(
    Bearer(holder): Bearer,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::NewWallet>,
) -> Result<Json<wire::WalletEntry>, Error> {
    if request.wallet_type.as_deref() == Some(holding::SHARED) {
        return take_shared(&lnbits, holder, request.shared_wallet_id.as_deref()).await;
    }
    let name = request.name.as_deref().unwrap_or(holding::DEFAULT_NAME);
    let name = holding::wallet_name(lnbits.settings.dialect, name)?;
    let made = lnbits.service.add_wallet(Origin::Lnbits, holder, name);
    Ok(Json(lnbits.entry(&made.await?, None).await?))
}

/// `POST /wallet` with `wallet_type`, by which LNbits' own pages take an invitation to a wallet. One that
/// was taken already is only shown.
async fn take_shared(
    lnbits: &Lnbits,
    holder: HolderId,
    id: Option<&str>,
) -> Result<Json<wire::WalletEntry>, Error> {
    let unknown = || Error::from(ServiceError::Refused(Refusal::UnknownShare));
    let id: WalletId = id.and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
    let mut shared = lnbits.service.shared_with(holder).await?.into_iter();
    let found = shared.find(|shared| shared.wallet.id == id);
    let mut found = found.ok_or_else(unknown)?;
    if !found.share.is_accepted() {
        let share = found.share.id;
        found = lnbits
            .service
            .accept_share(Origin::Lnbits, holder, share)
            .await?;
    }
    let entry = lnbits.entry(&found.wallet, Some(&found.share)).await?;
    Ok(Json(entry))
}

/// `PUT /wallet` and `PATCH /wallet`
pub(crate) async fn change(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::ChangeWallet>,
) -> Result<Json<wire::WalletEntry>, Error> {
    let dialect = lnbits.settings.dialect;
    let name = request.name.as_deref();
    let name = name.map(|name| holding::wallet_name(dialect, name));
    let currency = request.currency.as_deref();
    let currency = currency.map(|code| holding::wallet_currency(dialect, code));
    let (name, currency) = (name.transpose()?, currency.transpose()?);
    let changed = lnbits
        .service
        .change_wallet(opened.wallet.id, name, currency)
        .await?;
    Ok(Json(lnbits.entry(&changed, opened.share.as_ref()).await?))
}

/// `PUT /wallet/{name}`
pub(crate) async fn rename(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Path(name): Path<String>,
) -> Result<Json<wire::Wallet>, Error> {
    let name = holding::wallet_name(lnbits.settings.dialect, &name)?;
    let id = opened.wallet.id;
    let renamed = lnbits.service.change_wallet(id, Some(name), None).await?;
    Ok(Json(seen(&lnbits, &opened, &renamed).await?))
}

/// `DELETE /wallet`
pub(crate) async fn delete_mine(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
) -> Result<Json<wire::Detail>, Error> {
    lnbits.service.delete_wallet(opened.wallet.id).await?;
    let detail = "Wallet deleted";
    Ok(Json(wire::Detail { detail }))
}

/// `DELETE /wallet/{id}`: one's own is deleted, one that somebody shares is given back.
pub(crate) async fn delete(
    Bearer(holder): Bearer,
    State(lnbits): State<Lnbits>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Error> {
    let (wallet, share) = one(&lnbits, holder, &id).await?;
    match share {
        None => lnbits.service.delete_wallet(wallet.id).await?,
        Some(share) => lnbits.service.leave_share(holder, share.id).await?,
    }
    Ok(Json(match lnbits.settings.dialect {
        Dialect::Documented => json!({"detail": "Wallet deleted"}),
        Dialect::V1 => Value::Null,
    }))
}

/// `PUT /wallet/reset/{id}`: other keys; those of before are good no more.
pub(crate) async fn reset(
    Bearer(holder): Bearer,
    State(lnbits): State<Lnbits>,
    Path(id): Path<String>,
) -> Result<Json<wire::WalletEntry>, Error> {
    let (wallet, share) = one(&lnbits, holder, &id).await?;
    if share.is_some() {
        return Err(unknown());
    }
    let wallet = lnbits
        .service
        .replace_keys(Origin::Lnbits, wallet.id)
        .await?;
    Ok(Json(lnbits.entry(&wallet, None).await?))
}

/// `GET /wallet/webhook-secret`, as Standard Webhooks writes one.
pub(crate) async fn webhook_secret(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
) -> Result<Json<wire::WebhookSecret>, Error> {
    let wallet = WalletRef::Wallet(opened.wallet.id);
    let secret = lnbits.service.webhook_secret(wallet);
    Ok(Json(wire::WebhookSecret { secret }))
}

/// All wallets of a holder as they see them.
pub(super) async fn entries(
    lnbits: &Lnbits,
    holder: HolderId,
) -> Result<Vec<wire::WalletEntry>, Error> {
    let mut entries = Vec::new();
    for (wallet, share) in held(lnbits, holder).await? {
        entries.push(lnbits.entry(&wallet, share.as_ref()).await?);
    }
    Ok(entries)
}

/// A holder's own wallets, and then those that others share with them.
async fn held(lnbits: &Lnbits, holder: HolderId) -> Result<Vec<(Wallet, Option<Share>)>, Error> {
    let own = lnbits.service.wallets_of(holder).await?;
    let shared = lnbits.service.shared_with(holder).await?.into_iter();
    let shared = shared.filter(|shared| shared.share.is_accepted());
    Ok(own
        .into_iter()
        .map(|wallet| (wallet, None))
        .chain(shared.map(|shared| (shared.wallet, Some(shared.share))))
        .collect())
}

async fn one(
    lnbits: &Lnbits,
    holder: HolderId,
    id: &str,
) -> Result<(Wallet, Option<Share>), Error> {
    let id: WalletId = id.parse().map_err(|_| unknown())?;
    let mut held = held(lnbits, holder).await?.into_iter();
    held.find(|(wallet, _)| wallet.id == id).ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::new(StatusCode::NOT_FOUND, "Wallet not found")
}

/// A wallet as a key shows it: the admin key to whoever has it, and to nobody else.
async fn seen(lnbits: &Lnbits, opened: &Opened, wallet: &Wallet) -> Result<wire::Wallet, Error> {
    let balance = lnbits.balance(wallet.id).await?;
    let key = |scope| lnbits.key(scope, wallet, opened.share.as_ref());
    Ok(wire::Wallet {
        id: wallet.id.to_string(),
        name: wallet.name.clone(),
        balance: balance.get(),
        inkey: key(KeyScope::Invoice),
        adminkey: opened.by_admin_key.then(|| key(KeyScope::Admin)),
        currency: wallet.currency.clone(),
    })
}
