//! A document as GitHub Markdown, for merge requests.

use super::document::{Align, Document, Table};

/// Prints a document.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n", escaped(&document.title), escaped(&document.subtitle));
    let (verdict, well) = &document.verdict;
    let mark = if *well { "✅" } else { "❌" };
    out.push_str(&format!("\n{mark} {}\n", escaped(verdict)));
    for section in &document.sections {
        out.push_str(&format!("\n## {}\n", section.heading));
        if !section.note.is_empty() {
            out.push_str(&format!("\n{}\n", escaped(&section.note)));
        }
        write_table(&section.table, &mut out);
        if !section.lines.is_empty() {
            out.push('\n');
        }
        for line in &section.lines {
            out.push_str(&format!("- {}\n", escaped(line)));
        }
    }
    out
}

fn write_table(table: &Table, out: &mut String) {
    if table.rows.is_empty() {
        return;
    }
    let row = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        format!("| {} |\n", cells.join(" | "))
    };
    out.push('\n');
    out.push_str(&row(&mut table.columns.iter().map(|(heading, _)| (*heading).to_owned())));
    out.push_str(&row(&mut table.columns.iter().map(|(_, align)| match align {
        Align::Left => "---".to_owned(),
        Align::Right => "---:".to_owned(),
    })));
    for cells in &table.rows {
        out.push_str(&row(&mut cells.iter().map(|cell| escaped(cell))));
    }
}

/// Characters that Markdown would take for its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '*' | '_' | '`' | '<' | '[' | '#' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}
