//! What is seen: the HTTP and WebSocket surfaces of the till, its configuration and its command
//! line.
//!
//! Architecture invariant: a surface talks to the [`Service`](till_actors::service::Service) and
//! to nothing else. It translates: wire types in, one call, wire types out.

pub mod cli;
pub mod config;
mod guard;
pub mod http;
pub mod listen;
pub mod lnbits;
pub mod lnbot;
pub mod pos;
pub mod seed;
mod serve;
mod socket;
pub mod telemetry;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs `tilld` with the arguments of this process.
#[must_use]
pub fn run() -> ExitCode {
    run_from(std::env::args_os())
}

/// The same with arguments given by the caller, the program's name first: for programs that carry
/// the till inside them.
#[must_use]
pub fn run_from(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::run_from(args, serve::serve)
}
