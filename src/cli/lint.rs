//! `lanecast lint`.

use clap::{Args, ValueEnum};

use super::disk::Disk;
use super::run::{print, print_problems};
use super::{FAILURE, INVALID, SUCCESS};
use crate::diagnostic::Severity;
use crate::lint;
use crate::scenario::{self, Inspected};

/// Arguments of `lint`.
#[derive(Args, Debug)]
pub(super) struct LintArguments {
    /// Mesh files, folders, patterns, `-` for standard input, or one scenario file.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// How to print the findings.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// From which severity on a finding makes the command fail with exit code 1.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "warning")]
    fail_on: Threshold,
    /// Namespace of objects that state none.
    #[arg(long, short, value_name = "NS")]
    namespace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Source lines with carets, help and proofs.
    Text,
    /// The schema `lanecast.lint/1`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Threshold {
    /// Errors only, as `istioctl analyze` does.
    Error,
    /// Errors and warnings.
    Warning,
    /// Every finding.
    Info,
    /// No finding.
    Never,
}

/// Lints files; returns the exit code.
pub(super) fn run(arguments: &LintArguments) -> u8 {
    let inspected = scenario::inspect(&Disk, &arguments.paths, arguments.namespace.as_deref());
    print_problems(&inspected.problems, &inspected.sources);
    if inspected.problems.has_errors() {
        return INVALID;
    }
    let Inspected { sources, findings, assumptions, .. } = &inspected;
    let text = match arguments.format {
        Format::Json => lint::json(findings, assumptions, sources),
        Format::Sarif => lint::sarif(findings, sources),
        Format::Text => {
            let assumed = assumptions.iter().map(|text| format!("assumed: {text}\n"));
            lint::text(findings, sources) + &assumed.collect::<String>()
        }
    };
    print(&text);
    let fails = findings.iter().any(|finding| arguments.fail_on.includes(finding.severity()));
    if fails { FAILURE } else { SUCCESS }
}

// === impl Threshold ===

impl Threshold {
    fn includes(self, severity: Severity) -> bool {
        match self {
            Self::Error => severity == Severity::Error,
            Self::Warning => severity != Severity::Note,
            Self::Info => true,
            Self::Never => false,
        }
    }
}
