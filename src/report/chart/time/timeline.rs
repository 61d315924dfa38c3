//! Lanes over time: requests per second, stacked.

use super::axis::{TimeAxis, thousandths};
use super::events::Marks;
use super::{Series, Timeline};
use crate::report::chart::font::{self, HEADING, SMALL};
use crate::report::chart::frame::{Frame, Key, MARGIN, Mark};
use crate::report::chart::palette::{BASE, GREY, GRID, NOTHING, Palette};
use crate::report::chart::scene::{Anchor, Area, Scene, Text};
use crate::report::chart::share::Axis;
use crate::units::Nanos;

/// Size of the plot.
const WIDTH: i32 = 840;
const HEIGHT: i32 = 280;
/// Room for the labels of values.
const VALUES: i32 = 64;

/// More lanes than this are stacked as one.
const MOST: usize = 40;

/// Lays the chart out.
pub(super) fn layout(input: &Timeline) -> Scene {
    let input = &condensed(input);
    let intervals = input.lanes.iter().map(|lane| lane.counts.len()).max().unwrap_or(0);
    let left = MARGIN + VALUES;
    let axis = TimeAxis::new(input.interval, intervals, left, WIDTH);
    let marks = Marks::new(&input.events, axis);
    let palette = Palette::new(input.lanes.iter().map(|lane| lane.name.as_str()));
    let heading = "Timeline: requests per second, stacked by lane";
    let mut scene = Scene::new(left + WIDTH + MARGIN, &format!("{}: {heading}", input.title));
    let legend = if intervals == 0 { Vec::new() } else { legend(input, &palette) };
    let mut y = frame(&input.title, heading, &input.subtitle, legend).place(&mut scene);
    if intervals == 0 {
        let text = "No interval was simulated.";
        scene.text(Text::new((MARGIN, y + 30), HEADING, text));
        scene.size.1 = y + 46 + MARGIN;
        return scene;
    }
    y += 16;
    scene.text(Text::new((MARGIN, y), SMALL, "requests per second").coloured(GREY));
    let plot = Area::new(left, y + 14 + marks.height(), WIDTH, HEIGHT);
    let columns = columns(input, axis);
    let values = Axis::new(columns.iter().map(Column::sum).max().unwrap_or(0).max(1));
    shade_warm_up(&mut scene, plot, axis.at(input.warm_up));
    value_ticks(&mut scene, plot, values);
    for column in &columns {
        column.place(&mut scene, plot, values, &palette);
    }
    scene.rect(Area::new(plot.left, plot.bottom, WIDTH, 1), BASE);
    marks.place(&mut scene, plot.top, plot.bottom);
    let base = time_ticks(&mut scene, plot.bottom, axis);
    let base = marks.list(&mut scene, base + 8);
    scene.size.1 = base + MARGIN;
    scene
}

/// Sums up the last lanes if there are too many.
fn condensed(input: &Timeline) -> Timeline {
    let mut input = input.clone();
    if input.lanes.len() <= MOST + 1 {
        return input;
    }
    let others = input.lanes.split_off(MOST);
    let length = others.iter().map(|lane| lane.counts.len()).max().unwrap_or(0);
    let mut counts = vec![0_u64; length];
    for lane in &others {
        for (sum, count) in counts.iter_mut().zip(&lane.counts) {
            *sum = sum.saturating_add(*count);
        }
    }
    input.lanes.push(Series { name: format!("{} more lanes", others.len()), counts });
    input
}

/// Makes the frame of a chart of time.
pub(super) fn frame(title: &str, heading: &str, subtitle: &str, legend: Vec<Key>) -> Frame {
    Frame {
        title: title.to_owned(),
        heading: heading.to_owned(),
        subtitle: subtitle.to_owned(),
        legend,
    }
}

/// Places the labels of a time axis below `top`; returns the base line of its name.
pub(super) fn time_ticks(scene: &mut Scene, top: i32, axis: TimeAxis) -> i32 {
    let mut end = 0;
    for (x, label) in axis.ticks() {
        scene.rect(Area::new(x, top, 1, 5), BASE);
        let text = Text::new((x, top + 18), SMALL, &label).coloured(GREY).anchored(Anchor::Middle);
        // Labels without room are left out; the ticks stay.
        let fits =
            text.left() >= end + 6 && text.left() + font::width(&label, SMALL) <= scene.size.0;
        if fits {
            end = text.left() + font::width(&label, SMALL);
            scene.text(text);
        }
    }
    let name = Text::new((axis.at(Nanos(0)), top + 35), SMALL, axis.name()).coloured(GREY);
    scene.text(name);
    top + 35
}

fn legend(input: &Timeline, palette: &Palette) -> Vec<Key> {
    let named = |name: &str| if name.is_empty() { "(no lane)" } else { name }.to_owned();
    // The legend reads from the left as the stack does from below.
    let mut keys: Vec<Key> = input
        .lanes
        .iter()
        .map(|lane| Key { mark: Mark::Bar(palette.colour(&lane.name)), text: named(&lane.name) })
        .collect();
    if input.warm_up > Nanos(0) {
        keys.push(Key {
            mark: Mark::Bar(NOTHING),
            text: "warm-up, not in the statistics".to_owned(),
        });
    }
    keys
}

fn shade_warm_up(scene: &mut Scene, plot: Area, end: i32) {
    scene.rect(Area { right: end, ..plot }, NOTHING);
}

fn value_ticks(scene: &mut Scene, plot: Area, values: Axis) {
    for value in values.values() {
        let y = plot.bottom - values.length(value, HEIGHT);
        scene.rect(Area::new(plot.left, y, WIDTH, 1), GRID);
        let label = font::fitted(&thousandths(value), SMALL, VALUES - 8);
        let text = Text::new((plot.left - 8, y + 4), SMALL, &label).coloured(GREY);
        scene.text(text.anchored(Anchor::End));
    }
}

/// A part of the time.
struct Column<'a> {
    left: i32,
    right: i32,
    /// Names of lanes with thousandths of requests per second.
    parts: Vec<(&'a str, u64)>,
}

fn columns(input: &Timeline, axis: TimeAxis) -> Vec<Column<'_>> {
    let together = axis.per_column(2);
    let first = (0..axis.intervals).step_by(together);
    first
        .map(|first| {
            let last = (first + together).min(axis.intervals);
            let parts = input.lanes.iter().map(|lane| {
                let counts = lane.counts.iter().skip(first).take(last - first);
                let sum: u128 = counts.map(|count| u128::from(*count)).sum();
                let time = u128::from(axis.interval()) * (last - first) as u128;
                let rate = sum * 1000 * u128::from(Nanos::SECOND.0) / time;
                (lane.name.as_str(), u64::try_from(rate).unwrap_or(u64::MAX / 1000))
            });
            Column { left: axis.x(first), right: axis.x(last), parts: parts.collect() }
        })
        .collect()
}

// === impl Column ===

impl Column<'_> {
    fn sum(&self) -> u64 {
        self.parts.iter().fold(0, |sum, (_, rate)| sum.saturating_add(*rate))
    }

    fn place(&self, scene: &mut Scene, plot: Area, values: Axis, palette: &Palette) {
        let mut sum = 0_u64;
        let mut bottom = plot.bottom;
        for (name, rate) in &self.parts {
            sum = sum.saturating_add(*rate);
            let top = plot.bottom - values.length(sum, HEIGHT);
            let area = Area { left: self.left, top, right: self.right, bottom };
            if *rate > 0 {
                scene.rect(area, palette.colour(name));
                bottom = top;
            }
        }
    }
}
