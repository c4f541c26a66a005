//! Handlers by resource: extract, one call, wire type.

pub(super) mod auth;
pub(super) mod decode;
pub(super) mod holds;
pub(super) mod lists;
pub(super) mod lnurl;
pub(super) mod marks;
pub(super) mod misc;
pub(super) mod payments;
pub(super) mod rates;
mod seen;
pub(super) mod shares;
pub(super) mod wallets;
pub(super) mod withdrawals;
