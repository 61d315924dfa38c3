//! `lanecast run`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::disk::Disk;
use super::{FAILURE, INVALID, SUCCESS, output};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::engine::exact;
use crate::engine::flow::{self, Flow, FlowError};
use crate::engine::replay::Program;
use crate::engine::timed::{Prepared, Simulation};
use crate::report::{self, Style};
use crate::scenario::time::End;
use crate::scenario::{self, Options, Scenario};
use crate::summary::{self, Run, Summary, TimedRun};

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// The scenario file.
    scenario: String,
    /// Number of requests, instead of the scenario's.
    #[arg(long, value_name = "N", value_parser = number)]
    requests: Option<u64>,
    /// Seed, instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; all cores if not given. The result does not depend on it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// How to find the answer.
    ///
    /// If not given: in time if the scenario states a duration, else by replay.
    #[arg(long, value_enum)]
    engine: Option<EngineArgument>,
    /// Independent runs of the timed engine, instead of the scenario's.
    #[arg(long, value_name = "N", value_parser = number)]
    replications: Option<u64>,
    /// Changes a value of the scenario, e.g. `scale.mockb-v2=0`; may be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Folder for result files.
    #[arg(long, value_name = "DIR", default_value = "output")]
    out: PathBuf,
    /// How to print the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Prints nothing but errors.
    #[arg(long, short)]
    quiet: bool,
    /// Draws no charts.
    #[arg(long)]
    no_charts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EngineArgument {
    /// Probabilities on the decision graph, nothing sampled.
    Exact,
    /// Seeded requests through the decision graph.
    Replay,
    /// The same on a clock: queues, retries, ejections, a timeline.
    Timed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned tables.
    Text,
    /// `summary.json`.
    Json,
    /// Tables for a merge request.
    Markdown,
}

/// A number that may be written with `_` or `,` between digits.
fn number(text: &str) -> Result<u64, String> {
    text.replace(['_', ','], "").parse().map_err(|_| "a whole number is expected".to_owned())
}

/// Runs a scenario; returns the exit code.
pub(super) fn run(arguments: &RunArguments) -> u8 {
    let changes = changes(arguments);
    let options = Options { changes: changes.clone() };
    let loaded = scenario::load(&Disk, &arguments.scenario, &options);
    let Some(scenario) = loaded.scenario else {
        print_problems(&loaded.problems, &loaded.sources);
        return INVALID;
    };
    let mut problems = loaded.problems;
    let flow = match flow::build(&scenario) {
        Ok(flow) => flow,
        Err(error) => {
            problems.push(error.diagnostic(scenario.topology_place));
            print_problems(&problems, &loaded.sources);
            return INVALID;
        }
    };
    problems.extend(unmet_rules(&scenario, &flow));
    problems.sort();
    if !arguments.quiet {
        print_problems(&problems, &loaded.sources);
    }
    let summary = match summarise(arguments, &scenario, &flow, &changes) {
        Ok(summary) => summary,
        Err(reason) => return refuse(&reason),
    };
    let files = match files(arguments, &summary) {
        Ok(files) => files,
        Err(reason) => return refuse(&reason),
    };
    if let Err(reason) = output::write_all(&arguments.out, &files) {
        return refuse(&format!("cannot write {reason}"));
    }
    if !arguments.quiet {
        print_report(arguments, &summary);
    }
    if summary.verdict.expectations == "failed" { FAILURE } else { SUCCESS }
}

/// `--requests` and `--seed` are changes as well, before those of `--set`.
fn changes(arguments: &RunArguments) -> Vec<String> {
    let requests = arguments.requests.map(|requests| format!("requests={requests}"));
    let seed = arguments.seed.map(|seed| format!("seed={seed}"));
    let runs = arguments.replications.map(|runs| format!("replications={runs}"));
    let own = requests.into_iter().chain(seed).chain(runs);
    own.chain(arguments.set.iter().cloned()).collect()
}

