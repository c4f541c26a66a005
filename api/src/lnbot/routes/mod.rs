//! Handlers, by subject. Who may call one is its first argument.

pub(super) mod account;
pub(super) mod keys;
pub(super) mod status;
pub(super) mod wallets;
