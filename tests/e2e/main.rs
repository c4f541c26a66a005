//! End-to-end stories: a till as a child process, real Lightning nodes, real blocks, and nothing
//! but the till's own HTTP surface and WebSocket to drive it.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod books;
mod display;
mod foreign;
mod shop;

mod money_on_chain;
mod paying;
mod process;
mod receiving;
mod restarts;

/// Not a test of its own: the till itself, when this program is started again to be it.
#[test]
fn the_till() -> std::process::ExitCode {
    till_regtest::world::child::run_in_test()
}
