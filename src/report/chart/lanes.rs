//! Lanes: the share of all requests in each, against its expectation.

use super::cells;
use super::frame::Frame;
use super::palette::OBSERVED;
use super::table::{Bar, Group, Row, Single, Table};
use crate::summary::{Fixed, LaneRow, Summary};

/// More lanes than this share a last row.
const MOST: usize = 60;

/// Arranges the chart.
pub(super) fn table(summary: &Summary) -> Table {
    let shown = if summary.lanes.len() > MOST + 1 { MOST } else { summary.lanes.len() };
    let (first, others) = summary.lanes.split_at(shown);
    let mut rows: Vec<Row> = first.iter().map(row).collect();
    if !others.is_empty() {
        rows.push(rest(others));
    }
    let groups =
        if rows.is_empty() { Vec::new() } else { vec![Group { heading: String::new(), rows }] };
    let heading = match summary.requests {
        Some(_) => "Lanes: share of requests in each lane, observed against expected",
        None => "Lanes: expected share of requests in each lane",
    };
    Table {
        frame: Frame::new(summary, heading, cells::legend(summary, ", simultaneous for all lanes")),
        labels: "lane",
        axis: "share of all requests",
        columns: cells::columns(summary),
        groups,
        empty: "No requests, hence no lanes.",
        note: String::new(),
    }
}

fn row(lane: &LaneRow) -> Row {
    let name = lane.lane.clone().unwrap_or_else(|| "(no lane)".to_owned());
    Row::of_count(name, String::new(), &lane.count, OBSERVED)
}

/// One row for all others.
fn rest(others: &[LaneRow]) -> Row {
    let sum = |value: fn(&LaneRow) -> f64| Fixed::new(others.iter().map(value).sum());
    let share = sum(|lane| lane.count.share.value());
    let expected = sum(|lane| lane.count.expected.value());
    let requests: Option<u64> = others.iter().map(|lane| lane.count.requests).sum();
    let bar =
        Single { share, expected: requests.map(|_| expected), interval: None, colour: OBSERVED };
    Row {
        label: format!("{} more lanes", others.len()),
        detail: String::new(),
        bar: Bar::Single(bar),
        cells: cells::of_sum(requests, Some((share, expected))),
    }
}
