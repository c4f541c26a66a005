//! Money from one wallet of this till's to another, where there is no invoice to be paid.

use super::IdempotencyKey;
use crate::id::{OfferId, PaymentId, Preimage, RequestHash};
use crate::ledger::account::{Origin, WalletRef};
use crate::meta::Meta;
use crate::money::Msat;

/// A transfer as its payer wants it.
#[derive(Clone, Debug)]
pub struct TransferOrder {
    /// Our name for the payment; fresh randomness.
    pub id: PaymentId,
    /// What both rows will be known by is its hash; fresh randomness.
    pub preimage: Preimage,
    /// Who pays.
    pub from: WalletRef,
    /// Who is paid.
    pub to: WalletRef,
    /// Where it was asked for.
    pub origin: Origin,
    /// How much.
    pub amount: Msat,
    /// What the payer named as the recipient.
    pub named: String,
    /// The recipient's offer, if that is what was named.
    pub offer: Option<OfferId>,
    /// What the payer wrote after a `+` in the recipient's address: the recipient's row is found by it.
    pub tag: Option<String>,
    /// What both are shown.
    pub description: String,
    /// Makes a repeat of this order the same order.
    pub idempotency: Option<(IdempotencyKey, RequestHash)>,
    /// What its payer tells about it.
    pub meta: Meta,
}
