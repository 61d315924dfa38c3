//! Fallbacks: how often each destination could not serve and another one did.

use super::frame::Frame;
use super::palette::OBSERVED;
use super::table::{Bar, Group, Row, Table};
use super::{cells, spaced};
use crate::summary::{FallbackRow, Summary};

/// More fallbacks than this share a last row.
const MOST: usize = 40;

/// Arranges the chart.
pub(super) fn table(summary: &Summary) -> Table {
    let all = summary.fallbacks.len();
    let (first, others) = summary.fallbacks.split_at(if all > MOST + 1 { MOST } else { all });
    let mut groups: Vec<Group> = Vec::new();
    for class in &summary.classes {
        let rows: Vec<Row> = first.iter().filter(|row| row.class == class.class).map(row).collect();
        if !rows.is_empty() {
            groups.push(Group { heading: super::class_heading(summary, class), rows });
        }
    }
    if !others.is_empty() {
        groups.push(Group { heading: "others".to_owned(), rows: vec![rest(others)] });
    }
    Table {
        frame: Frame::new(
            summary,
            "Fallbacks: requests that another destination served than the one they were meant for",
            if all == 0 { Vec::new() } else { cells::legend(summary, "") },
        ),
        labels: "meant for → served by",
        axis: super::class_axis(summary),
        columns: cells::columns(summary),
        groups,
        empty: "No fallbacks: no request of this run was served by a fallback destination.",
        note: String::new(),
    }
}

fn row(fallback: &FallbackRow) -> Row {
    let label = format!("{} →\u{a0}{}", fallback.from, fallback.to);
    let hop = match fallback.hop.as_str() {
        "entry" => format!("entry > {}", fallback.service),
        hop => spaced(hop),
    };
    Row::of_count(label, format!("{}, at {hop}", fallback.reason), &fallback.count, OBSERVED)
}

/// One row for all others; a request can meet several of them, so that their shares have no sum.
fn rest(others: &[FallbackRow]) -> Row {
    let requests: Option<u64> = others.iter().map(|row| row.count.requests).sum();
    Row {
        label: format!("{} more kinds of fallback", others.len()),
        detail: "see fallbacks.csv".to_owned(),
        bar: Bar::None,
        cells: cells::of_sum(requests, None),
    }
}
