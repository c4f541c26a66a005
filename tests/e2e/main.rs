//! End-to-end stories: a till as a child process, real Lightning nodes, real blocks, and nothing
//! but the till's own HTTP surface and WebSocket to drive it.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod beside;
mod books;
mod display;
mod foreign;
mod shop;

mod audit;
mod bitcoind;
mod channels;
mod closing;
mod damage;
mod electrum;
mod export;
mod first_hour;
mod guide;
mod jit;
mod lnbits;
mod lnbot_addresses;
mod lnbot_l402;
mod lnbot_payments;
mod lnbot_sdk;
mod money_on_chain;
mod offers;
mod onchain;
mod openings;
mod parts;
mod paying;
mod process;
mod races;
mod receiving;
mod reconcile;
mod recovery;
mod restarts;
mod secrets;
mod splice;

/// Not a test of its own: the till itself, when this program is started again to be it. Says its
/// exit code, because the test harness has one of its own.
#[test]
fn the_till() -> std::process::ExitCode {
    let code = till_regtest::world::child::run_in_test();
    let number = (0..=u8::MAX).find(|number| std::process::ExitCode::from(*number) == code);
    println!("{}{}", audit::EXIT_CODE, number.unwrap());
    code
}
