//! The files that a load reads, with their hashes for the manifest.

use std::collections::BTreeMap;

use super::Input;
use super::files::Files;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, SourceId, Sources};

/// The files that were read so far.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pub(super) list: Vec<Input>,
    /// Texts by name: the meshes of a run in time share most of their files.
    texts: BTreeMap<String, SourceId>,
}

impl Inputs {
    /// Reads a text; a problem is reported at the place that names the file.
    pub(super) fn read(
        &mut self,
        files: &dyn Files,
        name: &str,
        place: impl Into<Option<Place>>,
        sources: &mut Sources,
        problems: &mut Diagnostics,
    ) -> Option<SourceId> {
        if let Some(text) = self.texts.get(name) {
            return Some(*text);
        }
        let label = if name == "-" { "<stdin>" } else { name };
        let bytes = match files.read(name) {
            Ok(bytes) => bytes,
            Err(reason) => {
                let message = format!("cannot read `{label}`: {reason}");
                problems.push(Diagnostic::error("missing-file", place, message));
                return None;
            }
        };
        let hash = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes));
        self.list.push(Input { name: label.to_owned(), hash });
        match String::from_utf8(bytes) {
            Ok(text) => {
                let source = sources.add(label, text);
                self.texts.insert(name.to_owned(), source);
                Some(source)
            }
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let head = &text[..valid.min(text.len())];
                let line = head.matches('\n').count() + 1;
                let column = head.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                let source = sources.add(label, text);
                let place = Place::new(source, number(line), number(column));
                let message = "this file is not UTF-8 text";
                problems.push(Diagnostic::error("not-text", place, message));
                None
            }
        }
    }

    /// Expands a pattern; a problem is reported at the place that names it.
    pub(super) fn expand(
        files: &dyn Files,
        pattern: &str,
        place: Place,
        problems: &mut Diagnostics,
    ) -> Vec<String> {
        let found = files.expand(pattern);
        if let Ok(names) = &found
            && names.is_empty()
        {
            let message = format!("no YAML file fits `{pattern}`");
            problems.push(Diagnostic::new(Severity::Error, "missing-file", place, message));
        }
        found.unwrap_or_else(|reason| {
            let message = format!("cannot read `{pattern}`: {reason}");
            problems.push(Diagnostic::error("missing-file", place, message));
            Vec::new()
        })
    }
}
