//! Invoices: asked for by the wallet or by strangers, listed, looked at.

use axum::Json;
use axum::extract::{Path, State};
use till::holder::Wallet;
use till::ledger::{Refusal, WalletRef};
use till_actors::service::ServiceError;

use crate::http::Remote;
use crate::lnbot::access::OwnWallet;
use crate::lnbot::body::Body;
use crate::lnbot::error::Error;
use crate::lnbot::page::Page;
use crate::lnbot::{Lnbot, id, named, parse, render, wire};

/// `POST /wallets/{wallet_id}/invoices`
pub(crate) async fn create(
    wallet: OwnWallet,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::NewInvoice>,
) -> Result<Json<wire::Invoice>, Error> {
    let amount = parse::amount(request.amount)?;
    let memo = parse::text("memo", request.memo)?;
    let reference = parse::text("reference", request.reference)?;
    let wanted = parse::new_invoice(wallet.account(), amount, memo, reference);
    let made = lnbot.service.create_invoice(wanted).await;
    Ok(Json(render::invoice(&made.map_err(deleted_meanwhile)?)))
}

/// `GET /wallets/{wallet_id}/invoices`
pub(crate) async fn list(
    OwnWallet(wallet): OwnWallet,
    State(lnbot): State<Lnbot>,
    page: Page,
) -> Result<Json<Vec<wire::Invoice>>, Error> {
    let found = lnbot
        .service
        .invoices_below(wallet.id, page.below, page.limit)
        .await?;
    Ok(Json(found.iter().map(render::invoice).collect()))
}

/// `GET /wallets/{wallet_id}/invoices/{invoice}`: by number or by hash.
pub(crate) async fn one(
    wallet: OwnWallet,
    State(lnbot): State<Lnbot>,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<wire::Invoice>, Error> {
    let unknown = || Error::from(Refusal::UnknownInvoice);
    let name = id::row_name(&name).ok_or_else(unknown)?;
    let found = lnbot.service.invoice_named(wallet.account(), name)?;
    Ok(Json(render::invoice(&found.ok_or_else(unknown)?)))
}

/// `POST /invoices/for-wallet`
pub(crate) async fn for_wallet(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::InvoiceForWallet>,
) -> Result<Json<wire::StrangersInvoice>, Error> {
    lnbot.strangers.count(address).map_err(Error::too_many)?;
    let amount = parse::amount(request.amount)?;
    let comment = parse::comment(request.comment)?;
    let reference = parse::text("reference", request.reference)?;
    let unknown = || Error::bad_request("There is no such wallet.");
    let id = id::parse_wallet(&request.wallet_id).ok_or_else(unknown)?;
    let wallet = lnbot.service.wallet(id).await?;
    wallet.filter(Wallet::is_open).ok_or_else(unknown)?;
    let wanted = parse::new_invoice(WalletRef::Wallet(id), amount, comment, reference);
    let made = lnbot.invoice_for_stranger(address, wanted).await?;
    Ok(Json(render::strangers_invoice(&made)))
}

/// `POST /invoices/for-address`
pub(crate) async fn for_address(
    Remote(address): Remote,
    State(lnbot): State<Lnbot>,
    Body(request): Body<wire::InvoiceForAddress>,
) -> Result<Json<wire::StrangersInvoice>, Error> {
    lnbot.strangers.count(address).map_err(Error::too_many)?;
    let amount = parse::amount(request.amount)?;
    let comment = parse::comment(request.comment)?;
    let tag = parse::text("tag", request.tag)?;
    let payee = named::payee(&request.address, lnbot.settings.domain())?;
    let tag = tag.or(payee.tag);
    let found = lnbot.service.payable_address(&payee.name).await?;
    let found = found.ok_or_else(|| Error::from(Refusal::UnknownAddress))?;
    let wallet = WalletRef::Wallet(found.wallet);
    let wanted = parse::new_invoice(wallet, amount, comment, tag);
    let made = lnbot.invoice_for_stranger(address, wanted).await?;
    Ok(Json(render::strangers_invoice(&made)))
}

/// The wallet was there when its key was looked at.
fn deleted_meanwhile(error: ServiceError) -> Error {
    if matches!(error, ServiceError::Refused(Refusal::UnknownWallet)) {
        return Error::conflict("The wallet is being deleted.");
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_that_goes_is_a_conflict() {
        let gone = deleted_meanwhile(Refusal::UnknownWallet.into());
        assert_eq!(gone, Error::conflict("The wallet is being deleted."));
        let other = deleted_meanwhile(Refusal::TooManyUnpaid.into());
        assert_eq!(other, Error::from(Refusal::TooManyUnpaid));
    }
}
