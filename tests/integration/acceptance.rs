//! Every row of the acceptance table: traces and fallbacks, exactly and by replay.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lanecast::engine::{exact, flow, replay};
use lanecast::scenario::{self, Options, Scenario};
use lanecast::summary::{self, Run, Summary};
use serde_json::Value;

/// Requests of each row.
const REQUESTS: u64 = 1_000_000;

fn table() -> Value {
    let text = std::fs::read_to_string(crate::data("acceptance/truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn fixtures() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(crate::data("scenarios")).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("acceptance-"))
        .collect();
    files.sort();
    files
}

pub(crate) fn load(path: &str, changes: &[&str]) -> Scenario {
    let changes = changes.iter().map(|change| (*change).to_owned()).collect();
    let loaded = scenario::load(&lanecast::cli::Disk, path, &Options { changes });
    let messages = loaded.problems.render(&loaded.sources);
    loaded.scenario.unwrap_or_else(|| panic!("{messages}"))
}

/// Runs a scenario; without a number of requests, exactly.
pub(crate) fn run(scenario: &Scenario, requests: Option<u64>) -> Summary {
    let flow = flow::build(scenario).unwrap();
    let exact = exact::solve(&flow);
    let program = replay::Program::new(scenario, &flow, &exact);
    let tally = requests.map(|requests| program.run(scenario.seed, requests));
    summary::build(&Run {
        scenario,
        flow: &flow,
        exact: &exact,
        tally: tally.as_ref(),
        changes: &[],
    })
}

/// Trace, probability, services reached by fallback.
type Traces = Vec<(String, String, Vec<String>)>;

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn expected_traces(row: &Value) -> Traces {
    let rows = row["traces"].as_array().unwrap().iter();
    let mut traces: Traces = rows
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("trace"), text("p"), texts(&row["fallback_hops"]))
        })
        .collect();
    traces.sort();
    traces
}

fn exact_traces(summary: &Summary, class: &str) -> Traces {
    let rows = summary.traces.iter().filter(|row| row.class == class);
    let mut traces: Traces = rows
        .map(|row| (row.trace.clone(), row.count.expected_fraction.clone(), row.fallbacks.clone()))
        .collect();
    traces.sort();
    traces
}

/// Share of requests of a class that reach a service by fallback.
fn fallback_share(summary: &Summary, class: &str, service: &str) -> f64 {
    let rows = summary.fallbacks.iter().filter(|row| row.class == class && row.service == service);
    rows.map(|row| row.count.share.value()).sum()
}

/// Calls to a service per request of a class.
fn calls(summary: &Summary, class: &str, service: &str) -> f64 {
    let rows = summary.hops.iter().filter(|row| row.class == class && row.service == service);
    rows.map(|row| row.count.share.value()).sum()
}

fn fraction(text: &str) -> f64 {
    match text.split_once('/') {
        Some((a, b)) => a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap(),
        None => text.parse().unwrap(),
    }
}

/// Compares one row with what a fixture gives for the class of its name.
fn check_row(row: &Value, exact: &Summary, replayed: &Summary) {
    let id = row["id"].as_str().unwrap();
    assert_eq!(exact_traces(exact, id), expected_traces(row), "{id}");
    let class = replayed.classes.iter().find(|class| class.class == id).unwrap();
    let requests = class.count.requests.unwrap() as f64;
    let close = |what: &str, found: f64, expected: f64| {
        // Printed shares have nine decimals.
        let error = 4.0 * (expected * (1.0 - expected) / requests).max(0.0).sqrt() + 1e-8;
        assert!((found - expected).abs() <= error, "{id} {what}: {found} instead of {expected}");
    };
    if let Some(hops) = row["fallback_by_hop"].as_array() {
        for (service, share) in ["mocka", "mockb", "mockc"].iter().zip(hops) {
            let expected = fraction(share.as_str().unwrap());
            close(service, fallback_share(replayed, id, service), expected);
        }
    }
    if let Some(services) = row["expected_calls"].as_object() {
        for (service, number) in services {
            let expected = fraction(number.as_str().unwrap());
            assert!((calls(exact, id, service) - expected).abs() < 1e-9, "{id} {service}");
            close(service, calls(replayed, id, service), expected);
        }
    }
    let expected = expected_traces(row);
    for (trace, p, _) in &expected {
        let rows = replayed.traces.iter().filter(|row| row.class == id && row.trace == *trace);
        let found: f64 = rows.map(|row| row.count.share.value()).sum();
        close(trace, found, fraction(p));
    }
}

#[test]
fn every_row_of_the_table_comes_out_exactly_and_by_replay() {
    let table = table();
    let mut rows: BTreeMap<&str, &Value> = BTreeMap::new();
    for row in table["scenarios"].as_array().unwrap() {
        rows.insert(row["id"].as_str().unwrap(), row);
    }
    for path in fixtures() {
        let scenario = load(&path.display().to_string(), &[]);
        let exact = run(&scenario, None);
        let replayed = run(&scenario, Some(REQUESTS * scenario.classes.len() as u64));
        for fit in &replayed.fit {
            let p = fit.p_adjusted.map_or(1.0, summary::PValue::value);
            assert!(p > 0.001, "{}: {} {} p = {p}", path.display(), fit.rule, fit.route);
        }
        for class in &scenario.classes {
            if let Some(row) = rows.remove(class.name.as_str()) {
                check_row(row, &exact, &replayed);
            }
        }
    }
    assert!(rows.is_empty(), "rows without a scenario: {:?}", rows.keys());
}

#[test]
fn bookinfo_lets_in_the_stated_paths_only() {
    let table = table();
    let path = crate::data("scenarios/acceptance-bookinfo-paths.yaml").display().to_string();
    for (entry, expected) in table["seed000_ingress_paths"].as_object().unwrap() {
        let scenario = load(&path, &[&format!("traffic.path.request.path={entry}")]);
        let summary = run(&scenario, None);
        let trace = &summary.traces[0].trace;
        let first = trace.split(['@', '>']).next().unwrap();
        assert_eq!(first, expected.as_str().unwrap(), "{entry}: {trace}");
    }
}
