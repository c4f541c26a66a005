//! Handlers by resource: extract, one call, wire type.

pub(super) mod lnurl;
pub(super) mod payments;
pub(super) mod rates;
pub(super) mod wallets;
