//! Puts a summary together.

use std::collections::BTreeMap;

use super::count::{self, Source, Sums};
use super::rows::{Names, collect};
use super::{
    ClassRow, InputRow, IsolationRow, LaneClassRow, LaneRow, Manifest, SCHEMA, StatusRow, Summary,
    TraceRow, VerdictRow, expect, fit,
};
use crate::engine::exact::Exact;
use crate::engine::flow::{ClassId, Flow, Isolation, LaneId};
use crate::engine::probability::{Probability, of_ratio, ratio, to_f64, zero};
use crate::engine::replay::Tally;
use crate::scenario::Scenario;
use crate::stats::Criteria;

/// Which engine a summary reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Probabilities only.
    Exact,
    /// Counts of seeded requests.
    Replay,
}

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What was asked.
    pub scenario: &'a Scenario,
    /// The decision graph.
    pub flow: &'a Flow,
    /// Its exact solution.
    pub exact: &'a Exact,
    /// The counts; `None` with the exact engine.
    pub tally: Option<&'a Tally>,
    /// Changes from the command line.
    pub changes: &'a [String],
}

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tested {
    /// Weights, traces and classes.
    All,
    /// Weights: traces may follow policies, and classes follow the clock.
    Weights,
}

/// A summary whose tests and expectations are not judged yet.
pub(super) struct Assembled {
    pub(super) summary: Summary,
    /// Requests by class.
    pub(super) classes: Vec<u64>,
    pub(super) tests: Vec<fit::Test>,
}

/// Makes the summary of a run.
#[must_use]
pub fn build(run: &Run<'_>) -> Summary {
    finish(run.scenario, assemble(run, Tested::All))
}

/// Makes all rows but those of tests and expectations.
pub(super) fn assemble(run: &Run<'_>, tested: Tested) -> Assembled {
    let scenario = run.scenario;
    let counted = run.tally.map_or(&[][..], |tally| &tally.classes);
    let classes: Vec<Probability> = match tested {
        Tested::All => {
            let total = scenario.total_weight();
            scenario.classes.iter().map(|class| ratio(class.weight, total)).collect()
        }
        Tested::Weights => {
            let total = counted.iter().sum::<u64>().max(1);
            counted.iter().map(|requests| ratio(*requests, total)).collect()
        }
    };
    let source = Source { expected: &run.exact.expected, tally: run.tally, classes: &classes };
    let mut collected = collect(run.flow, run.exact, source);
    let outcomes = Outcomes { run, source };
    let isolation = std::mem::replace(&mut collected.isolation, Sums::new());
    let rules = std::mem::replace(&mut collected.rules, Sums::new());
    let traces = outcomes.traces();
    let names = Names::new(scenario, run.flow, source);
    let rows = names.rows(collected);
    let tests = match tested {
        Tested::All => fit::tests(scenario, run.flow, source, rules, &traces),
        Tested::Weights => fit::rule_tests(run.flow, rules),
    };
    let summary = Summary {
        schema: SCHEMA,
        title: scenario.title.clone(),
        manifest: manifest(run),
        engine: if run.tally.is_some() { "replay" } else { "exact" },
        requests: source.all_requests(),
        classes: outcomes.classes(),
        lanes: outcomes.lanes(isolation),
        traces,
        hops: rows.hops,
        fallbacks: rows.fallbacks,
        strays: rows.strays,
        errors: rows.errors,
        mirrors: rows.mirrors,
        delays: rows.delays,
        retries: rows.retries,
        fit: Vec::new(),
        expectations: Vec::new(),
        assumptions: scenario.assumptions.clone(),
        time: None,
        verdict: VerdictRow { expectations: "none", fit: "untested" },
    };
    Assembled { summary, classes: counted.to_vec(), tests }
}

/// Judges tests and expectations.
pub(super) fn finish(scenario: &Scenario, assembled: Assembled) -> Summary {
    let Assembled { mut summary, tests, .. } = assembled;
    let criteria = Criteria { alpha: scenario.alpha, tolerance: scenario.tolerance.as_f64() };
    summary.fit = fit::judged(tests, criteria, summary.requests.is_some());
    summary.verdict.fit = overall(&summary);
    summary.expectations = expect::rows(scenario, &summary);
    summary.verdict.expectations = match summary.expectations.iter().all(|row| row.met) {
        _ if summary.expectations.is_empty() => "none",
        true => "met",
        false => "failed",
    };
    summary
}

fn overall(summary: &Summary) -> &'static str {
    let any = |word: &str| summary.fit.iter().any(|row| row.verdict == word);
    if any("deviates") {
        "deviates"
    } else if any("fits") {
        "fits"
    } else {
        "untested"
    }
}

fn manifest(run: &Run<'_>) -> Manifest {
    let inputs = run.scenario.inputs.iter();
    Manifest {
        lanecast: env!("CARGO_PKG_VERSION"),
        seed: run.scenario.seed,
        inputs: inputs
            .map(|input| InputRow { name: input.name.clone(), xxh3: input.hash.clone() })
            .collect(),
        changes: run.changes.to_vec(),
    }
}

/// What the outcomes of the entry calls say.
struct Outcomes<'a> {
    run: &'a Run<'a>,
    source: Source<'a>,
}

