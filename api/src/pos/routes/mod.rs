//! Handlers by resource: extract, one call, wire type. Owns nothing else; the table of contents
//! is [`router`](super::router).

pub(super) mod audit_log;
pub(super) mod export;
pub(super) mod health;
pub(super) mod invoices;
pub(super) mod login;
pub(super) mod node;
pub(super) mod offers;
pub(super) mod onchain;
pub(super) mod payments;
pub(super) mod seed;
pub(super) mod setup;
pub(super) mod staff;
pub(super) mod wallet_access;
pub(super) mod webhook_secret;
