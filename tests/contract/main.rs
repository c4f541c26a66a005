//! The wire formats: every route, every documented field, every row of the error table, over real
//! HTTP against a till with a scripted node.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod access;
mod audit_log;
mod disk;
mod envelope;
mod export;
mod guide;
mod invoices;
mod lists;
mod lnbits_clients;
mod lnbits_holds;
mod lnbits_lists;
mod lnbits_lnurl;
mod lnbits_misc;
mod lnbits_payments;
mod lnbits_slice;
mod lnbits_socket;
mod lnbits_tiers;
mod lnbits_transcripts;
mod lnbits_wallets;
mod lnbot_accounts;
mod lnbot_payments;
mod lnbot_resolve;
mod node;
mod offers;
mod openings;
mod paying;
mod seed;
mod set_up;
mod socket;
mod staff;
mod tiers;
mod webhooks;