impl Outcomes<'_> {
    /// The outcomes of a class: lane, status, number of the outcome, observed, expected.
    fn of_class(
        &self,
        class: ClassId,
    ) -> impl Iterator<Item = (&crate::engine::exact::Outcome, u64, &Probability)> {
        let root = self.run.flow.roots[class] as usize;
        let first = self.run.exact.layout.outcomes[class] as usize;
        let list = &self.run.exact.calls[root].outcomes.list;
        list.iter().enumerate().map(move |(number, outcome)| {
            let slot = first + number;
            let observed = self.source.tally.map_or(0, |tally| tally.slots[slot]);
            (outcome, observed, &self.source.expected[slot])
        })
    }

    fn classes(&self) -> Vec<ClassRow> {
        let rows = self.run.scenario.classes.iter().enumerate().map(|(index, class)| {
            let mut statuses = Sums::new();
            for (outcome, observed, expected) in self.of_class(index) {
                statuses.add_counts(outcome.status, observed, expected.clone());
            }
            let statuses = statuses.into_entries().map(|(status, (observed, expected))| {
                StatusRow { status, count: self.source.count(index, observed, &expected) }
            });
            let observed = self.source.requests(index).unwrap_or(0);
            let total = self.source.all_requests();
            ClassRow {
                class: class.name.clone(),
                from: class.entry.sender.name.clone(),
                count: count::count(total, observed, &self.source.classes[index]),
                statuses: statuses.collect(),
            }
        });
        rows.collect()
    }

    fn traces(&self) -> Vec<TraceRow> {
        let scenario = self.run.scenario;
        let from = scenario.trace_from.as_deref();
        let mut rows = Vec::new();
        for (index, class) in scenario.classes.iter().enumerate() {
            let mut sums = Sums::new();
            for (outcome, observed, expected) in self.of_class(index) {
                let trace = &outcome.trace;
                let key = (trace.text(from), outcome.lane, trace.fallbacks(from));
                sums.add_counts(key, observed, expected.clone());
            }
            let mut entries: Vec<_> = sums.into_entries().collect();
            entries.sort_by(|a, b| b.1.1.cmp(&a.1.1).then_with(|| a.0.cmp(&b.0)));
            let first = rows.len();
            rows.extend(entries.into_iter().map(
                |((trace, lane, fallbacks), (observed, expected))| TraceRow {
                    class: class.name.clone(),
                    trace,
                    lane: lane.map(|lane| self.run.flow.lanes[lane as usize].clone()),
                    count: self.source.count(index, observed, &expected),
                    fallbacks,
                },
            ));
            count::simultaneous(rows[first..].iter_mut().map(|row| &mut row.count));
        }
        rows
    }

    fn lanes(&self, isolation: Sums<(Option<LaneId>, Isolation, ClassId)>) -> Vec<LaneRow> {
        let mut by_class: Sums<(Option<LaneId>, ClassId)> = Sums::new();
        for class in 0..self.run.scenario.classes.len() {
            for (outcome, observed, expected) in self.of_class(class) {
                by_class.add_counts((outcome.lane, class), observed, expected.clone());
            }
        }
        let mut lanes: BTreeMap<Option<LaneId>, LaneParts> = BTreeMap::new();
        for ((lane, class), (observed, expected)) in by_class.into_entries() {
            let parts = lanes.entry(lane).or_default();
            parts.observed += observed;
            parts.expected = parts
                .expected
                .take()
                .or(Some(zero()))
                .map(|sum| sum + &expected * &self.source.classes[class]);
            parts.classes.push(LaneClassRow {
                class: self.run.scenario.classes[class].name.clone(),
                count: self.source.count(class, observed, &expected),
            });
        }
        for ((lane, status, class), (observed, expected)) in isolation.into_entries() {
            let hops = lanes.entry(lane).or_default().hops.entry(status).or_insert((0, 0.0));
            hops.0 += observed;
            hops.1 += to_f64(&(expected * &self.source.classes[class]));
        }
        let mut rows: Vec<LaneRow> =
            lanes.into_iter().map(|(lane, parts)| self.lane(lane, parts)).collect();
        rows.sort_by(|a, b| {
            let key = |row: &LaneRow| (row.lane.is_none(), row.lane.clone());
            key(a).cmp(&key(b))
        });
        count::simultaneous(rows.iter_mut().map(|row| &mut row.count));
        rows
    }

    fn lane(&self, lane: Option<LaneId>, parts: LaneParts) -> LaneRow {
        let counted = self.source.tally.is_some();
        let hops: u64 = parts.hops.values().map(|(observed, _)| observed).sum();
        let expected: f64 = parts.hops.values().map(|(_, expected)| expected).sum();
        let isolation = parts.hops.into_iter().map(|(status, (observed, exact))| IsolationRow {
            status: status.word(),
            hops: counted.then_some(observed),
            share: super::Fixed::new(if counted {
                of_ratio(observed, hops)
            } else {
                exact / expected.max(f64::MIN_POSITIVE)
            }),
        });
        let total = self.source.all_requests();
        LaneRow {
            lane: lane.map(|lane| self.run.flow.lanes[lane as usize].clone()),
            count: count::count(total, parts.observed, &parts.expected.unwrap_or_else(zero)),
            classes: parts.classes,
            isolation: isolation.collect(),
        }
    }
}

#[derive(Default)]
struct LaneParts {
    observed: u64,
    expected: Option<Probability>,
    classes: Vec<LaneClassRow>,
    hops: BTreeMap<Isolation, (u64, f64)>,
}
