//! Where everything of a table stands.

use super::{Bar, Columns, Row, Table, bar};
use crate::report::chart::font::{self, BODY, HEADING, SMALL};
use crate::report::chart::frame::{MARGIN, place_note};
use crate::report::chart::palette::{BASE, GREY, GRID, NOTHING};
use crate::report::chart::scene::{Anchor, Area, Scene, Shape, Text};

/// More rows than this get their axis at both ends.
const TWO_AXES: usize = 18;

/// Places a table.
pub(in crate::report::chart) fn layout(table: &Table) -> Scene {
    let columns = table.columns();
    let title = format!("{}: {}", table.frame.title, table.frame.heading);
    let mut scene = Scene::new(columns.width, &title);
    let mut y = table.frame.place(&mut scene);
    if table.rows().next().is_none() {
        y += 34;
        let text = font::fitted(table.empty, HEADING, columns.width - 2 * MARGIN);
        scene.text(Text::new((MARGIN, y), HEADING, &text));
        y += 16;
    } else {
        y = Layout { table, columns: &columns, scene: &mut scene }.rows(y);
    }
    if !table.note.is_empty() {
        y = place_note(&mut scene, y + 8, &table.note);
    }
    scene.size.1 = y + MARGIN;
    scene
}

struct Layout<'a> {
    table: &'a Table,
    columns: &'a Columns,
    scene: &'a mut Scene,
}

impl Layout<'_> {
    /// Places headings, rows and axes; returns the lowest base line.
    fn rows(&mut self, top: i32) -> i32 {
        let mut y = self.headings(top);
        if self.table.rows().count() > TWO_AXES {
            y = self.tick_labels(y);
        }
        y += 8;
        let grid = self.scene.shapes.len();
        let begin = y;
        for group in &self.table.groups {
            if !group.heading.is_empty() {
                y = self.group_heading(&group.heading, y);
            }
            for row in &group.rows {
                y = self.row(row, y);
            }
        }
        self.grid(grid, begin, y);
        self.tick_labels(y)
    }

    fn headings(&mut self, top: i32) -> i32 {
        let y = top + 16;
        let small = |x: i32, text: &str| Text::new((x, y), SMALL, text).coloured(GREY);
        self.scene.text(small(MARGIN, self.table.labels));
        // The headings of numbers reach to the left of their column at most by its gap.
        let axis = font::fitted(self.table.axis, SMALL, self.columns.plot_width);
        self.scene.text(small(self.columns.plot, &axis));
        for (heading, right) in self.table.columns.iter().zip(&self.columns.cells) {
            self.scene.text(small(*right, heading).anchored(Anchor::End));
        }
        let line = Area::new(MARGIN, y + 7, self.columns.width - 2 * MARGIN, 1);
        self.scene.rect(line, BASE);
        y + 8
    }

    /// Places the labels of the axis below `top`; returns their base line.
    fn tick_labels(&mut self, top: i32) -> i32 {
        let y = top + 15;
        for (tick, label) in self.columns.axis.ticks() {
            let x = self.columns.plot + self.columns.axis.length(tick, self.columns.plot_width);
            let text = Text::new((x, y), SMALL, &label).coloured(GREY).anchored(Anchor::Middle);
            self.scene.text(text);
        }
        y
    }

    /// Inserts the grid behind what was placed since.
    fn grid(&mut self, behind: usize, top: i32, bottom: i32) {
        let lines = self.columns.axis.ticks().map(|(tick, _)| {
            let x = self.columns.plot + self.columns.axis.length(tick, self.columns.plot_width);
            let colour = if tick == 0 { BASE } else { GRID };
            Shape::Rect(Area { left: x, top, right: x + 1, bottom }, colour)
        });
        let lines: Vec<Shape> = lines.collect();
        self.scene.shapes.splice(behind..behind, lines);
    }

    fn group_heading(&mut self, heading: &str, top: i32) -> i32 {
        let room = self.columns.width - 2 * MARGIN;
        let text = font::fitted(&font::clean(heading), BODY, room);
        let band = Area::new(MARGIN, top + 4, room, 22);
        self.scene.rect(band, NOTHING);
        let shown = Text::new((MARGIN + 6, top + 19), BODY, &font::fitted(&text, BODY, room - 12));
        self.scene.text(shown);
        top + 30
    }

    /// Places a row; returns where the next one begins.
    fn row(&mut self, row: &Row, top: i32) -> i32 {
        let base = top + 17;
        let mut label_end = base;
        let label = font::wrapped(&font::clean(&row.label), BODY, self.columns.label, 3);
        for (index, line) in label.iter().enumerate() {
            label_end = if index == 0 { base } else { label_end + 15 };
            self.scene.text(Text::new((MARGIN, label_end), BODY, line));
        }
        for line in font::wrapped(&font::clean(&row.detail), SMALL, self.columns.label, 2) {
            label_end += 14;
            self.scene.text(Text::new((MARGIN, label_end), SMALL, &line).coloured(GREY));
        }
        for (cell, right) in row.cells.iter().zip(&self.columns.cells) {
            self.scene.text(Text::new((*right, base), BODY, cell).anchored(Anchor::End));
        }
        let bar_end = self.bar(&row.bar, base - 11);
        (label_end + 9).max(bar_end + 6)
    }

    /// Places a bar; returns its lowest pixel.
    fn bar(&mut self, bar: &Bar, top: i32) -> i32 {
        match bar {
            Bar::None => top + 14,
            Bar::Single(single) => {
                bar::single(self.scene, self.columns, single, top);
                top + 14
            }
            Bar::Stack(observed, expected) => {
                bar::stack(self.scene, self.columns, (observed, expected.as_deref()), top)
            }
        }
    }
}
