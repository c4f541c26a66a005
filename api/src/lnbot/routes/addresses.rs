//! Lightning addresses of a wallet: claimed, listed, given up, handed on, told to the owner's DNS.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use till::address::{Address, MIN_NAME_CHARS};
use till::id::WalletId;
use till::ledger::{Origin, Refusal, WalletRef};
use till::money::Sat;
use till_actors::service::Bearer;

use crate::lnbot::access::{MAX_KEY_BYTES, OwnWallet};
use crate::lnbot::body::Body;
use crate::lnbot::error::Error;
use crate::lnbot::{Lnbot, id, named, wire};

/// `POST /wallets/{wallet_id}/addresses`
pub(crate) async fn create(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::NewAddress>,
) -> Result<Json<wire::Address>, Error> {
    let made = match request.address {
        None => lnbot.service.claim_any_address(wallet.id).await?,
        Some(wanted) => {
            let name = named::wanted(&wanted, lnbot.settings.domain())?;
            let cost = price(&lnbot.settings.vanity_prices, &name);
            lnbot.service.claim_address(wallet.id, name, cost).await?
        }
    };
    Ok(Json(lnbot.address(&made)))
}

/// `GET /wallets/{wallet_id}/addresses`
pub(crate) async fn list(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
) -> Result<Json<Vec<wire::Address>>, Error> {
    let found = lnbot.service.addresses_of(wallet.id).await?;
    Ok(Json(found.iter().map(|one| lnbot.address(one)).collect()))
}

/// `DELETE /wallets/{wallet_id}/addresses/{address}`
pub(crate) async fn delete(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Path((_, text)): Path<(String, String)>,
) -> Result<StatusCode, Error> {
    let name = lnbot.own_address(wallet.id, &text).await?.name;
    lnbot.service.delete_address(wallet.id, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /wallets/{wallet_id}/addresses/{address}/transfer`
pub(crate) async fn transfer(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Path((_, text)): Path<(String, String)>,
    Body(request): Body<wire::TransferAddress>,
) -> Result<Json<wire::TransferredAddress>, Error> {
    let address = lnbot.own_address(wallet.id, &text).await?;
    if address.generated {
        return Err(Refusal::NotTransferable.into());
    }
    let to = lnbot
        .wallet_of_key(request.target_wallet_key.reveal())
        .await?;
    if to == wallet.id {
        return Err(Error::bad_request("The address is that wallet's already."));
    }
    let name = address.name;
    let moved = lnbot
        .service
        .transfer_address(wallet.id, name.clone(), to)
        .await;
    moved?;
    Ok(Json(wire::TransferredAddress {
        address: lnbot.full_address(&name),
        transferred_to: id::wallet(to),
    }))
}

/// `GET /wallets/{wallet_id}/addresses/{address}/bip353`
pub(crate) async fn bip353(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    Path((_, text)): Path<(String, String)>,
) -> Result<Json<wire::Bip353>, Error> {
    let address = lnbot.own_address(wallet.id, &text).await?;
    let of = WalletRef::Wallet(wallet.id);
    let offer = lnbot.service.standing_offer(of, Origin::Lnbot).await?;
    let domain = lnbot.settings.domain();
    // DNS knows no ports.
    let host = domain.rsplit_once(':').map_or(domain, |(host, _)| host);
    Ok(Json(wire::Bip353 {
        record: format!("{}.user._bitcoin-payment.{host}.", address.name),
        r#type: "TXT",
        value: format!("bitcoin:?lno={}", offer.text),
    }))
}

impl Lnbot {
    fn address(&self, row: &Address) -> wire::Address {
        wire::Address {
            address: self.full_address(&row.name),
            generated: row.generated,
            cost: row.cost.get(),
            created_at: Some(wire::moment(row.created_at)),
        }
    }

    /// The wallet's address that a text names.
    async fn own_address(&self, wallet: WalletId, text: &str) -> Result<Address, Error> {
        let name = named::user_of(text, self.settings.domain())?;
        let found = self.service.payable_address(&name).await?;
        let found = found.filter(|address| address.wallet == wallet);
        found.ok_or_else(|| Refusal::UnknownAddress.into())
    }

    /// The one wallet that a key opens.
    async fn wallet_of_key(&self, key: &str) -> Result<WalletId, Error> {
        let bad = || Error::bad_request("targetWalletKey opens no wallet.");
        if key.len() > MAX_KEY_BYTES {
            return Err(bad());
        }
        let opened = self.service.bearer_of(Origin::Lnbot, key).await?;
        match opened.ok_or_else(bad)? {
            Bearer::Wallet(wallet) => Ok(wallet.id),
            Bearer::Holder { holder, .. } => {
                let wallets = self.service.wallets_of(holder.id).await?;
                let several = "targetWalletKey must name one wallet: send its wallet key (wk_).";
                match wallets.as_slice() {
                    [only] => Ok(only.id),
                    _ => Err(Error::bad_request(several)),
                }
            }
        }
    }
}

/// What a name costs: by its length, and the last price is that of all longer ones.
fn price(prices: &[Sat], name: &str) -> Sat {
    let place = name.len().saturating_sub(MIN_NAME_CHARS);
    let found = prices.get(place).or(prices.last());
    found.copied().unwrap_or(Sat::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_dear() {
        let prices: Vec<Sat> = [900, 300, 100].into_iter().filter_map(Sat::new).collect();
        let table = [
            ("abc", 900),
            ("abcd", 300),
            ("abcde", 100),
            ("abcdefgh", 100),
        ];
        for (name, cost) in table {
            assert_eq!(price(&prices, name).get(), cost, "{name}");
        }
        assert_eq!(price(&[], "abc"), Sat::ZERO);
    }
}
