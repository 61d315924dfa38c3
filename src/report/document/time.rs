//! What a person reads of a run in time.

use super::Align::{Left, Right};
use super::{Section, Table, grouped, section, table};
use crate::summary::time::{LatencyRow, TimeSummary};
use crate::summary::{Fixed, Summary};

/// Ejections and breakers beyond this are in the files.
const MAX_INCIDENTS: usize = 12;

/// The sections that only a run in time has.
pub(super) fn sections(summary: &Summary) -> Vec<Section> {
    let Some(time) = &summary.time else { return Vec::new() };
    vec![
        latency(time),
        timeline(time),
        rollout(time),
        pods(time),
        services(time),
        flags(time),
        ejections(time),
        breakers(time),
        replicated(time),
        warnings(time),
    ]
}

fn number(value: Fixed, digits: usize) -> String {
    format!("{:.digits$}", value.value())
}

/// Milliseconds with three significant digits or more.
fn milliseconds(value: Fixed) -> String {
    let digits = match value.value() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    number(value, digits)
}

fn seconds(value: Fixed) -> String {
    let text = format!("{:.3}", value.value());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} s")
}

fn share(part: u64, all: u64) -> String {
    if all == 0 { "-".to_owned() } else { Fixed::new(part as f64 / all as f64).to_string() }
}

fn latency(time: &TimeSummary) -> Section {
    let columns = [
        ("of", Left),
        ("name", Left),
        ("answers", Right),
        ("failed", Right),
        ("mean ms", Right),
        ("p50", Right),
        ("p90", Right),
        ("p95", Right),
        ("p99", Right),
        ("95 % interval of p99", Right),
        ("max", Right),
    ];
    let made = table(&columns, &time.latency, |row: &LatencyRow| {
        let interval = row.p99_interval_ms.map_or("-".to_owned(), |[low, high]| {
            format!("{} – {}", milliseconds(low), milliseconds(high))
        });
        let [mean, p50, p90, p95, p99, max] =
            [row.mean_ms, row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.max_ms]
                .map(milliseconds);
        let failed = share(row.failed, row.requests);
        let mut out = vec![row.kind.to_owned(), row.name.clone(), grouped(row.requests), failed];
        out.extend([mean, p50, p90, p95, p99, interval, max]);
        out
    });
    let note = format!(
        "Milliseconds, over {} of measured time in {}.",
        seconds(time.measured_s),
        if time.replications == 1 {
            "one run".to_owned()
        } else {
            format!("{} runs", time.replications)
        }
    );
    section("Latency", &note, made)
}

fn timeline(time: &TimeSummary) -> Section {
    let columns = [
        ("at", Right),
        ("event", Left),
        ("window", Right),
        ("answers before", Right),
        ("failed", Right),
        ("answers after", Right),
        ("failed", Right),
        ("slow", Right),
    ];
    let made = table(&columns, &time.timeline, |row| {
        vec![
            seconds(row.at_s),
            row.event.clone(),
            seconds(row.window_s),
            grouped(row.requests_before),
            grouped(row.failed_before),
            grouped(row.requests_after),
            grouped(row.failed_after),
            grouped(row.slow_after),
        ]
    });
    let note = if time.timeline.is_empty() {
        ""
    } else {
        "Requests around each event; slow are good answers that took longer than 99 % of those before."
    };
    section("Timeline", note, made)
}

fn rollout(time: &TimeSummary) -> Section {
    let columns = [("run", Right), ("at", Right), ("what", Left)];
    let made = table(&columns, &time.rollout, |row| {
        vec![row.run.to_string(), seconds(row.at_s), row.what.clone()]
    });
    section("Rollout", "", made)
}

