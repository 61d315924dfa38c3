//! Marks of events: a numbered line in the picture, and what happened in a list below it.

use std::collections::BTreeMap;

use super::Event;
use super::axis::TimeAxis;
use crate::report::chart::font::{self, BODY, SMALL};
use crate::report::chart::frame::MARGIN;
use crate::report::chart::palette::{GREY, INK, WHITE};
use crate::report::chart::scene::{Anchor, Area, Scene, Text};
use crate::units::Nanos;

/// More events than this are counted only.
const MOST: usize = 40;
/// Height of a row of numbers.
const ROW: i32 = 18;
/// Space between numbers.
const GAP: i32 = 4;

/// Events with places for their numbers.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    axis: TimeAxis,
    placed: Vec<Placed>,
    more: usize,
}

/// Everything that happened at one time.
#[derive(Clone, Debug)]
struct Placed {
    at: Nanos,
    text: String,
    /// Where its line is.
    x: i32,
    /// Row of its number, from below.
    row: i32,
}

// === impl Marks ===

impl Marks {
    /// Finds rows for the numbers, so that they do not overlap.
    pub(super) fn new(events: &[Event], axis: TimeAxis) -> Self {
        let mut times: BTreeMap<Nanos, Vec<&str>> = BTreeMap::new();
        for event in events {
            times.entry(event.at).or_default().push(&event.text);
        }
        let more = times.len().saturating_sub(MOST);
        let mut ends: Vec<i32> = Vec::new();
        let mut placed = Vec::new();
        for (index, (at, texts)) in times.into_iter().take(MOST).enumerate() {
            let x = axis.at(at);
            let half = badge(index) / 2;
            let row = ends.iter().position(|end| *end + GAP <= x - half).unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(0);
            }
            ends[row] = x + half + 1;
            let row = i32::try_from(row).unwrap_or(0);
            placed.push(Placed { at, text: texts.join("; "), x, row });
        }
        Self { axis, placed, more }
    }

    /// Returns the height of all rows of numbers.
    pub(super) fn height(&self) -> i32 {
        self.placed.iter().map(|it| (it.row + 1) * ROW).max().unwrap_or(0)
    }

    /// Places numbers above `top` and lines from there to `bottom`.
    pub(super) fn place(&self, scene: &mut Scene, top: i32, bottom: i32) {
        for Placed { x, row, .. } in &self.placed {
            let badge_top = top - (row + 1) * ROW;
            // White beside the line keeps it visible on every colour.
            scene.rect(Area::new(x - 1, top, 3, bottom - top), WHITE);
            scene.rect(Area::new(*x, badge_top + 14, 1, bottom - badge_top - 14), INK);
        }
        for (index, Placed { x, row, .. }) in self.placed.iter().enumerate() {
            let badge_top = top - (row + 1) * ROW;
            let width = badge(index);
            scene.rect(Area::new(x - width / 2, badge_top, width, 15), INK);
            let text = Text::new((*x, badge_top + 12), SMALL, &(index + 1).to_string());
            scene.text(text.anchored(Anchor::Middle).coloured(WHITE));
        }
    }

    /// Lists what happened; returns the last base line.
    pub(super) fn list(&self, scene: &mut Scene, top: i32) -> i32 {
        const NUMBER: i32 = 26;
        const TIME: i32 = 80;
        let mut y = top;
        let left = MARGIN + NUMBER + TIME;
        for (index, event) in self.placed.iter().enumerate() {
            y += 18;
            scene.text(Text::new((MARGIN, y), BODY, &(index + 1).to_string()));
            let time = font::fitted(&self.axis.label(event.at), BODY, TIME - 8);
            scene.text(Text::new((MARGIN + NUMBER, y), BODY, &time).coloured(GREY));
            let room = scene.size.0 - MARGIN - left;
            for (line, text) in
                font::wrapped(&font::clean(&event.text), BODY, room, 2).iter().enumerate()
            {
                y += if line > 0 { 16 } else { 0 };
                scene.text(Text::new((left, y), BODY, text));
            }
        }
        if self.more > 0 {
            y += 18;
            let text = format!("and {} more times at which something happened", self.more);
            scene.text(Text::new((MARGIN, y), BODY, &text).coloured(GREY));
        }
        y
    }
}

/// Width of the number of an event.
fn badge(index: usize) -> i32 {
    font::width(&(index + 1).to_string(), SMALL) + 8
}
