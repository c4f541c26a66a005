//! What happens.
pub mod abort;
pub mod hub;
pub mod journal;
pub mod ledger;
pub mod node;
pub mod service;
pub mod views;
