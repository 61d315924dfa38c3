//! Scenarios as tests: their expectations, solved exactly.

use super::report::{Failure, Format, Suite, Test};
use crate::diagnostic::{Diagnostics, Sources};
use crate::engine::{exact, flow};
use crate::scenario::{self, Files, Options, Scenario};
use crate::summary::{self, Run};

/// Solves a scenario; `None` if it cannot be loaded or solved.
pub(super) fn suite(
    files: &dyn Files,
    file: &str,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<Suite> {
    let scenario = scenario::load_into(files, file, &Options::default(), sources, problems)?;
    let flow = match flow::build(&scenario) {
        Ok(flow) => flow,
        Err(error) => {
            problems.push(error.diagnostic(scenario.topology_place));
            return None;
        }
    };
    let exact = exact::solve(&flow);
    let run = Run { scenario: &scenario, flow: &flow, exact: &exact, tally: None, changes: &[] };
    let summary = summary::build(&run);
    let tests = tests(&scenario, &summary.expectations);
    let notes = scenario.assumptions;
    Some(Suite { file: file.to_owned(), format: Format::Scenario, tests, notes })
}

fn tests(scenario: &Scenario, rows: &[summary::ExpectationRow]) -> Vec<Test> {
    let pairs = scenario.expectations.iter().zip(rows);
    pairs
        .map(|(expectation, row)| {
            let failure = Failure {
                place: expectation.place,
                expected: format!("{} {}", row.expectation, row.target),
                got: row.observed.clone(),
                why: vec![row.reason.clone()],
            };
            let failures = if row.met { Vec::new() } else { vec![failure] };
            Test { name: row.expectation.clone(), place: expectation.place, failures }
        })
        .collect()
}
