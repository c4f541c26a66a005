//! From requests to what the service is asked. Owns bounds and the rules between fields.

mod amount;
mod idempotency;
mod invoice;
mod meta;
mod payment;
mod webhook;

pub(super) use amount::{Asked, amount};
pub(super) use idempotency::{keyed, keyed_lnurl};
pub(super) use invoice::{Wanted, Withdrawal, new_invoice, withdrawal};
pub(super) use meta::{extra, labels};
pub(super) use payment::{INTERNAL, hash, new_payment, pasted, preimage};
pub(super) use webhook::check_callback;

/// A text that is there: real clients send empty ones for what they do not mean.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
