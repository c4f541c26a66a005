//! The till inside this very program: the child's side of a re-execution.
//!
//! One file is enough for a whole world, and tests need no other binary to be built first. The child
//! leaves when its parent is gone, however that died.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, getppid, kill_process};

/// First argument of a re-executed program.
pub(super) const CHILD_ARGUMENT: &str = "__tilld";
/// Where a re-executed test program finds the till's arguments.
pub(super) const ARGS_VARIABLE: &str = "REGTEST_TILLD_ARGS";
/// Between arguments in that variable: the unit separator of ASCII.
pub(super) const SEPARATOR: &str = "\u{1f}";
/// The process that a child belongs to.
pub(super) const PARENT_VARIABLE: &str = "REGTEST_PARENT_PID";

/// How often a child looks for its parent.
const PARENT_CHECK: Duration = Duration::from_millis(250);

/// If this process was started to be the till, is the till and says how that ended. To be called
/// first thing in `main`.
pub fn run_if_child() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != CHILD_ARGUMENT {
        return None;
    }
    Some(run(args.collect()))
}

/// The body of the test that [`TilldCommand::this_test_program`](super::TilldCommand) names. Does
/// nothing where the test is run for its own sake.
pub fn run_in_test() -> ExitCode {
    match std::env::var(ARGS_VARIABLE) {
        Ok(args) => run(args.split(SEPARATOR).map(OsString::from).collect()),
        Err(_unset) => ExitCode::SUCCESS,
    }
}

fn run(args: Vec<OsString>) -> ExitCode {
    watch_parent();
    run_tilld(args)
}

/// From now on this process ends when the one that started it has. Does nothing where a world did
/// not.
pub fn watch_parent() {
    std::thread::spawn(leave_with_parent);
}

/// Runs the till with its command line, the program's name left out.
fn run_tilld(args: Vec<OsString>) -> ExitCode {
    let name = OsString::from("tilld");
    tilld::run_from(std::iter::once(name).chain(args))
}

/// Asks the own process to end when the parent has. The kernel would do that at the death of the
/// parent's *thread*, and threads come and go in a runtime.
fn leave_with_parent() {
    let Ok(parent) = std::env::var(PARENT_VARIABLE) else {
        return;
    };
    let Some(parent) = parent.parse().ok().and_then(Pid::from_raw) else {
        return;
    };
    while getppid() == Some(parent) {
        std::thread::sleep(PARENT_CHECK);
    }
    if let Err(error) = kill_process(getpid(), Signal::TERM) {
        eprintln!("the parent is gone, and ending failed: {error}");
        std::process::exit(1);
    }
}