fn pods(time: &TimeSummary) -> Section {
    let columns = [
        ("pod", Left),
        ("workers", Right),
        ("utilisation", Right),
        ("mean queue", Right),
        ("longest", Right),
        ("mean wait ms", Right),
        ("served", Right),
        ("refused", Right),
    ];
    let made = table(&columns, &time.pods, |row| {
        vec![
            row.pod.clone(),
            row.workers.map_or("-".to_owned(), |workers| workers.to_string()),
            row.utilisation.map_or("-".to_owned(), |it| format!("{it:.1}")),
            number(row.mean_queue, 2),
            grouped(u64::from(row.longest_queue)),
            milliseconds(row.mean_wait_ms),
            grouped(row.served),
            grouped(row.refused),
        ]
    });
    section("Pods", "", made)
}

fn services(time: &TimeSummary) -> Section {
    let columns =
        [("service", Left), ("requests", Right), ("attempts", Right), ("per request", Right)];
    // Retries are worth a table only if there are any.
    let retried = time.services.iter().any(|row| row.attempts > row.requests);
    let rows = if retried { &time.services[..] } else { &[] };
    let made = table(&columns, rows, |row| {
        vec![
            row.service.clone(),
            grouped(row.requests),
            grouped(row.attempts),
            row.amplification.map_or("-".to_owned(), |it| number(it, 3)),
        ]
    });
    let note = if retried {
        "Attempts that reach a service per request that is meant for it."
    } else {
        ""
    };
    section("Retry amplification", note, made)
}

fn flags(time: &TimeSummary) -> Section {
    let columns = [("hop", Left), ("flag", Left), ("calls", Right)];
    let made = table(&columns, &time.flags, |row| {
        vec![row.hop.clone(), row.flag.to_owned(), grouped(row.calls)]
    });
    section("Response flags", "", made)
}

fn ejections(time: &TimeSummary) -> Section {
    let columns =
        [("run", Right), ("proxy of", Left), ("ejected", Left), ("from", Right), ("until", Right)];
    let shown = &time.ejections[..time.ejections.len().min(MAX_INCIDENTS)];
    let (made, _) = table(&columns, shown, |row| {
        vec![
            row.run.to_string(),
            row.proxy.clone(),
            row.pod.clone(),
            seconds(row.from_s),
            row.until_s.map_or("end".to_owned(), seconds),
        ]
    });
    section("Ejections", "", (made, more(time.ejections.len())))
}

fn breakers(time: &TimeSummary) -> Section {
    let columns = [
        ("run", Right),
        ("proxy of", Left),
        ("cluster", Left),
        ("refused", Left),
        ("count", Right),
        ("first", Right),
        ("last", Right),
    ];
    let shown = &time.breakers[..time.breakers.len().min(MAX_INCIDENTS)];
    let (made, _) = table(&columns, shown, |row| {
        vec![
            row.run.to_string(),
            row.proxy.clone(),
            row.cluster.clone(),
            row.refused.to_owned(),
            grouped(row.count),
            seconds(row.first_s),
            seconds(row.last_s),
        ]
    });
    section("Circuit breakers", "", (made, more(time.breakers.len())))
}

fn more(rows: usize) -> Vec<String> {
    let more = rows.saturating_sub(MAX_INCIDENTS);
    (more > 0).then(|| format!("and {more} more rows, see the CSV files")).into_iter().collect()
}

fn replicated(time: &TimeSummary) -> Section {
    let columns = [
        ("class", Left),
        ("quantity", Left),
        ("mean", Right),
        ("95 % interval", Right),
        ("relative", Right),
        ("runs for 5 %", Right),
    ];
    let made = table(&columns, &time.replicated, |row| {
        let [low, high] = row.interval.map(|bound| number(bound, 4));
        vec![
            row.class.clone(),
            row.quantity.to_owned(),
            number(row.mean, 4),
            format!("{low} – {high}"),
            row.relative_half_width.map_or("-".to_owned(), |it| format!("± {it:.1}")),
            row.runs_needed.map_or("-".to_owned(), grouped),
        ]
    });
    section("Replications", "", made)
}

fn warnings(time: &TimeSummary) -> Section {
    let lines = time.warnings.clone();
    Section { heading: "Warnings", note: String::new(), table: Table::default(), lines }
}
