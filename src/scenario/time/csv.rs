//! Tables of two columns: times with rates, percentiles with times.

use csv::{ReaderBuilder, Trim};

use super::Loading;
use crate::config::decode::Located;
use crate::diagnostic::{Diagnostic, Place};
use crate::scenario::files::beside;

/// A row of two cells with the place of its line.
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) first: String,
    pub(super) second: String,
}

/// Reads a table; a first row without any digit is its heading. Problems are reported.
pub(super) fn read(name: &Located<String>, folder: &str, loading: &mut Loading<'_>) -> Vec<Row> {
    let path = beside(folder, &name.value);
    let (sources, problems) = (&mut *loading.sources, &mut *loading.problems);
    let Some(source) = loading.inputs.read(loading.files, &path, name.place, sources, problems)
    else {
        return Vec::new();
    };
    let text = sources.get(source).map(|source| source.text.clone()).unwrap_or_default();
    let mut reader = ReaderBuilder::new();
    reader.has_headers(false).flexible(true).trim(Trim::All).comment(Some(b'#'));
    let mut rows = Vec::new();
    for record in reader.from_reader(text.as_bytes()).records() {
        let Ok(record) = record else {
            let message = "this is no CSV table that can be read";
            problems.push(Diagnostic::error("invalid-table", Place::new(source, 1, 1), message));
            break;
        };
        let line = record.position().map_or(1, csv::Position::line);
        let place = Place::new(source, u32::try_from(line).unwrap_or(u32::MAX), 1);
        let is_heading = rows.is_empty()
            && !record.iter().any(|cell| cell.contains(|c: char| c.is_ascii_digit()));
        match (record.get(0), record.get(1), record.len()) {
            _ if is_heading => {}
            (Some(first), Some(second), 2) => {
                rows.push(Row { place, first: first.to_owned(), second: second.to_owned() });
            }
            _ => {
                let message = format!("a row has 2 cells, this one has {}", record.len());
                problems.push(Diagnostic::error("invalid-table", place, message));
            }
        }
    }
    if rows.is_empty() && !problems.has_errors() {
        let message = "there is no row in this table";
        problems.push(Diagnostic::error("invalid-table", Place::new(source, 1, 1), message));
    }
    rows
}
