//! Verdicts follow from counts: the counts of another split are found out.

use super::*;
use crate::engine::exact::{self, Exact};
use crate::engine::flow::{self, Flow};
use crate::engine::replay::{Program, Tally};
use crate::scenario::{self, MemoryFiles, Options, Scenario};

const MESH: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: mocka, namespace: default}
spec:
  hosts: [mocka]
  http:
  - name: split
    route:
    - {destination: {host: mocka, subset: v1}, weight: WEIGHT}
    - {destination: {host: mocka, subset: v2}, weight: 10}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: mocka, namespace: default}
spec:
  host: mocka
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
";

const SCENARIO: &str = "
mesh: [mesh.yaml]
topology: {use: mock, versions: {mocka: [v1, v2]}, services: [mocka]}
traffic: [{class: all, from: workload default/sleep, request: {url: 'http://mocka:8000/'}}]
requests: 100000
expect:
- {trace: mocka@v1, share: 90%}
- {fit: true}
- {status: 200, share: 100%}
";

fn load(weight: u32) -> (Scenario, Flow, Exact) {
    let mut files = MemoryFiles::default();
    let mesh = MESH.replace("WEIGHT", &weight.to_string());
    files.0.insert("mesh.yaml".into(), mesh.into_bytes());
    files.0.insert("scenario.yaml".into(), SCENARIO.as_bytes().to_vec());
    let loaded = scenario::load(&files, "scenario.yaml", &Options::default());
    let problems = loaded.problems.render(&loaded.sources);
    let scenario = loaded.scenario.unwrap_or_else(|| panic!("{problems}"));
    let flow = flow::build(&scenario).unwrap();
    let exact = exact::solve(&flow);
    (scenario, flow, exact)
}

fn tally((scenario, flow, exact): &(Scenario, Flow, Exact), requests: u64) -> Tally {
    Program::new(scenario, flow, exact).run(1, requests)
}

/// The summary of one scenario with the counts of another.
fn summary(of: &(Scenario, Flow, Exact), tally: Option<&Tally>) -> Summary {
    let (scenario, flow, exact) = of;
    build(&Run { scenario, flow, exact, tally, changes: &[] })
}

#[test]
fn counts_of_the_configured_split_fit() {
    let loaded = load(90);
    let summary = summary(&loaded, Some(&tally(&loaded, 100_000)));
    assert_eq!((summary.verdict.fit, summary.verdict.expectations), ("fits", "met"));
    let traces: u64 = summary.traces.iter().filter_map(|row| row.count.requests).sum();
    assert_eq!(traces, 100_000);
    let weights = summary.fit.iter().find(|row| row.kind == "weights").unwrap();
    assert_eq!((weights.route.as_str(), weights.df), ("split", 1));
}

#[test]
fn counts_of_another_split_deviate_and_fail_what_was_expected() {
    let (loaded, other) = (load(90), load(80));
    let summary = summary(&loaded, Some(&tally(&other, 100_000)));
    assert_eq!((summary.verdict.fit, summary.verdict.expectations), ("deviates", "failed"));
    let met: Vec<bool> = summary.expectations.iter().map(|row| row.met).collect();
    assert_eq!(met, [false, false, true]);
}

#[test]
fn a_difference_that_does_not_matter_in_practice_fits_however_significant() {
    // 90:10 against 899:101 is 0.1 percentage points off, far beyond chance at four million requests.
    let (loaded, other) = (load(90), load(89));
    let mut counts = tally(&loaded, 4_000_000);
    let deviating = tally(&other, 4_000_000);
    let mix = |(own, other): (&mut u64, &u64)| *own = (*own * 9 + *other) / 10;
    counts.slots.iter_mut().zip(&deviating.slots).for_each(mix);
    let summary = summary(&loaded, Some(&counts));
    assert_eq!(summary.verdict.fit, "fits");
}

#[test]
fn the_exact_engine_counts_nothing_and_states_fractions() {
    let loaded = load(90);
    let summary = summary(&loaded, None);
    assert_eq!((summary.engine, summary.requests), ("exact", None));
    let row = &summary.traces[0];
    assert_eq!((row.trace.as_str(), row.count.expected_fraction.as_str()), ("mocka@v1", "9/10"));
    assert_eq!((row.count.requests, row.count.interval.is_some()), (None, false));
    assert_eq!((summary.verdict.fit, summary.verdict.expectations), ("untested", "met"));
}
