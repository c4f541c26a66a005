//! The sandbox: one command, a whole Lightning world. See [`till_regtest::sandbox`].

use std::process::ExitCode;

fn main() -> ExitCode {
    till_regtest::sandbox::main()
}
