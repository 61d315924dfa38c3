//! From the outcome of the timed engine to its rows.

use super::{
    BreakerRow, EjectionRow, FlagRow, LaneSeries, LatencyRow, PodRow, RolloutRow, SeriesRows,
    ServiceRow, TimeSummary, TimelineRow, spread,
};
use crate::engine::probability::of_ratio;
use crate::engine::timed::{Outcome, PodOutcome, RolloutAct, SeriesOutcome, Setup};
use crate::stats::{LatencyHistogram, Series};
use crate::summary::Fixed;
use crate::units::Nanos;

/// Points of a curve that a chart can show.
const CURVE: usize = 400;

/// Makes the rows.
pub(in crate::summary) fn build(outcome: &Outcome, setup: &Setup) -> TimeSummary {
    TimeSummary {
        replications: outcome.replications,
        measured_s: seconds(outcome.time),
        warm_up_s: seconds(setup.warm_up),
        events_handled: outcome.events,
        latency: latency(outcome),
        replicated: spread::replicated(outcome),
        pods: pods(outcome),
        services: services(outcome),
        flags: flags(outcome),
        ejections: ejections(outcome),
        breakers: breakers(outcome),
        timeline: timeline(outcome),
        rollout: rollout(outcome, setup),
        series: series(&outcome.series, outcome, setup.interval),
        warnings: spread::warnings(outcome, setup),
    }
}

fn seconds(time: Nanos) -> Fixed {
    Fixed::new(time.0 as f64 / 1e9)
}

fn milliseconds(time: Nanos) -> Fixed {
    Fixed::new(time.0 as f64 / 1e6)
}

fn latency(outcome: &Outcome) -> Vec<LatencyRow> {
    let mut rows = Vec::new();
    let groups = [("class", &outcome.classes), ("lane", &outcome.lanes)];
    for (kind, groups) in groups {
        for group in groups {
            let name = if group.name.is_empty() { "(no lane)" } else { &group.name };
            rows.push(latency_row(kind, name.to_owned(), group.failed, &group.latency));
        }
    }
    // Without lanes there is nothing that the rows of classes do not say.
    if outcome.lanes.iter().filter(|lane| lane.latency.count() > 0).count() < 2 {
        rows.retain(|row| row.kind != "lane");
    }
    for hop in &outcome.hops {
        let at = if hop.version.is_empty() { "" } else { "@" };
        let name = format!("{} {}{at}{}", hop.site, hop.service, hop.version);
        rows.push(latency_row("hop", name, hop.failed, &hop.latency));
    }
    rows.retain(|row| row.requests > 0);
    rows
}

fn latency_row(
    kind: &'static str,
    name: String,
    failed: u64,
    histogram: &LatencyHistogram,
) -> LatencyRow {
    let quantile = |share| milliseconds(histogram.quantile(share).unwrap_or_default());
    let interval = histogram.quantile_interval(0.99, 0.95).ok().flatten();
    LatencyRow {
        kind,
        name,
        requests: histogram.count(),
        failed,
        mean_ms: Fixed::new(histogram.mean_seconds().unwrap_or(0.0) * 1e3),
        p50_ms: quantile(0.5),
        p90_ms: quantile(0.9),
        p95_ms: quantile(0.95),
        p99_ms: quantile(0.99),
        p99_interval_ms: interval.map(|(low, high)| [milliseconds(low), milliseconds(high)]),
        p999_ms: quantile(0.999),
        max_ms: milliseconds(histogram.max().unwrap_or_default()),
        curve: if kind == "class" { curve(histogram) } else { Vec::new() },
    }
}

/// The points of the distribution, thinned so that no two neighbours differ by less than a chart shows.
fn curve(histogram: &LatencyHistogram) -> Vec<(u64, u64)> {
    let total = histogram.count();
    let step = total / CURVE as u64;
    let mut points: Vec<(u64, u64)> = Vec::new();
    for (latency, below) in histogram.cumulative() {
        let far = points.last().is_none_or(|last| below - last.1 > step || below == total);
        if far {
            points.push((latency.0, below));
        }
    }
    points
}

fn pods(outcome: &Outcome) -> Vec<PodRow> {
    let time = u128::from(outcome.time.0).max(1);
    let limited = |pod: &&PodOutcome| pod.begun + pod.refused > 0 && (pod.workers.is_some());
    let rows = outcome.pods.iter().filter(limited).map(|pod| {
        let workers = pod.workers.filter(|workers| *workers > 0);
        PodRow {
            pod: pod.name.clone(),
            group: pod.group.clone(),
            workers: pod.workers,
            utilisation: workers
                .map(|workers| Fixed::new(pod.busy as f64 / time as f64 / f64::from(workers))),
            mean_queue: Fixed::new(pod.queued as f64 / time as f64),
            longest_queue: pod.longest_queue,
            mean_wait_ms: Fixed::new(pod.waited as f64 / pod.begun.max(1) as f64 / 1e6),
            served: pod.served,
            refused: pod.refused,
            busy: pod.intervals.iter().map(|busy| busy.0 / outcome.replications.max(1)).collect(),
        }
    });
    rows.collect()
}

