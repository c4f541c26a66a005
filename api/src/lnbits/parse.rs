//! From requests to what the service is asked.

use till::invoice::Description;
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::Sat;
use till_actors::service::{NewInvoice, NewPayment};

use super::Dialect;
use super::error::Error;
use super::wire::CreatePayment;

/// The invoice that a request wants made.
pub(super) fn new_invoice(
    dialect: Dialect,
    wallet: WalletRef,
    request: CreatePayment,
) -> Result<NewInvoice, Error> {
    let amount = request.amount.and_then(Sat::new);
    let amount = amount.filter(|amount| *amount > Sat::ZERO);
    let amount = amount
        .ok_or_else(|| Error::invalid(dialect, "amount must be a whole number, at least 1"))?;
    Ok(NewInvoice {
        wallet,
        origin: Origin::Lnbits,
        amount: Some(amount.to_msat()),
        description: Description::Text(request.memo.unwrap_or_default()),
        external_id: None,
        webhook_url: None,
        expiry_secs: request.expiry,
        hold: None,
        meta: Meta::default(),
    })
}

/// The payment that a request wants made.
pub(super) fn new_payment(
    dialect: Dialect,
    wallet: WalletRef,
    request: CreatePayment,
) -> Result<NewPayment, Error> {
    let bolt11 = request
        .bolt11
        .ok_or_else(|| Error::invalid(dialect, "bolt11 is missing"))?;
    Ok(NewPayment {
        wallet,
        origin: Origin::Lnbits,
        bolt11: bolt11.trim().to_owned(),
        amount: None,
        fee_cap: None,
        idempotency: None,
        meta: Meta::default(),
    })
}
