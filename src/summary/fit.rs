//! Tests of counts against probabilities: rules against weights, traces and classes against the exact answer.

use super::count::{CONFIDENCE, Source, Sums};
use super::{FitCell, FitRow, Fixed, PValue, TraceRow};
use crate::engine::flow::{ClassId, Flow, RuleId};
use crate::engine::probability::{of_ratio, to_f64};
use crate::scenario::Scenario;
use crate::stats::{self, Criteria, Verdict};

/// A test that is about to be made.
pub(super) struct Test {
    kind: &'static str,
    rule: String,
    route: String,
    cells: Vec<Cell>,
}

struct Cell {
    name: String,
    weight: Option<u64>,
    probability: f64,
    observed: u64,
}

/// All tests of a run.
pub(super) fn tests(
    scenario: &Scenario,
    flow: &Flow,
    source: Source<'_>,
    rules: Sums<(RuleId, usize, ClassId)>,
    traces: &[TraceRow],
) -> Vec<Test> {
    let mut tests = rule_tests(flow, rules);
    tests.extend(class_test(scenario, source));
    for (class, spec) in scenario.classes.iter().enumerate() {
        let cells = traces.iter().filter(|row| row.class == spec.name).map(|row| Cell {
            name: row.trace.clone(),
            weight: None,
            probability: row.count.expected.value(),
            observed: row.count.requests.unwrap_or(0),
        });
        let cells: Vec<Cell> = cells.collect();
        let enough = source.requests(class).is_none_or(|requests| requests > 0);
        if cells.len() > 1 && enough {
            let rule = format!("class {}", spec.name);
            tests.push(Test { kind: "traces", rule, route: String::new(), cells });
        }
    }
    tests
}

/// Rules with at least two destinations that can be chosen; others have nothing to test.
pub(super) fn rule_tests(flow: &Flow, rules: Sums<(RuleId, usize, ClassId)>) -> Vec<Test> {
    let mut observed: Vec<Vec<u64>> =
        flow.rules.iter().map(|rule| vec![0; rule.destinations.len()]).collect();
    let mut met = vec![false; flow.rules.len()];
    for ((rule, index, _), (count, expected)) in rules.into_entries() {
        met[rule as usize] |= count > 0 || to_f64(&expected) > 0.0;
        if let Some(slot) = observed[rule as usize].get_mut(index) {
            *slot += count;
        }
    }
    let mut tests = Vec::new();
    for ((rule, observed), met) in flow.rules.iter().zip(observed).zip(met) {
        let total: u64 = rule.destinations.iter().map(|(_, weight)| weight).sum();
        let choices = rule.destinations.iter().filter(|(_, weight)| *weight > 0).count();
        if choices < 2 || !met {
            continue;
        }
        let cells = rule.destinations.iter().zip(observed).map(|((name, weight), observed)| Cell {
            name: name.clone(),
            weight: Some(*weight),
            probability: of_ratio(*weight, total),
            observed,
        });
        let source = &rule.source;
        let route = match source.rule_name.as_str() {
            "" => format!("http[{}]", source.rule),
            name => name.to_owned(),
        };
        let cells = cells.collect();
        tests.push(Test { kind: "weights", rule: source.object.clone(), route, cells });
    }
    tests.sort_by(|a, b| (&a.rule, &a.route).cmp(&(&b.rule, &b.route)));
    tests
}

/// Classes against their shares.
fn class_test(scenario: &Scenario, source: Source<'_>) -> Option<Test> {
    let cells: Vec<Cell> = scenario
        .classes
        .iter()
        .enumerate()
        .map(|(index, class)| Cell {
            name: class.name.clone(),
            weight: Some(class.weight),
            probability: to_f64(&source.classes[index]),
            observed: source.requests(index).unwrap_or(0),
        })
        .collect();
    let rule = "classes".to_owned();
    (cells.len() > 1).then_some(Test { kind: "classes", rule, route: String::new(), cells })
}

/// Makes the tests and corrects them together (Holm).
pub(super) fn judged(tests: Vec<Test>, criteria: Criteria, counted: bool) -> Vec<FitRow> {
    let results: Vec<Option<stats::GoodnessOfFit>> = tests
        .iter()
        .map(|test| {
            let observed: Vec<u64> = test.cells.iter().map(|cell| cell.observed).collect();
            let probabilities: Vec<f64> = test.cells.iter().map(|cell| cell.probability).collect();
            let sum: f64 = probabilities.iter().sum();
            // Nine decimals of many rare traces may sum to a little less than 1.
            let probabilities: Vec<f64> = probabilities.iter().map(|p| p / sum).collect();
            let result = stats::goodness_of_fit(&observed, &probabilities, criteria.alpha).ok();
            result.filter(|result| counted && result.is_testable())
        })
        .collect();
    let p_values: Vec<f64> = results.iter().flatten().map(|result| result.p_value).collect();
    let mut adjusted = stats::holm_adjusted(&p_values).unwrap_or_default().into_iter();
    let rows = tests.into_iter().zip(results).map(|(test, result)| {
        let p_adjusted = result.and_then(|_| adjusted.next());
        row(test, result, p_adjusted, criteria, counted)
    });
    rows.collect()
}

fn row(
    test: Test,
    result: Option<stats::GoodnessOfFit>,
    p_adjusted: Option<f64>,
    criteria: Criteria,
    counted: bool,
) -> FitRow {
    let error = result.map_or(0.0, |result| result.largest_share_error);
    let mut verdict = Verdict::decide(p_adjusted, error, criteria);
    // What has weight 0 never happens, however rarely it was seen.
    if result.is_some_and(|result| result.observed_impossible()) {
        verdict = Verdict::Deviates;
    }
    let counts: Vec<u64> = test.cells.iter().map(|cell| cell.observed).collect();
    let total: u64 = counts.iter().sum();
    let intervals = stats::goodman_intervals(&counts, CONFIDENCE).unwrap_or_default();
    let cells = test.cells.into_iter().enumerate().map(|(index, cell)| FitCell {
        destination: cell.name,
        weight: cell.weight,
        observed: counted.then_some(cell.observed),
        share: counted.then(|| Fixed::new(of_ratio(cell.observed, total))),
        expected: Fixed::new(cell.probability),
        interval: intervals
            .get(index)
            .filter(|_| counted)
            .map(|interval| [Fixed::new(interval.low), Fixed::new(interval.high)]),
    });
    FitRow {
        kind: test.kind,
        rule: test.rule,
        route: test.route,
        destinations: cells.collect(),
        chi_square: result.map(|result| PValue::new(result.statistic)),
        df: result.map_or(0, |result| result.degrees_of_freedom),
        method: result.map(|result| result.method.to_string()).unwrap_or_default(),
        p: result.map(|result| PValue::new(result.p_value)),
        p_adjusted: p_adjusted.map(PValue::new),
        cramers_w: result.map(|result| Fixed::new(result.effect_size)),
        detectable_difference: result
            .map(|result| Fixed::new(result.smallest_detectable_difference)),
        verdict: verdict.to_string(),
    }
}
