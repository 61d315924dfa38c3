//! The `lanecast` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    lanecast::cli::main()
}
