//! Short ways to report problems of an object.

use crate::config::decode::Located;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity};

/// Adds problems to a collection.
pub(super) trait Report {
    /// Reports what refuses the object.
    fn refuse(&mut self, code: &'static str, place: Place, message: impl Into<String>);

    /// Reports what refuses the object, and what to do.
    fn refuse_with(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    );

    /// Reports what is accepted with a warning.
    fn warn(&mut self, code: &'static str, place: Place, message: impl Into<String>);

    /// Reports what is accepted with a warning, and what to do.
    fn warn_with(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    );
}

impl Report for Diagnostics {
    fn refuse(&mut self, code: &'static str, place: Place, message: impl Into<String>) {
        self.push(Diagnostic::error(code, place, message));
    }

    fn refuse_with(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, place, message).help(help));
    }

    fn warn(&mut self, code: &'static str, place: Place, message: impl Into<String>) {
        self.push(Diagnostic::warning(code, place, message));
    }

    fn warn_with(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::warning(code, place, message).help(help));
    }
}

/// Runs a check whose warnings istiod loses on the way: below subsets and port-level settings it hands on
/// errors only.
pub(super) fn errors_only(problems: &mut Diagnostics, check: impl FnOnce(&mut Diagnostics)) {
    let mut found = Diagnostics::new();
    check(&mut found);
    problems.extend(found.into_iter().filter(|problem| problem.severity == Severity::Error));
}

/// Takes a field that must be there; reports where it is missing.
pub(super) fn required<'v, T>(
    value: Option<&'v T>,
    name: &str,
    place: Place,
    problems: &mut Diagnostics,
) -> Option<&'v T> {
    if value.is_none() {
        problems.refuse("missing-field", place, format!("`{name}` is required here"));
    }
    value
}

/// Reports fields of which at most one may stand, as the schema counts them: empty values are there too.
pub(super) fn exclusive(fields: &[(&str, Option<Place>)], problems: &mut Diagnostics) {
    let mut present = fields.iter().filter_map(|(name, place)| Some((*name, (*place)?)));
    let Some((first, _)) = present.next() else { return };
    for (name, place) in present {
        let message = format!("`{name}` cannot stand beside `{first}`");
        problems.refuse("exclusive-fields", place, message);
    }
}

/// Returns a text that counts for istiod: to it an empty text and an absent one are the same.
pub(super) fn filled(text: Option<&Located<String>>) -> Option<&Located<String>> {
    text.filter(|text| !text.value.is_empty())
}

/// Returns where a field stands.
pub(super) fn place_of<T>(value: Option<&Located<T>>) -> Option<Place> {
    value.map(|value| value.place)
}

/// Reports a text with more characters than the schema allows.
pub(super) fn at_most(text: &Located<String>, most: usize, problems: &mut Diagnostics) {
    let length = text.value.chars().count();
    if length > most {
        let message = format!("this text has {length} characters, at most {most} are allowed");
        problems.refuse("too-long", text.place, message);
    }
}

/// Reports a list or map with more entries than the schema allows.
pub(super) fn at_most_entries(
    length: usize,
    most: usize,
    place: Place,
    problems: &mut Diagnostics,
) {
    if length > most {
        let message = format!("there are {length} entries, at most {most} are allowed");
        problems.refuse("too-many", place, message);
    }
}
