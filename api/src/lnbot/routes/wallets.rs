//! Wallets: made, listed, looked at, renamed.

use axum::Json;
use axum::extract::State;
use till::holder::Wallet;
use till::ledger::Origin;
use till::money::balance_sat_floor;

use crate::lnbot::access::{OwnWallet, UserKey};
use crate::lnbot::body::Body;
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, id, wire};

/// The longest name of a wallet, in characters.
const MAX_NAME_CHARS: usize = 64;

/// `POST /wallets`
pub(crate) async fn create(
    user: UserKey,
    State(lnbot): State<Lnbot>,
) -> Result<Json<wire::NewWallet>, Error> {
    let (wallet, address) = lnbot
        .service
        .add_named_wallet(Origin::Lnbot, user.holder.id)
        .await?;
    Ok(Json(wire::NewWallet {
        wallet_id: id::wallet(wallet.id),
        name: wallet.name,
        address: lnbot.full_address(&address),
    }))
}

/// `GET /wallets`
pub(crate) async fn list(
    user: UserKey,
    State(lnbot): State<Lnbot>,
) -> Result<Json<Vec<wire::WalletEntry>>, Error> {
    let wallets = lnbot.service.wallets_of(user.holder.id).await?;
    let entry = |wallet: Wallet| wire::WalletEntry {
        wallet_id: id::wallet(wallet.id),
        name: wallet.name,
        created_at: wire::moment(wallet.created_at),
    };
    Ok(Json(wallets.into_iter().map(entry).collect()))
}

/// `GET /wallets/{wallet_id}`
pub(crate) async fn one(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
) -> Result<Json<wire::Wallet>, Error> {
    Ok(Json(lnbot.wallet(&wallet).await?))
}

/// `PATCH /wallets/{wallet_id}`
pub(crate) async fn rename(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::Rename>,
) -> Result<Json<wire::Wallet>, Error> {
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        let why = format!("name has 1 to {MAX_NAME_CHARS} characters");
        return Err(Error::bad_request(why));
    }
    let name = Some(name.to_owned());
    let renamed = lnbot.service.change_wallet(wallet.id, name, None).await?;
    Ok(Json(lnbot.wallet(&renamed).await?))
}

impl Lnbot {
    /// A wallet with its money: the balance and what is available round down, so that what is on hold
    /// never looks smaller than it is.
    async fn wallet(&self, wallet: &Wallet) -> Result<wire::Wallet, Error> {
        let money = self.service.wallet_balance(wallet.id).await?;
        let floor = |msat: u64| u64::try_from(balance_sat_floor(msat.into())).unwrap_or(0);
        let (balance, available) = (floor(money.balance.get()), floor(money.available.get()));
        Ok(wire::Wallet {
            wallet_id: id::wallet(wallet.id),
            name: wallet.name.clone(),
            balance,
            on_hold: balance.saturating_sub(available),
            available,
        })
    }

    /// A Lightning address in full.
    pub(crate) fn full_address(&self, name: &str) -> String {
        format!("{name}@{}", self.settings.domain())
    }
}
