//! The binary: parse, run, exit code.

use pointsman::app::run;
use std::process::ExitCode;

fn main() -> ExitCode {
    run::main(std::env::args_os().collect(), std::env::vars_os())
}
