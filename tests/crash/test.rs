//! Five kills, as part of every run of the tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use support::crash::{Options, run};
use till_regtest::world::TilldCommand;

#[tokio::test(flavor = "multi_thread")]
async fn five_kills_lose_nothing() {
    let options = Options {
        rounds: 5,
        seed: 5,
        keep: None,
        tilld: TilldCommand::this_test_program("the_till").unwrap(),
    };
    let count = run(options).await.unwrap();
    assert!(count.is_clean(), "{count:?}");
    assert!(count.acknowledged > 20, "hardly any load: {count:?}");
}

/// Not a test of its own: the till itself, when this program is started again to be it.
#[test]
fn the_till() -> std::process::ExitCode {
    till_regtest::world::child::run_in_test()
}
