//! Which program is the till, and how it is given its arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use super::child::{ARGS_VARIABLE, CHILD_ARGUMENT, SEPARATOR};

/// A program that is, or contains, the till.
#[derive(Clone, Debug)]
pub struct TilldCommand {
    program: PathBuf,
    /// Before the till's own arguments.
    leading: Vec<OsString>,
    /// The till's arguments go into a variable, as the program's arguments mean something else.
    by_variable: bool,
}

impl TilldCommand {
    /// The running program, which has the till inside it: its `main` must begin with
    /// [`child::run_if_child`](super::child::run_if_child).
    ///
    /// # Errors
    /// If the program's own file cannot be found.
    pub fn this_program() -> std::io::Result<Self> {
        Ok(TilldCommand {
            program: std::env::current_exe()?,
            leading: vec![CHILD_ARGUMENT.into()],
            by_variable: false,
        })
    }

    /// The running test program. `test` is the full name of a test in it whose body is
    /// [`child::run_in_test`](super::child::run_in_test).
    ///
    /// # Errors
    /// If the program's own file cannot be found.
    pub fn this_test_program(test: &str) -> std::io::Result<Self> {
        let leading = [test, "--exact", "--nocapture", "--test-threads=1"];
        Ok(TilldCommand {
            program: std::env::current_exe()?,
            leading: leading.map(OsString::from).to_vec(),
            by_variable: true,
        })
    }

    /// A `tilld` of its own.
    pub fn executable(program: impl Into<PathBuf>) -> Self {
        TilldCommand {
            program: program.into(),
            leading: Vec::new(),
            by_variable: false,
        }
    }

    /// The process to be, without its environment.
    pub(super) fn process(&self, args: &[&str]) -> tokio::process::Command {
        let mut process = tokio::process::Command::new(&self.program);
        process.args(&self.leading);
        if self.by_variable {
            process.env(ARGS_VARIABLE, args.join(SEPARATOR));
        } else {
            process.args(args);
        }
        process
    }
}
