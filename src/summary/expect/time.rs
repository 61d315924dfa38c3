//! Expectations about what only a run in time can say.

use crate::scenario::{Bounds, Expectation, Subject};
use crate::summary::time::{LatencyRow, TimeSummary};
use crate::summary::{ExpectationRow, Summary};
use crate::units::Nanos;

/// Judges one; without time it cannot be met.
pub(super) fn row(summary: &Summary, expectation: &Expectation) -> ExpectationRow {
    let class = expectation.class.as_deref();
    let (text, target) = words(expectation, class);
    let judged = summary.time.as_ref().map(|time| judge(time, &expectation.subject, class));
    let (observed, met, reason) = match judged {
        Some((observed, met)) => (observed, met, String::new()),
        None => ("-".to_owned(), false, "only a run in time can tell".to_owned()),
    };
    ExpectationRow {
        expectation: text,
        line: expectation.place.line,
        target,
        observed,
        met,
        reason,
    }
}

fn words(expectation: &Expectation, class: Option<&str>) -> (String, String) {
    let of_class = class.map(|class| format!(" of class {class}")).unwrap_or_default();
    match &expectation.subject {
        Subject::Latency(percentile, limit) => {
            (format!("p{percentile} of latencies{of_class}"), format!("at most {limit}"))
        }
        Subject::Amplification(service, bounds) => {
            (format!("attempts per request at {service}"), in_words(*bounds))
        }
        Subject::Ejections(pod, bounds) => {
            let pods = if pod.is_empty() { "any pod" } else { pod };
            (format!("ejections of {pods} per run"), in_words(*bounds))
        }
        _ => (String::new(), String::new()),
    }
}

fn in_words(bounds: Bounds) -> String {
    match (bounds.at_least, bounds.at_most) {
        (Some(low), Some(high)) => format!("{} to {}", low.as_f64(), high.as_f64()),
        (Some(low), None) => format!("at least {}", low.as_f64()),
        (None, Some(high)) => format!("at most {}", high.as_f64()),
        (None, None) => String::new(),
    }
}

fn judge(time: &TimeSummary, subject: &Subject, class: Option<&str>) -> (String, bool) {
    match subject {
        Subject::Latency(percentile, limit) => {
            let rows = time.latency.iter().filter(|row| row.kind == "class");
            let rows = rows.filter(|row| class.is_none_or(|class| row.name == class));
            let worst = rows.map(|row| percentile_of(row, *percentile)).reduce(f64::max);
            let limit = milliseconds(*limit);
            match worst {
                Some(worst) => (format!("{worst:.3}ms"), worst <= limit),
                None => ("no request".to_owned(), false),
            }
        }
        Subject::Amplification(service, bounds) => {
            let found = time.services.iter().find(|row| row.service == *service);
            match found.and_then(|row| row.amplification) {
                Some(value) => (format!("{:.3}", value.value()), within(*bounds, value.value())),
                None => ("no request".to_owned(), false),
            }
        }
        Subject::Ejections(pod, bounds) => {
            let count =
                time.ejections.iter().filter(|row| row.pod.starts_with(pod.as_str())).count();
            let per_run = count as f64 / time.replications.max(1) as f64;
            (format!("{per_run}"), within(*bounds, per_run))
        }
        _ => (String::new(), false),
    }
}

fn percentile_of(row: &LatencyRow, percentile: u32) -> f64 {
    let value = match percentile {
        50 => row.p50_ms,
        90 => row.p90_ms,
        95 => row.p95_ms,
        _ => row.p99_ms,
    };
    value.value()
}

fn milliseconds(time: Nanos) -> f64 {
    time.0 as f64 / 1e6
}

fn within(bounds: Bounds, value: f64) -> bool {
    bounds.at_least.is_none_or(|low| value >= low.as_f64())
        && bounds.at_most.is_none_or(|high| value <= high.as_f64())
}
