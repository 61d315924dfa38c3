//! What all charts have around them: title, heading, what was run, legend.

use super::font::{self, BODY, HEADING, SMALL, TITLE};
use super::palette::{BASE, Colour, EXPECTED, GREY, INK, NOTHING};
use super::scene::{Area, Scene, Text};
use crate::report::document::grouped;
use crate::summary::Summary;

/// Space around a picture.
pub(super) const MARGIN: i32 = 28;

/// The texts above a chart.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Title of the scenario.
    pub(super) title: String,
    /// What the chart shows.
    pub(super) heading: String,
    /// How it was found.
    pub(super) subtitle: String,
    /// What its marks mean.
    pub(super) legend: Vec<Key>,
}

/// An entry of a legend.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) mark: Mark,
    pub(super) text: String,
}

/// A mark to explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A bar.
    Bar(Colour),
    /// A hatched bar.
    Hatched,
    /// An empty bar.
    Empty,
    /// The whiskers of an interval.
    Whisker,
    /// The line of an expectation.
    Expected,
    /// The strip below a stacked bar.
    Strip,
}

// === impl Frame ===

impl Frame {
    /// Makes the frame of a chart of a summary.
    pub(super) fn new(summary: &Summary, heading: &str, legend: Vec<Key>) -> Self {
        let seed = summary.manifest.seed;
        let mut subtitle = match summary.requests {
            Some(requests) => {
                let how = if summary.engine == "timed" { "Run in time" } else { "Replay" };
                format!("{how} of {} requests, seed {seed}", grouped(requests))
            }
            None => "Exact probabilities, nothing sampled".to_owned(),
        };
        if !summary.manifest.changes.is_empty() {
            subtitle = format!("{subtitle}; changed: {}", summary.manifest.changes.join(", "));
        }
        Self { title: summary.title.clone(), heading: heading.to_owned(), subtitle, legend }
    }

    /// Places the frame at the top of a scene; returns where the chart begins.
    pub(super) fn place(&self, scene: &mut Scene) -> i32 {
        let room = scene.size.0 - 2 * MARGIN;
        let mut y = MARGIN - 12;
        for line in font::wrapped(&font::clean(&self.title), TITLE, room, 2) {
            y += 26;
            scene.text(Text::new((MARGIN, y), TITLE, &line));
        }
        for line in font::wrapped(&self.heading, HEADING, room, 2) {
            y += 22;
            scene.text(Text::new((MARGIN, y), HEADING, &line));
        }
        y += 3;
        for line in font::wrapped(&font::clean(&self.subtitle), BODY, room, 2) {
            y += 17;
            scene.text(Text::new((MARGIN, y), BODY, &line).coloured(GREY));
        }
        self.place_legend(scene, y + 28) + 18
    }

    /// Places the legend in as many lines as it needs; returns its last base line.
    fn place_legend(&self, scene: &mut Scene, first: i32) -> i32 {
        let (mut x, mut y) = (MARGIN, first);
        for key in &self.legend {
            let mark = key.mark.width();
            let text = font::clean(&key.text);
            let text = font::fitted(&text, BODY, scene.size.0 - 2 * MARGIN - mark - 6);
            let width = mark + 6 + font::width(&text, BODY);
            if x > MARGIN && x + width > scene.size.0 - MARGIN {
                (x, y) = (MARGIN, y + 22);
            }
            place_mark(scene, key.mark, Area::new(x, y - 10, mark, 12));
            scene.text(Text::new((x + mark + 6, y), BODY, &text));
            x += width + 22;
        }
        if self.legend.is_empty() { first - 22 } else { y }
    }
}

// === impl Mark ===

impl Mark {
    const fn width(self) -> i32 {
        if matches!(self, Self::Expected) { 5 } else { 24 }
    }
}

fn place_mark(scene: &mut Scene, mark: Mark, area: Area) {
    let middle = i32::midpoint(area.top, area.bottom);
    match mark {
        Mark::Bar(colour) => scene.rect(area, colour),
        Mark::Hatched => {
            scene.rect(area, NOTHING);
            scene.hatch(area, INK);
        }
        Mark::Empty => place_empty(scene, area),
        Mark::Whisker => place_whisker(scene, area.left, area.right, middle),
        Mark::Expected => {
            let centre = i32::midpoint(area.left, area.right);
            scene.rect(Area::new(centre - 1, area.top - 3, 3, 18), EXPECTED);
        }
        Mark::Strip => {
            scene.rect(Area { bottom: area.bottom - 5, ..area }, BASE);
            scene.rect(Area { top: area.bottom - 3, bottom: area.bottom + 1, ..area }, BASE);
        }
    }
}

/// Places the part of a bar that nothing fills.
pub(super) fn place_empty(scene: &mut Scene, area: Area) {
    scene.rect(area, NOTHING);
}

/// Places the whiskers of an interval.
pub(super) fn place_whisker(scene: &mut Scene, low: i32, high: i32, middle: i32) {
    let high = high.max(low + 1);
    scene.rect(Area { left: low, top: middle, right: high, bottom: middle + 1 }, INK);
    scene.rect(Area::new(low, middle - 3, 1, 7), INK);
    scene.rect(Area::new(high - 1, middle - 3, 1, 7), INK);
}

/// Places small text below a chart; returns its base line.
pub(super) fn place_note(scene: &mut Scene, y: i32, note: &str) -> i32 {
    let mut y = y;
    for line in font::wrapped(note, SMALL, scene.size.0 - 2 * MARGIN, 3) {
        y += 15;
        scene.text(Text::new((MARGIN, y), SMALL, &line).coloured(GREY));
    }
    y
}
