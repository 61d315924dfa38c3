//! Traces: which versions served a request from hop to hop, most probable first.

use std::collections::BTreeSet;

use super::frame::Frame;
use super::palette::OBSERVED;
use super::table::{Bar, Group, Row, Single, Table};
use super::{cells, spaced};
use crate::summary::{ClassRow, Fixed, Summary, TraceRow};

/// More traces than this share a last row.
const MOST: usize = 40;

/// Arranges the chart.
pub(super) fn table(summary: &Summary) -> Table {
    let shown = most_probable(summary);
    let lanes = summary.traces.iter().any(|trace| trace.lane.is_some());
    let mut groups: Vec<Group> = Vec::new();
    for class in &summary.classes {
        let of_class = summary.traces.iter().enumerate().filter(|(_, it)| it.class == class.class);
        let rows: Vec<Row> = of_class
            .filter(|(index, _)| shown.contains(index))
            .map(|(_, it)| row(it, lanes))
            .collect();
        if !rows.is_empty() {
            groups.push(Group { heading: super::class_heading(summary, class), rows });
        }
    }
    if shown.len() < summary.traces.len() {
        let others = summary.traces.iter().enumerate().filter(|(index, _)| !shown.contains(index));
        let row = rest(summary, &others.map(|(_, trace)| trace).collect::<Vec<_>>());
        let heading = match groups.len() {
            1 => String::new(),
            _ => "Other traces of all classes, share of all requests".to_owned(),
        };
        groups.push(Group { heading, rows: vec![row] });
    }
    let heading = match summary.requests {
        Some(_) => "Traces: the ways of requests through versions, observed against expected",
        None => "Traces: the ways of requests through versions, expected shares",
    };
    Table {
        frame: Frame::new(
            summary,
            heading,
            cells::legend(summary, ", simultaneous for all traces of a class"),
        ),
        labels: "trace (service@version)",
        axis: super::class_axis(summary),
        columns: cells::columns(summary),
        groups,
        empty: "No requests, hence no traces.",
        note: String::new(),
    }
}

/// Returns the positions of the traces that most requests of all classes take.
fn most_probable(summary: &Summary) -> BTreeSet<usize> {
    let all = summary.traces.len();
    if all <= MOST + 1 {
        return (0..all).collect();
    }
    let mut order: Vec<(f64, usize)> = summary
        .traces
        .iter()
        .enumerate()
        .map(|(index, trace)| (part(summary, trace) * trace.count.expected.value(), index))
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.into_iter().take(MOST).map(|(_, index)| index).collect()
}

/// The expected part of the class of a trace in all requests.
fn part(summary: &Summary, trace: &TraceRow) -> f64 {
    let same = |class: &&ClassRow| class.class == trace.class;
    summary.classes.iter().find(same).map_or(1.0, |class| class.count.expected.value())
}

/// Where there are `lanes` at all, a trace without one says so.
fn row(trace: &TraceRow, lanes: bool) -> Row {
    let lane = match &trace.lane {
        Some(lane) => Some(format!("lane\u{a0}{lane}")),
        None => lanes.then(|| "no lane".to_owned()),
    };
    let fallbacks = trace.fallbacks.join(", ");
    let fallbacks = (!fallbacks.is_empty()).then(|| format!("by fallback: {fallbacks}"));
    let detail: Vec<String> = lane.into_iter().chain(fallbacks).collect();
    Row::of_count(spaced(&trace.trace), detail.join("; "), &trace.count, OBSERVED)
}

/// One row for all others, as a share of all requests.
fn rest(summary: &Summary, others: &[&TraceRow]) -> Row {
    let requests: Option<u64> = others.iter().map(|trace| trace.count.requests).sum();
    let expected: f64 =
        others.iter().map(|trace| part(summary, trace) * trace.count.expected.value()).sum();
    let share = match (requests, summary.requests) {
        (Some(part), Some(all)) if all > 0 => part as f64 / all as f64,
        _ => expected,
    };
    let (share, expected) = (Fixed::new(share), Fixed::new(expected));
    let bar =
        Single { share, expected: requests.map(|_| expected), interval: None, colour: OBSERVED };
    Row {
        label: format!("{} more traces", others.len()),
        detail: "see traces.csv".to_owned(),
        bar: Bar::Single(bar),
        cells: cells::of_sum(requests, Some((share, expected))),
    }
}
