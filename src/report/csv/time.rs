//! The rows of a run in time as CSV files.

use super::{fixed, written};
use crate::summary::time::{SeriesRows, TimeSummary};
use crate::summary::{Fixed, Summary};

/// Returns the files by name; none without time.
pub(super) fn files(summary: &Summary) -> Vec<(&'static str, Vec<u8>)> {
    let Some(time) = &summary.time else { return Vec::new() };
    vec![
        ("latency.csv", latency(time)),
        ("series.csv", series(&time.series)),
        ("pods.csv", pods(time)),
        ("services.csv", services(time)),
        ("ejections.csv", ejections(time)),
        ("breakers.csv", breakers(time)),
        ("timeline.csv", timeline(time)),
        ("rollout.csv", rollout(time)),
        ("replications.csv", replications(time)),
    ]
}

fn optional(value: Option<Fixed>) -> String {
    value.map(fixed).unwrap_or_default()
}

fn latency(time: &TimeSummary) -> Vec<u8> {
    let head = [
        "of",
        "name",
        "requests",
        "failed",
        "mean_ms",
        "p50_ms",
        "p90_ms",
        "p95_ms",
        "p99_ms",
        "p99_low_ms",
        "p99_high_ms",
        "p999_ms",
        "max_ms",
    ];
    let rows = time.latency.iter().map(|row| {
        let [low, high] = row.p99_interval_ms.map(|it| it.map(fixed)).unwrap_or_default();
        let mut out = vec![row.kind.to_owned(), row.name.clone()];
        out.extend([row.requests.to_string(), row.failed.to_string()]);
        out.extend([row.mean_ms, row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms].map(fixed));
        out.extend([low, high, fixed(row.p999_ms), fixed(row.max_ms)]);
        out
    });
    written(&head, rows)
}

/// One row per interval; lanes are columns.
fn series(series: &SeriesRows) -> Vec<u8> {
    let mut head: Vec<String> =
        ["from_s", "arrivals", "answers", "failures", "fallbacks", "p50_ms", "p99_ms"]
            .map(str::to_owned)
            .to_vec();
    head.extend(series.lanes.iter().map(|lane| match &lane.lane {
        Some(name) => format!("lane {name}"),
        None => "no lane".to_owned(),
    }));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let rows = (0..series.arrivals.len()).map(|index| {
        let count = |list: &[u64]| list.get(index).copied().unwrap_or(0).to_string();
        let quantile = |list: &[Option<Fixed>]| optional(list.get(index).copied().flatten());
        let from = Fixed::new(index as f64 * series.interval_s.value());
        let mut out = vec![fixed(from)];
        out.extend([&series.arrivals, &series.answers, &series.failures].map(|it| count(it)));
        out.push(count(&series.fallbacks));
        out.extend([quantile(&series.p50_ms), quantile(&series.p99_ms)]);
        out.extend(series.lanes.iter().map(|lane| count(&lane.answers)));
        out
    });
    written(&head, rows)
}

fn pods(time: &TimeSummary) -> Vec<u8> {
    let head = [
        "pod",
        "group",
        "workers",
        "utilisation",
        "mean_queue",
        "longest_queue",
        "mean_wait_ms",
        "served",
        "refused",
    ];
    let rows = time.pods.iter().map(|row| {
        vec![
            row.pod.clone(),
            row.group.clone(),
            row.workers.map(|workers| workers.to_string()).unwrap_or_default(),
            optional(row.utilisation),
            fixed(row.mean_queue),
            row.longest_queue.to_string(),
            fixed(row.mean_wait_ms),
            row.served.to_string(),
            row.refused.to_string(),
        ]
    });
    written(&head, rows)
}

fn services(time: &TimeSummary) -> Vec<u8> {
    let rows = time.services.iter().map(|row| {
        let counts = [row.requests.to_string(), row.attempts.to_string()];
        let mut out = vec![row.service.clone()];
        out.extend(counts);
        out.push(optional(row.amplification));
        out
    });
    written(&["service", "requests", "attempts", "amplification"], rows)
}

fn ejections(time: &TimeSummary) -> Vec<u8> {
    let rows = time.ejections.iter().map(|row| {
        vec![
            row.run.to_string(),
            row.proxy.clone(),
            row.cluster.clone(),
            row.pod.clone(),
            fixed(row.from_s),
            optional(row.until_s),
        ]
    });
    written(&["run", "proxy", "cluster", "pod", "from_s", "until_s"], rows)
}

fn breakers(time: &TimeSummary) -> Vec<u8> {
    let rows = time.breakers.iter().map(|row| {
        vec![
            row.run.to_string(),
            row.proxy.clone(),
            row.cluster.clone(),
            row.refused.to_owned(),
            row.count.to_string(),
            fixed(row.first_s),
            fixed(row.last_s),
        ]
    });
    written(&["run", "proxy", "cluster", "refused", "count", "first_s", "last_s"], rows)
}

fn timeline(time: &TimeSummary) -> Vec<u8> {
    let head = [
        "at_s",
        "event",
        "window_s",
        "requests_before",
        "failed_before",
        "requests_after",
        "failed_after",
        "slow_after",
    ];
    let rows = time.timeline.iter().map(|row| {
        let mut out = vec![fixed(row.at_s), row.event.clone(), fixed(row.window_s)];
        let before = [row.requests_before, row.failed_before];
        let after = [row.requests_after, row.failed_after, row.slow_after];
        out.extend(before.iter().chain(&after).map(u64::to_string));
        out
    });
    written(&head, rows)
}

fn rollout(time: &TimeSummary) -> Vec<u8> {
    let rows =
        time.rollout.iter().map(|row| vec![row.run.to_string(), fixed(row.at_s), row.what.clone()]);
    written(&["run", "at_s", "what"], rows)
}

fn replications(time: &TimeSummary) -> Vec<u8> {
    let head = [
        "class",
        "quantity",
        "mean",
        "interval_low",
        "interval_high",
        "relative_half_width",
        "runs_needed",
    ];
    let rows = time.replicated.iter().map(|row| {
        let [low, high] = row.interval.map(fixed);
        vec![
            row.class.clone(),
            row.quantity.to_owned(),
            fixed(row.mean),
            low,
            high,
            optional(row.relative_half_width),
            row.runs_needed.map(|runs| runs.to_string()).unwrap_or_default(),
        ]
    });
    written(&head, rows)
}
