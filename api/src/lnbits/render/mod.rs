//! From rows to wire types.

mod decoded;
mod payment;

pub(super) use decoded::{bolt11, lnurl, offer};
pub(super) use payment::{invoice, payment, refused};