fn services(outcome: &Outcome) -> Vec<ServiceRow> {
    let rows = outcome.services.iter().filter(|load| load.requests + load.attempts > 0);
    rows.map(|load| ServiceRow {
        service: load.service.clone(),
        requests: load.requests,
        attempts: load.attempts,
        amplification: (load.requests > 0)
            .then(|| Fixed::new(of_ratio(load.attempts, load.requests))),
    })
    .collect()
}

fn flags(outcome: &Outcome) -> Vec<FlagRow> {
    let rows = outcome.flags.iter().map(|((hop, flag), calls)| FlagRow {
        hop: hop.clone(),
        flag: flag.letters(),
        calls: *calls,
    });
    rows.collect()
}

fn ejections(outcome: &Outcome) -> Vec<EjectionRow> {
    let rows = outcome.ejections.iter().map(|row| EjectionRow {
        run: row.run,
        proxy: row.proxy.clone(),
        cluster: row.cluster.clone(),
        pod: row.host.clone(),
        from_s: seconds(row.from),
        until_s: row.until.map(seconds),
    });
    rows.collect()
}

fn breakers(outcome: &Outcome) -> Vec<BreakerRow> {
    let rows = outcome.breakers.iter().map(|row| BreakerRow {
        run: row.run,
        proxy: row.proxy.clone(),
        cluster: row.cluster.clone(),
        refused: if row.retries { "retries" } else { "requests" },
        count: row.count,
        first_s: seconds(row.first),
        last_s: seconds(row.last),
    });
    rows.collect()
}

fn timeline(outcome: &Outcome) -> Vec<TimelineRow> {
    let rows = outcome.hurt.iter().map(|(event, at, hurt)| TimelineRow {
        at_s: seconds(*at),
        event: event.clone(),
        window_s: seconds(hurt.window),
        requests_before: hurt.requests_before,
        failed_before: hurt.failed_before,
        requests_after: hurt.requests,
        failed_after: hurt.failed,
        slow_after: hurt.slow,
    });
    rows.collect()
}

fn rollout(outcome: &Outcome, setup: &Setup) -> Vec<RolloutRow> {
    let steps = setup.rollout.as_ref().map_or(&[][..], |plan| &plan.steps);
    let rows = outcome.rollout.iter().map(|row| RolloutRow {
        run: row.run,
        at_s: seconds(row.at),
        what: match row.act {
            RolloutAct::Holds(step) => {
                let weight = steps.get(step).map_or(0, |step| step.weight);
                format!("step {}: {weight} % to the new version", step + 1)
            }
            RolloutAct::Failed => "a check failed".to_owned(),
            RolloutAct::Aborted => "aborted, back to the old version".to_owned(),
            RolloutAct::Promoted => "promoted".to_owned(),
        },
    });
    rows.collect()
}

fn series(series: &SeriesOutcome, outcome: &Outcome, interval: Nanos) -> SeriesRows {
    let length = [&series.arrivals, &series.answers].map(|it| it.counts().len());
    let length = length.into_iter().max().unwrap_or(0);
    let padded = |it: &Series| (0..length).map(|index| it.get(index)).collect::<Vec<u64>>();
    let mean =
        |sum: Nanos, runs: u64| (runs > 0).then(|| Fixed::new(sum.0 as f64 / runs as f64 / 1e6));
    let quantiles = || (0..length).map(|index| series.quantiles.get(index).copied());
    SeriesRows {
        interval_s: seconds(interval),
        arrivals: padded(&series.arrivals),
        answers: padded(&series.answers),
        failures: padded(&series.failures),
        fallbacks: padded(&series.fallbacks),
        lanes: outcome
            .lanes
            .iter()
            .zip(&series.lanes)
            .map(|(lane, it)| LaneSeries {
                lane: (!lane.name.is_empty()).then(|| lane.name.clone()),
                answers: padded(it),
            })
            .filter(|it| it.answers.iter().any(|count| *count > 0))
            .collect(),
        p50_ms: quantiles().map(|it| it.and_then(|(p50, _, runs)| mean(p50, runs))).collect(),
        p99_ms: quantiles().map(|it| it.and_then(|(_, p99, runs)| mean(p99, runs))).collect(),
    }
}
