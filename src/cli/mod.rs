//! The command line: arguments, files, printing, exit codes. The only room that does I/O.
//!
//! Exit codes: 0 all is well, 1 an expectation or a check failed, 2 the input or the call is wrong; then
//! nothing is written.

mod check;
mod disk;
mod envoy;
mod explain;
mod lint;
mod output;
mod run;

use std::process::ExitCode;

pub use disk::Disk;

use clap::{Parser, Subcommand};

/// What will this mesh config do to the traffic?
///
/// Loads Istio, ASM, Gateway API and Kubernetes YAML, routes seeded requests through it as istiod and Envoy
/// would, and reports where they went.
#[derive(Debug, Parser)]
#[command(name = "lanecast", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a scenario and reports distributions, fallbacks and fit.
    Run(run::RunArguments),
    /// Runs routing tests: a request, and what must come out.
    Check(check::CheckArguments),
    /// Tells the way of single requests: each rule tried, each choice made, and why.
    Explain(explain::ExplainArguments),
    /// Finds what is wrong or surprising in mesh files, with the request that proves it.
    Lint(lint::LintArguments),
    /// Prints what the real Envoy would be configured with, for one proxy.
    Envoy(envoy::EnvoyArguments),
}

/// All is well.
const SUCCESS: u8 = 0;
/// An expectation or a check failed.
const FAILURE: u8 = 1;
/// The input or the call is wrong.
const INVALID: u8 = 2;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { INVALID } else { SUCCESS });
        }
    };
    let code = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Envoy(arguments) => envoy::run(&arguments),
    };
    ExitCode::from(code)
}
