//! The core and its flows under a scheduler that a seed decides: crashes between any two steps, a
//! disk that loses what was not synced, a node with every trap that real ones have.
//!
//! ```text
//! cargo test -p till-tests --test simulation                              10,000 seeds
//! cargo test -p till-tests --test simulation -- --seeds 500 --from 7      others
//! cargo test -p till-tests --test simulation -- --seed 42 --trace         one, step by step
//! ```

#![allow(clippy::panic, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod disk;
mod node;
mod outside;
mod rules;
mod task;
mod wishes;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use world::World;

/// Seeds that a plain run takes.
const SEEDS: u64 = 10_000;
/// Steps before everything is let come to its end.
const STEPS: u32 = 800;

/// What is to be run.
struct Wanted {
    from: u64,
    seeds: u64,
    trace: bool,
}

fn wanted() -> Wanted {
    let mut wanted = Wanted {
        from: 0,
        seeds: SEEDS,
        trace: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse().ok()).unwrap_or(0);
        match arg.as_str() {
            "--seeds" => wanted.seeds = number(),
            "--from" => wanted.from = number(),
            "--seed" => (wanted.from, wanted.seeds) = (number(), 1),
            "--trace" => wanted.trace = true,
            _ => {} // The test runner's own, such as a filter for other tests.
        }
    }
    wanted
}

/// One history. Panics where a rule is broken.
fn run(seed: u64, trace: bool) -> (u32, u32, usize) {
    let mut world = World::new(seed, trace);
    for _ in 0..STEPS {
        world.step();
    }
    world.calm_down();
    world.rules.at_the_end(&world.disk, &world.node);
    (world.crashes, world.retried, world.disk.journal.len())
}

fn main() -> ExitCode {
    let wanted = wanted();
    let begun = Instant::now();
    let next = AtomicU64::new(wanted.from);
    let (failed, records) = (AtomicU64::new(0), AtomicU64::new(0));
    let (crashes, retries) = (AtomicU64::new(0), AtomicU64::new(0));
    let end = wanted.from.saturating_add(wanted.seeds);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while failed.load(Ordering::Relaxed) == 0 {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| run(seed, wanted.trace))) {
                        Ok((crashed, retried, written)) => {
                            retries.fetch_add(retried.into(), Ordering::Relaxed);
                            crashes.fetch_add(crashed.into(), Ordering::Relaxed);
                            records.fetch_add(written as u64, Ordering::Relaxed);
                        }
                        Err(_) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                            eprintln!(
                                "\nseed {seed} breaks a rule; again, step by step:\n  \
                                 cargo test -p till-tests --test simulation -- --seed {seed} --trace"
                            );
                        }
                    }
                }
            });
        }
    });
    let failures = failed.into_inner();
    println!(
        "simulation: {} seeds, {} crashes, {} attempts by themselves, {} records, {} failed, {:.1} s",
        wanted.seeds,
        crashes.into_inner(),
        retries.into_inner(),
        records.into_inner(),
        failures,
        begun.elapsed().as_secs_f32()
    );
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
