//! How far the numbers of a run in time can be trusted: over runs, or over the parts of one.

use super::ReplicatedRow;
use crate::engine::probability::of_ratio;
use crate::engine::timed::{ClassRun, Outcome, Setup};
use crate::stats::{BatchMeans, PRECISE_ENOUGH, Replications, warm_up};
use crate::summary::Fixed;

/// The confidence of intervals.
const CONFIDENCE: f64 = 0.95;

/// A neighbourly correlation of batches above this says that they are too short.
const CORRELATED: f64 = 0.3;

/// A name, and how to read it from a run.
type Quantity = (&'static str, fn(&ClassRun) -> f64);

/// What is averaged over runs.
const QUANTITIES: [Quantity; 5] = [
    ("requests", |run| run.requests as f64),
    ("failed share", |run| of_ratio(run.failed, run.requests)),
    ("mean ms", |run| run.mean * 1e3),
    ("p95 ms", |run| run.quantiles[1].0 as f64 / 1e6),
    ("p99 ms", |run| run.quantiles[2].0 as f64 / 1e6),
];

/// Means over runs by class; none for one run.
pub(super) fn replicated(outcome: &Outcome) -> Vec<ReplicatedRow> {
    let mut rows = Vec::new();
    if outcome.runs.len() < 2 {
        return rows;
    }
    for (index, class) in outcome.classes.iter().enumerate() {
        for (quantity, value) in QUANTITIES {
            let runs = outcome.runs.iter().filter_map(|run| run.classes.get(index));
            let values: Vec<f64> = runs.map(value).collect();
            let Ok(found) = Replications::new(&values, CONFIDENCE) else { continue };
            let relative = found.relative_half_width;
            rows.push(ReplicatedRow {
                class: class.name.clone(),
                quantity,
                mean: Fixed::new(found.mean.mean),
                interval: [
                    Fixed::new(found.mean.interval.low),
                    Fixed::new(found.mean.interval.high),
                ],
                relative_half_width: relative.is_finite().then(|| Fixed::new(relative)),
                runs_needed: found.runs_needed(PRECISE_ENOUGH),
            });
        }
    }
    rows
}

/// What a reader should know before trusting the numbers.
pub(super) fn warnings(outcome: &Outcome, setup: &Setup) -> Vec<String> {
    let mut warnings = Vec::new();
    if outcome.runs.len() == 1 {
        warnings.extend(one_run(outcome, setup));
    } else {
        let imprecise = replicated(outcome).into_iter().filter(|row| {
            let wide = row.relative_half_width.is_some_and(|it| it.value() > PRECISE_ENOUGH);
            row.quantity == "p99 ms" && wide
        });
        warnings.extend(imprecise.map(|row| {
            let needed = row.runs_needed.map_or(String::new(), |runs| {
                format!("; about {runs} runs would bring that to 5 %")
            });
            let width = row.relative_half_width.map_or(0.0, Fixed::value) * 100.0;
            format!("class {}: p99 varies by ±{width:.0} % over the runs{needed}", row.class)
        }));
    }
    warnings
}

/// One run is enough if its parts agree: the means of batches of its intervals.
fn one_run(outcome: &Outcome, setup: &Setup) -> Option<String> {
    let first = setup.warm_up.0.div_ceil(setup.interval.0.max(1));
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let counted = outcome.series.quantiles.iter().skip(first);
    let medians: Vec<u64> =
        counted.filter(|(_, _, runs)| *runs > 0).map(|(p50, _, _)| p50.0).collect();
    let mut batches = BatchMeans::new();
    for median in &medians {
        batches.add(*median);
    }
    let advice = "--replications 10 gives intervals";
    if medians.len() < 32 {
        return Some(format!("one run of few intervals does not tell its own spread; {advice}"));
    }
    let found = batches.interval(CONFIDENCE).ok()?;
    let half = (found.interval.high - found.interval.low) / 2.0;
    let relative = if half == 0.0 { 0.0 } else { half / found.mean.abs() };
    let values: Vec<f64> = medians.iter().map(|median| *median as f64).collect();
    let transient =
        warm_up(&values).filter(|it| setup.warm_up.0 == 0 && it.settles && it.values > 0);
    if relative > PRECISE_ENOUGH || batches.autocorrelation() > CORRELATED {
        let start = transient.map_or(String::new(), |it| {
            let end = it.values as f64 * setup.interval.0 as f64 / 1e9;
            format!("; the first {end:.0} s look like a warm-up (MSER-5)")
        });
        let text = "one run is not enough: latencies drift or vary over time by more than 5 %";
        return Some(format!("{text}; {advice}{start}"));
    }
    None
}
