//! Figures: what the journal, a long history and Lightning cost. Prints Markdown tables; nothing is
//! asserted, because machines differ. See `docs/performance.md`.
//!
//! ```text
//! cargo run --release --bin bench -- journal | history [PAYMENTS ..] | lists [PAYMENTS ..] | lightning [PAYMENTS] | streams [STREAMS]
//! ```

mod history;
mod journal;
mod lightning;
mod lists;
mod streams;
mod streams_clients;
mod work;

use std::process::ExitCode;

use till_regtest::world::child::run_if_child;

/// What goes wrong around a measurement.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    if let Some(code) = run_if_child() {
        return code;
    }
    let mut args = std::env::args().skip(1);
    let what = args.next();
    let numbers: Vec<u64> = args.filter_map(|arg| arg.parse().ok()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::FAILURE;
    };
    let done = match what.as_deref() {
        Some("journal") => journal::run(numbers.first().copied()),
        Some("history") => runtime.block_on(history::run(&numbers)),
        Some("lists") => lists::run(&numbers),
        Some("streams") => runtime.block_on(streams::run(numbers.first().copied())),
        // Started by `streams`.
        Some("streams-clients") => {
            runtime.block_on(streams_clients::run(numbers.first().copied()))
        }
        Some("lightning") => runtime.block_on(lightning::run(numbers.first().copied())),
        _ => Err(
            "usage: bench journal [RECORDS] | history [PAYMENTS ..] | lists [PAYMENTS ..] | lightning [PAYMENTS] | streams [STREAMS]"
                .into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
