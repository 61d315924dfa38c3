//! A picture before it is drawn: shapes and texts at whole pixels.
//!
//! Layout and drawing are separate, so that tests can ask where every text stands.

use super::font;
use super::palette::{Colour, INK};

/// A picture.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// Width and height.
    pub(super) size: (i32, i32),
    /// What it shows, for those who cannot see it.
    pub(super) title: String,
    /// Drawn in this order, below all texts.
    pub(super) shapes: Vec<Shape>,
    /// Texts.
    pub(super) texts: Vec<Text>,
}

/// Something without letters.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A filled rectangle.
    Rect(Area, Colour),
    /// A line of a width through points.
    Line(Vec<(i32, i32)>, u32, Colour),
}

/// A rectangle; `right` and `bottom` are outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// A line of text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// Where it is anchored, and its base line.
    pub(super) at: (i32, i32),
    /// Pixels per em.
    pub(super) size: i32,
    pub(super) anchor: Anchor,
    pub(super) colour: Colour,
    pub(super) line: String,
}

/// The part of a text that stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

// === impl Scene ===

impl Scene {
    pub(super) fn new(width: i32, title: &str) -> Self {
        Self { size: (width, 0), title: font::clean(title), shapes: Vec::new(), texts: Vec::new() }
    }

    pub(super) fn rect(&mut self, area: Area, colour: Colour) {
        if area.left < area.right && area.top < area.bottom {
            self.shapes.push(Shape::Rect(area, colour));
        }
    }

    /// Draws lines at 45° across an area.
    pub(super) fn hatch(&mut self, area: Area, colour: Colour) {
        const SPACING: i32 = 7;
        let height = area.height();
        // Multiples of the spacing, so that neighbouring areas continue each other.
        let mut foot = (area.left - height).div_euclid(SPACING) * SPACING;
        while foot < area.right {
            let (low, high) = (foot.max(area.left), (foot + height).min(area.right));
            if low < high {
                let ends = [(low, area.bottom - (low - foot)), (high, area.bottom - (high - foot))];
                self.shapes.push(Shape::Line(ends.to_vec(), 1, colour));
            }
            foot += SPACING;
        }
    }

    pub(super) fn text(&mut self, text: Text) {
        if !text.line.is_empty() {
            self.texts.push(text);
        }
    }
}

// === impl Area ===

impl Area {
    pub(super) const fn new(left: i32, top: i32, width: i32, height: i32) -> Self {
        Self { left, top, right: left + width, bottom: top + height }
    }

    pub(super) const fn width(self) -> i32 {
        self.right - self.left
    }

    pub(super) const fn height(self) -> i32 {
        self.bottom - self.top
    }
}

// === impl Text ===

impl Text {
    /// Makes a text that starts at a place, in the main colour.
    pub(super) fn new(at: (i32, i32), size: i32, text: &str) -> Self {
        Self { at, size, anchor: Anchor::Start, colour: INK, line: font::clean(text) }
    }

    pub(super) fn anchored(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }

    pub(super) fn coloured(mut self, colour: Colour) -> Self {
        self.colour = colour;
        self
    }

    /// Returns where the text begins.
    pub(super) fn left(&self) -> i32 {
        let width = font::width(&self.line, self.size);
        match self.anchor {
            Anchor::Start => self.at.0,
            Anchor::Middle => self.at.0 - width / 2,
            Anchor::End => self.at.0 - width,
        }
    }

    /// Returns the area that the text takes, from its ascenders to its descenders.
    #[cfg(test)]
    pub(super) fn area(&self) -> Area {
        // Liberation Sans: ascenders 0.73 em, descenders 0.21 em.
        let (ascent, descent) = ((self.size * 73 + 99) / 100, (self.size * 21 + 99) / 100);
        let width = font::width(&self.line, self.size);
        Area::new(self.left(), self.at.1 - ascent, width, ascent + descent)
    }
}
