//! Handlers, by subject. Who may call one is its first argument.

pub(super) mod account;
pub(super) mod addresses;
pub(super) mod invoices;
pub(super) mod keys;
pub(super) mod l402;
pub(super) mod payments;
pub(super) mod status;
pub(super) mod transactions;
pub(super) mod wallets;
pub(super) mod webhooks;
