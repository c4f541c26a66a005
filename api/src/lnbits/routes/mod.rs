//! Handlers by resource: extract, one call, wire type.

pub(super) mod lists;
pub(super) mod payments;
pub(super) mod wallets;
