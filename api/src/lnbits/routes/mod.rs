//! Handlers by resource: extract, one call, wire type.

pub(super) mod auth;
pub(super) mod payments;
pub(super) mod shares;
pub(super) mod wallets;
