//! The binary: parse, run, exit code.
//! Everything else is in the library, where tests reach it.

use pointsman::app::run;
use std::process::ExitCode;

fn main() -> ExitCode {
    run::main(std::env::args_os().collect(), std::env::vars_os())
}
