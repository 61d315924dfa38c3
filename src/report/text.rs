//! A document for a terminal: aligned columns, colour if wanted.

use super::document::{Align, Document, Section, Table};
use super::style::{Ink, Style};

/// Prints a document.
#[must_use]
pub fn text(document: &Document, style: Style) -> String {
    let mut out = String::new();
    out.push_str(&style.paint(Ink::Bold, &document.title));
    out.push('\n');
    out.push_str(&document.subtitle);
    out.push('\n');
    for section in &document.sections {
        write_section(section, style, &mut out);
    }
    let (verdict, well) = &document.verdict;
    out.push('\n');
    out.push_str(&style.paint(if *well { Ink::Green } else { Ink::Red }, verdict));
    out.push('\n');
    out
}

fn write_section(section: &Section, style: Style, out: &mut String) {
    out.push('\n');
    out.push_str(&style.paint(Ink::Bold, section.heading));
    out.push('\n');
    if !section.note.is_empty() {
        out.push_str(&format!("  {}\n", style.paint(Ink::Dim, &section.note)));
    }
    write_table(&section.table, style, out);
    for line in &section.lines {
        out.push_str(&format!("  {line}\n"));
    }
}

fn write_table(table: &Table, style: Style, out: &mut String) {
    if table.rows.is_empty() {
        return;
    }
    let widths: Vec<usize> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, (heading, _))| {
            let cells = table.rows.iter().map(|row| width(&row[index]));
            cells.chain([width(heading)]).max().unwrap_or(0)
        })
        .collect();
    let heads: Vec<String> = table.columns.iter().map(|(head, _)| (*head).to_owned()).collect();
    let line = aligned(&heads, table, &widths);
    out.push_str(&style.paint(Ink::Dim, &line));
    out.push('\n');
    for row in &table.rows {
        let line = aligned(row, table, &widths);
        let failed = row.first().is_some_and(|cell| cell == "FAILED")
            || row.last().is_some_and(|cell| cell == "deviates");
        out.push_str(&if failed { style.paint(Ink::Red, &line) } else { line });
        out.push('\n');
    }
}

fn aligned(cells: &[String], table: &Table, widths: &[usize]) -> String {
    let mut line = String::new();
    for ((cell, (_, align)), wanted) in cells.iter().zip(&table.columns).zip(widths) {
        let padding = " ".repeat(wanted.saturating_sub(width(cell)));
        line.push_str("  ");
        match align {
            Align::Left => {
                line.push_str(cell);
                line.push_str(&padding);
            }
            Align::Right => {
                line.push_str(&padding);
                line.push_str(cell);
            }
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Columns that a text takes; the reports use characters of one column only.
fn width(text: &str) -> usize {
    text.chars().count()
}
