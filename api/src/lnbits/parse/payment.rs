//! Requests to pay, and what payments are named by.

use till::id::{PaymentHash, Preimage, RequestHash};
use till::ledger::{IdempotencyKey, Origin, WalletRef};
use till::money::Msat;
use till_actors::service::{DecodedInvoice, NewPayment};

use super::meta;
use crate::lnbits::error::Error;
use crate::lnbits::fiat::Priced;
use crate::lnbits::{Dialect, wire};

/// What LNbits writes before the hash where the payer's side of a payment between two of its wallets
/// is meant.
pub(in crate::lnbits) const INTERNAL: &str = "internal_";

/// The order to pay `invoice`, which a request names. The amount counts only where the invoice leaves
/// it open: clients send one that they do not mean.
pub(in crate::lnbits) fn new_payment(
    dialect: Dialect,
    wallet: WalletRef,
    (invoice, bolt11, priced): (&DecodedInvoice, &str, &Priced),
    mut request: wire::CreatePayment,
    idempotency: Option<(IdempotencyKey, RequestHash)>,
) -> Result<NewPayment, Error> {
    let amount: Option<Msat> = match invoice.amount {
        Some(_) => None,
        None => Some(priced.sat.to_msat()),
    };
    let mut meta = meta::meta(dialect, &mut request)?;
    priced.note(&mut meta);
    Ok(NewPayment {
        wallet,
        origin: Origin::Lnbits,
        bolt11: bolt11.to_owned(),
        amount,
        fee_cap: None,
        idempotency,
        meta,
    })
}

/// A text as people paste it, without the scheme of a link.
pub(in crate::lnbits) fn pasted(text: &str) -> &str {
    let text = text.trim();
    match text.split_at_checked("lightning:".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("lightning:") => rest,
        Some(_) | None => text,
    }
}

/// The hash in a `checking_id`.
pub(in crate::lnbits) fn hash(checking_id: &str) -> Option<PaymentHash> {
    let hash = checking_id.strip_prefix(INTERNAL).unwrap_or(checking_id);
    hash.parse().ok()
}

/// What opens a hash: 64 hexadecimal digits.
pub(in crate::lnbits) fn preimage(text: &str) -> Option<Preimage> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(Preimage::from_bytes(bytes))
}
