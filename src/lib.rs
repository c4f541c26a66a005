//! The pure core of the till: what is true about money, and nothing else.
//!
//! Architecture invariant: this crate cannot await. It has no runtime, no I/O, no clock and no
//! randomness; time, ids and secrets come in as arguments. Everything that moves money is a
//! [`Command`](ledger::Command) that [`ledger::decide`] turns into a [`Record`](ledger::Record),
//! and [`State::evolve`](ledger::State::evolve) is the only thing that changes state.

pub mod access;
pub mod address;
pub mod fees;
pub mod flow;
pub mod holder;
pub mod id;
pub mod inception;
pub mod invoice;
pub mod ledger;
pub mod meta;
pub mod money;
pub mod node;
pub mod offer;
pub mod outbox;
pub mod payment;
pub mod restoration;
pub mod time;
pub mod transaction;
pub mod treasury;
pub mod webhook;
