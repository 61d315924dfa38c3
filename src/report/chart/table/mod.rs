//! Charts that are tables: a label, a bar, numbers. All charts of a summary are.
//!
//! Numbers stand in columns beside the bars and not on them, so that nothing can overlap, at two rows or at a
//! hundred. Widths follow from the texts, heights from the rows.

mod bar;
mod layout;

use super::font::{self, BODY, SMALL};
use super::frame::{Frame, MARGIN};
use super::palette::Colour;
use super::share::{Axis, billionths};
use crate::summary::{Count, Fixed};

pub(super) use layout::layout;

/// A chart.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) frame: Frame,
    /// Heading of the labels.
    pub(super) labels: &'static str,
    /// What the bars measure.
    pub(super) axis: &'static str,
    /// Headings of the numbers.
    pub(super) columns: Vec<&'static str>,
    pub(super) groups: Vec<Group>,
    /// What to say in place of a table without rows.
    pub(super) empty: &'static str,
    /// A line below; may be empty.
    pub(super) note: String,
}

/// Rows that belong together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// May be empty.
    pub(super) heading: String,
    pub(super) rows: Vec<Row>,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) label: String,
    /// Below the label, small; may be empty.
    pub(super) detail: String,
    pub(super) bar: Bar,
    /// As many as there are columns.
    pub(super) cells: Vec<String>,
}

/// The picture of a row.
#[derive(Clone, Debug)]
pub(super) enum Bar {
    /// Nothing to draw.
    None,
    /// One share.
    Single(Single),
    /// Parts of a whole: observed, and expected if it is another picture.
    Stack(Vec<Segment>, Option<Vec<Segment>>),
}

/// One share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Single {
    pub(super) share: Fixed,
    /// `None` if `share` is the expectation.
    pub(super) expected: Option<Fixed>,
    pub(super) interval: Option<[Fixed; 2]>,
    pub(super) colour: Colour,
}

/// A part of a stacked bar.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) share: Fixed,
    /// The part of it that came by fallback.
    pub(super) fallback: Fixed,
    pub(super) colour: Colour,
}

/// Where the columns of a table stand.
#[derive(Clone, Debug)]
struct Columns {
    /// Room of the labels.
    label: i32,
    plot: i32,
    plot_width: i32,
    /// Right ends of the numbers.
    cells: Vec<i32>,
    /// Of the whole picture.
    width: i32,
    axis: Axis,
}

/// Space between columns.
const GAP: i32 = 24;
/// Labels get at most so much room.
const LABEL: i32 = 330;
/// Bars get at least so much room.
const PLOT: i32 = 360;
/// No picture is narrower.
const WIDTH: i32 = 960;

// === impl Table ===

impl Table {
    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups.iter().flat_map(|group| &group.rows)
    }

    fn columns(&self) -> Columns {
        let texts = self.rows().flat_map(|row| [(&row.label, BODY), (&row.detail, SMALL)]);
        let widths = texts.map(|(text, size)| font::width(&font::clean(text), size));
        let heading = font::width(self.labels, SMALL);
        let label = widths.max().unwrap_or(0).max(heading).clamp(60, LABEL);
        let cells: Vec<i32> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, heading)| {
                let cells = self.rows().filter_map(|row| row.cells.get(index));
                let widths = cells.map(|cell| font::width(cell, BODY));
                widths.max().unwrap_or(0).max(font::width(heading, SMALL))
            })
            .collect();
        let numbers: i32 = cells.iter().map(|width| width + GAP).sum();
        let plot = MARGIN + label + GAP;
        let plot_width = PLOT.max(WIDTH - MARGIN - numbers - plot);
        let mut right = plot + plot_width;
        let rights = cells.iter().map(|width| {
            right += width + GAP;
            right
        });
        let cells: Vec<i32> = rights.collect();
        let width = cells.last().copied().unwrap_or(plot + plot_width) + MARGIN;
        let highest = self.rows().map(|row| row.bar.highest()).max().unwrap_or(0);
        Columns { label, plot, plot_width, cells, width, axis: Axis::new(highest) }
    }
}

// === impl Row ===

impl Row {
    /// Makes the row of a count, with the numbers of [`super::cells::columns`].
    pub(super) fn of_count(label: String, detail: String, count: &Count, colour: Colour) -> Self {
        let observed = count.requests.is_some();
        let single = Single {
            share: count.share,
            expected: observed.then_some(count.expected),
            interval: count.interval,
            colour,
        };
        Self { label, detail, bar: Bar::Single(single), cells: super::cells::of(count) }
    }
}

// === impl Bar ===

impl Bar {
    /// Returns the largest share that must have room, in billionths.
    fn highest(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Single(single) => {
                let high = single.interval.map(|[_, high]| high);
                let shares = [Some(single.share), single.expected, high].into_iter().flatten();
                shares.map(billionths).max().unwrap_or(0)
            }
            Self::Stack(observed, expected) => {
                let sum = |segments: &Vec<Segment>| -> u64 {
                    segments.iter().map(|segment| billionths(segment.share)).sum()
                };
                // A whole that was not reached is to be seen as well.
                sum(observed).max(expected.as_ref().map_or(0, sum)).max(super::share::WHOLE)
            }
        }
    }
}
