//! Latencies: the share of requests that took at most so long, by class.

use super::axis::{LatencyAxis, spaced};
use super::timeline::frame;
use super::{LatencyCurve, LatencyCurves};
use crate::report::chart::font::{self, BODY, HEADING, SMALL};
use crate::report::chart::frame::{MARGIN, place_note};
use crate::report::chart::palette::{BASE, Colour, GREY, GRID, Palette};
use crate::report::chart::scene::{Anchor, Area, Scene, Shape, Text};
use crate::report::document::grouped;
use crate::units::Nanos;

/// Size of the plot.
const WIDTH: i32 = 840;
const HEIGHT: i32 = 280;
/// Room for the labels of shares.
const SHARES: i32 = 64;
/// Room for each number in the table.
const NUMBER: i32 = 92;
/// More classes than this have no curve.
const MOST: usize = 21;
/// More classes than this have no row.
const MOST_ROWS: usize = 80;

/// Headings of the table, and the quantiles in thousandths.
const QUANTILES: [(&str, u64); 5] =
    [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999), ("longest", 1000)];

/// Lays the chart out.
pub(super) fn layout(input: &LatencyCurves) -> Scene {
    let heading = "Latency: share of requests answered within a time, by class";
    let left = MARGIN + SHARES;
    let mut scene = Scene::new(left + WIDTH + MARGIN, &format!("{}: {heading}", input.title));
    let mut y = frame(&input.title, heading, &input.subtitle, Vec::new()).place(&mut scene);
    let curves: Vec<&LatencyCurve> =
        input.classes.iter().filter(|curve| curve.requests() > 0).collect();
    if curves.is_empty() {
        scene.text(Text::new((MARGIN, y + 30), HEADING, "No request was answered."));
        scene.size.1 = y + 46 + MARGIN;
        return scene;
    }
    y += 16;
    scene.text(Text::new((MARGIN, y), SMALL, "share of the class's requests").coloured(GREY));
    let plot = Area::new(left, y + 14, WIDTH, HEIGHT);
    let shortest = curves.iter().map(|curve| curve.quantile(0)).min().unwrap_or_default();
    let longest = curves.iter().map(|curve| curve.quantile(1000)).max().unwrap_or_default();
    let axis = LatencyAxis::new(shortest, longest, left, WIDTH);
    let palette = Palette::new(curves.iter().map(|curve| curve.name.as_str()));
    let base = ticks(&mut scene, plot, axis);
    for curve in curves.iter().take(MOST) {
        place_curve(&mut scene, plot, axis, curve, palette.colour(&curve.name));
    }
    scene.size.1 = table(&mut scene, base + 18, &curves, &palette) + MARGIN;
    scene
}

fn ticks(scene: &mut Scene, plot: Area, axis: LatencyAxis) -> i32 {
    for percent in [0, 25, 50, 75, 100] {
        let y = plot.bottom - HEIGHT * percent / 100;
        scene.rect(Area::new(plot.left, y, WIDTH, 1), if percent == 0 { BASE } else { GRID });
        let text = Text::new((plot.left - 8, y + 4), SMALL, &format!("{percent} %"));
        scene.text(text.coloured(GREY).anchored(Anchor::End));
    }
    let mut end = 0;
    for (x, label) in axis.ticks() {
        scene.rect(Area { left: x, top: plot.top, right: x + 1, bottom: plot.bottom + 5 }, GRID);
        let text = Text::new((x, plot.bottom + 18), SMALL, &label);
        let text = text.coloured(GREY).anchored(Anchor::Middle);
        let right = text.left() + font::width(&label, SMALL);
        if text.left() >= end + 6 && right <= scene.size.0 {
            end = right;
            scene.text(text);
        }
    }
    let base = plot.bottom + 35;
    let name = "latency, logarithmic scale";
    scene.text(Text::new((plot.left, base), SMALL, name).coloured(GREY));
    base
}

fn place_curve(
    scene: &mut Scene,
    plot: Area,
    axis: LatencyAxis,
    curve: &LatencyCurve,
    colour: Colour,
) {
    let all = u128::from(curve.requests()).max(1);
    let mut points: Vec<(i32, i32)> = Vec::new();
    let mut height = 0;
    for (latency, number) in &curve.points {
        let part = u128::from(*number).min(all) * u128::try_from(HEIGHT).unwrap_or(0) / all;
        let next = i32::try_from(part).unwrap_or(HEIGHT);
        let x = axis.x(*latency);
        // A step: level until this latency, then up.
        for point in [(x, plot.bottom - height), (x, plot.bottom - next)] {
            if points.last() != Some(&point) {
                points.push(point);
            }
        }
        height = next;
    }
    scene.shapes.push(Shape::Line(straightened(&points), 2, colour));
}

