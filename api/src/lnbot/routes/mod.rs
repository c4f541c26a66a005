//! Handlers, by subject. Who may call one is its first argument.

pub(super) mod account;
pub(super) mod keys;
pub(super) mod payments;
pub(super) mod transactions;
pub(super) mod wallets;