/// Runs the engine that was asked for.
fn summarise(
    arguments: &RunArguments,
    scenario: &Scenario,
    flow: &Flow,
    changes: &[String],
) -> Result<Summary, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads.unwrap_or(0)).build();
    let pool = pool.map_err(|error| format!("cannot start threads: {error}"))?;
    let by_clock = matches!(scenario.time.end, End::At(_));
    let usual = if by_clock { EngineArgument::Timed } else { EngineArgument::Replay };
    let engine = arguments.engine.unwrap_or(usual);
    if engine == EngineArgument::Timed {
        return pool.install(|| timed(scenario, changes));
    }
    let exact = exact::solve(flow);
    let tally = (engine == EngineArgument::Replay).then(|| {
        let program = Program::new(scenario, flow, &exact);
        pool.install(|| program.run(scenario.seed, scenario.requests))
    });
    let run = Run { scenario, flow, exact: &exact, tally: tally.as_ref(), changes };
    Ok(summary::build(&run))
}

/// Runs a scenario in time, as often as its plan says.
fn timed(scenario: &Scenario, changes: &[String]) -> Result<Summary, String> {
    let prepared = Prepared::new(scenario).map_err(|error| match error {
        FlowError::TooDeep(path) => format!("calls nest too deep while the timeline runs: {path}"),
        FlowError::TooLarge => {
            "requests can be in too many states while the timeline runs".to_owned()
        }
    })?;
    let simulation = Simulation::new(prepared.setup.clone());
    let outcome = simulation
        .replicate(scenario.seed, scenario.time.replications.max(1))
        .ok_or("nothing was run")?;
    Ok(summary::build_timed(&TimedRun {
        scenario,
        prepared: &prepared,
        outcome: &outcome,
        changes,
    }))
}

/// VirtualServices that no request of the scenario meets.
fn unmet_rules(scenario: &Scenario, flow: &Flow) -> Vec<Diagnostic> {
    let unmet = scenario.rules.iter().filter(|rule| !flow.met.contains(&rule.object));
    unmet
        .map(|rule| {
            let message = format!("no request of this scenario meets {}", rule.object);
            let help = if rule.gateways.is_empty() {
                "it holds at sidecars and waypoints of callers; what a gateway sends on is not routed again"
                    .to_owned()
            } else {
                format!("it holds at {}", rule.gateways.join(", "))
            };
            Diagnostic::warning("unmet-rule", rule.place, message).help(help)
        })
        .collect()
}

fn files(arguments: &RunArguments, summary: &Summary) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = vec![("summary.json".to_owned(), report::json(summary).into_bytes())];
    let tables = report::csv::files(summary).into_iter();
    files.extend(tables.map(|(name, bytes)| (name.to_owned(), bytes)));
    if !arguments.no_charts {
        for chart in report::chart::all(summary).map_err(|error| error.to_string())? {
            files.push((format!("charts/{}.svg", chart.name), chart.svg.into_bytes()));
            files.push((format!("charts/{}.png", chart.name), chart.png));
        }
    }
    Ok(files)
}

fn print_report(arguments: &RunArguments, summary: &Summary) {
    let text = match arguments.format {
        Format::Json => report::json(summary),
        Format::Markdown => report::markdown(&report::document(summary)),
        Format::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
                || !std::io::stdout().is_terminal();
            let style = if plain { Style::Plain } else { Style::Colour };
            report::text(&report::document(summary), style)
        }
    };
    print(&text);
}

/// Prints to standard output; a reader that has gone away is no error.
pub(super) fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints problems to standard error.
pub(super) fn print_problems(problems: &Diagnostics, sources: &Sources) {
    let _ = std::io::stderr().lock().write_all(problems.render(sources).as_bytes());
}

/// Prints why a call cannot be served.
pub(super) fn refuse(reason: &str) -> u8 {
    let _ = writeln!(std::io::stderr().lock(), "error: {reason}");
    INVALID
}