/// Leaves out points between two others on one level or upright line.
fn straightened(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let mut out: Vec<(i32, i32)> = Vec::new();
    for point in points {
        if let [.., before, last] = out.as_slice() {
            let upright = before.0 == last.0 && last.0 == point.0;
            let level = before.1 == last.1 && last.1 == point.1;
            if upright || level {
                out.pop();
            }
        }
        out.push(*point);
    }
    out
}

/// Places quantiles of all classes; returns the last base line.
fn table(scene: &mut Scene, top: i32, curves: &[&LatencyCurve], palette: &Palette) -> i32 {
    let mut y = top + 16;
    let right = scene.size.0 - MARGIN;
    let column = |index: usize| {
        right - NUMBER * i32::try_from(QUANTILES.len() - index).unwrap_or(0) + NUMBER
    };
    let small = |x: i32, y: i32, text: &str| Text::new((x, y), SMALL, text).coloured(GREY);
    scene.text(small(MARGIN, y, "class"));
    scene.text(small(column(0) - NUMBER, y, "requests").anchored(Anchor::End));
    for (index, (name, _)) in QUANTILES.iter().enumerate() {
        scene.text(small(column(index), y, name).anchored(Anchor::End));
    }
    scene.rect(Area::new(MARGIN, y + 7, right - MARGIN, 1), BASE);
    y += 10;
    for (index, curve) in curves.iter().take(MOST_ROWS).enumerate() {
        y += 20;
        if index < MOST {
            scene.rect(Area::new(MARGIN, y - 10, 24, 12), palette.colour(&curve.name));
        }
        let room = column(0) - 2 * NUMBER - MARGIN - 38;
        let name = font::fitted(&font::clean(&curve.name), BODY, room);
        scene.text(Text::new((MARGIN + 30, y), BODY, &name));
        let mut cell = |x: i32, text: &str| {
            let text = font::fitted(text, BODY, NUMBER - 10);
            scene.text(Text::new((x, y), BODY, &text).anchored(Anchor::End));
        };
        cell(column(0) - NUMBER, &grouped(curve.requests()));
        for (index, (_, quantile)) in QUANTILES.iter().enumerate() {
            cell(column(index), &spaced(rounded(curve.quantile(*quantile))));
        }
    }
    let more = curves.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        place_note(scene, y + 4, &format!("{more} more classes are not shown."))
    } else {
        y
    }
}

/// Rounds to three digits.
fn rounded(latency: Nanos) -> Nanos {
    let digits = latency.0.max(1).ilog10();
    let unit = 10_u64.pow(digits.saturating_sub(2));
    Nanos(
        (latency.0 / unit + u64::from(latency.0 % unit * 2 >= unit && unit > 1))
            .saturating_mul(unit),
    )
}

// === impl LatencyCurve ===

impl LatencyCurve {
    fn requests(&self) -> u64 {
        self.points.last().map_or(0, |(_, number)| *number)
    }

    /// Returns the shortest latency within which so many thousandths of the requests, and at least one, were
    /// answered.
    fn quantile(&self, thousandths: u64) -> Nanos {
        let wanted = (u128::from(self.requests()) * u128::from(thousandths)).div_ceil(1000).max(1);
        let found = self.points.iter().find(|(_, number)| u128::from(*number) >= wanted);
        found.map(|(latency, _)| *latency).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_shortest_latencies_that_enough_requests_kept() {
        let points = vec![(Nanos(10), 1), (Nanos(20), 500), (Nanos(30), 990), (Nanos(99), 1000)];
        let curve = LatencyCurve { name: String::new(), points };
        for (thousandths, nanos) in
            [(0, 10), (500, 20), (501, 30), (990, 30), (991, 99), (1000, 99)]
        {
            assert_eq!(curve.quantile(thousandths), Nanos(nanos), "{thousandths}");
        }
    }

    #[test]
    fn latencies_round_to_three_digits() {
        for (nanos, rounds) in [(0, 0), (7, 7), (999, 999), (1_234, 1_230), (99_951, 100_000)] {
            assert_eq!(rounded(Nanos(nanos)), Nanos(rounds));
        }
    }

    #[test]
    fn straight_lines_have_two_points() {
        let steps = [(0, 9), (3, 9), (5, 9), (5, 7), (5, 2), (8, 2)];
        assert_eq!(straightened(&steps), [(0, 9), (5, 9), (5, 2), (8, 2)]);
    }
}
