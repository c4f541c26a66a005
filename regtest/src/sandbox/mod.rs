//! The sandbox: one command, a whole Lightning world, one sale to prove it.
//!
//! Owns the command line, the sale and what the terminal says. What it shows is a
//! [`World`](crate::world::World); what drives it afterwards is [`crate::control`].

mod args;
mod report;
mod run;
mod sale;
mod socket;
mod timeline;

pub use run::main;
