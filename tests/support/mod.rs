//! What contract tests stand on: a till with a scripted node, served over real HTTP.
//!
//! The fake node is for wire formats and refusals only; money flows are proven end to end.

#![allow(clippy::panic)]

pub mod app;
pub mod caller;
#[path = "../crash/mod.rs"]
pub mod crash;
pub mod fake_node;
pub mod invoices;
pub mod lnbits;
pub mod lnbot;
pub mod offers;
pub mod payer;
pub mod sse;
