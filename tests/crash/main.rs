//! Kills the till, again and again: see [`support::crash`].

use std::process::ExitCode;

use support::crash::{Failure, Options, run};
use till_regtest::world::TilldCommand;
use till_regtest::world::child::run_if_child;

/// Kills if nobody says how many.
const ROUNDS: u32 = 25;

fn main() -> ExitCode {
    if let Some(code) = run_if_child() {
        return code;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match (runtime, options()) {
        (Ok(runtime), Ok(options)) => runtime.block_on(run(options)),
        (Err(error), _) => Err(error.into()),
        (_, Err(error)) => Err(error),
    };
    match done {
        Ok(count) if count.is_clean() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("crash: {error}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, Failure> {
    let mut options = Options {
        rounds: ROUNDS,
        seed: fastrand::u64(..),
        keep: None,
        tilld: TilldCommand::this_program()?,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--rounds" => options.rounds = value.parse()?,
            "--seed" => options.seed = value.parse()?,
            "--keep" => options.keep = Some(value.into()),
            _ => return Err("usage: crash [--rounds N] [--seed S] [--keep FOLDER]".into()),
        }
    }
    println!("seed {}", options.seed);
    Ok(options)
}
