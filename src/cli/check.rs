//! `lanecast check`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::disk::{Disk, plain};
use super::run::{print, print_problems, refuse};
use super::{FAILURE, INVALID, SUCCESS};
use crate::check::{self, Options, Report, Selection};
use crate::diagnostic::Sources;
use crate::report::Style;
use crate::units::Share;

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    /// Test files, or folders and globs of them: lanecast's own, `testCases` of istio-config-validator, tests
    /// of Envoy's `router_check_tool`, scenarios with `expect`.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Mesh of test files that name none: a file, a folder or a glob; may be repeated.
    #[arg(long, value_name = "PATH")]
    mesh: Vec<String>,
    /// Where requests of foreign test files enter; found out from the rules if not given.
    #[arg(long, value_name = "ENTRY")]
    from: Option<String>,
    /// Prints only tests that failed.
    #[arg(long)]
    only_failures: bool,
    /// Also writes the outcome to this file, as `JUnit` XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Prints which rules and weighted destinations the tests met.
    #[arg(long)]
    coverage: bool,
    /// Fails if the tests met fewer of the rules and destinations than this.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_under: Option<Share>,
    /// How to print the outcome.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for each test, failures with their source line.
    Text,
    /// One object.
    Json,
}

/// A percentage, with or without its sign.
fn percent(text: &str) -> Result<Share, String> {
    let digits = text.trim().trim_end_matches('%');
    let share = format!("{digits}%").parse::<Share>().ok().filter(|share| share.is_probability());
    share.ok_or_else(|| "a number from 0 to 100 is expected".to_owned())
}

/// Runs tests; returns the exit code.
pub(super) fn run(arguments: &CheckArguments) -> u8 {
    let options = Options { mesh: arguments.mesh.clone(), from: arguments.from.clone() };
    let checked = check::check(&Disk, &arguments.files, &options);
    print_problems(&checked.problems, &checked.sources);
    let Some(report) = checked.report else { return INVALID };
    if let Some(path) = &arguments.junit {
        let text = check::junit(&report, &checked.sources);
        if let Err(error) = std::fs::write(path, text) {
            return refuse(&format!("cannot write {}: {}", path.display(), plain(&error)));
        }
    }
    print_report(arguments, &report, &checked.sources);
    let share = report.coverage.share();
    let is_under = arguments.fail_under.is_some_and(|least| check::is_under(share, least));
    if report.failed() > 0 || is_under { FAILURE } else { SUCCESS }
}

fn print_report(arguments: &CheckArguments, report: &Report, sources: &Sources) {
    let selection = Selection {
        only_failures: arguments.only_failures,
        coverage: arguments.coverage,
        fail_under: arguments.fail_under,
    };
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || !std::io::stdout().is_terminal();
    let style = if plain { Style::Plain } else { Style::Colour };
    print(&match arguments.format {
        Format::Text => check::text(report, sources, selection, style),
        Format::Json => check::json(report, sources, selection),
    });
}
