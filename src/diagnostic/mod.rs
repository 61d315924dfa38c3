//! What a user sees when input is wrong: `file:line:col: error[code] message`, the source line, a
//! caret and what to do.
//!
//! Everything that reads input collects [`Diagnostic`]s instead of stopping at the first problem;
//! [`Diagnostics::render`] prints them sorted by place. A [`Place`] is small and `Copy`, so that
//! every value of a file that a later check may reject can carry one.

mod render;
mod source;

pub use source::{Place, Source, SourceId, Sources};

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input is refused: exit code 2.
    Error,
    /// The input is used, but probably not as its author meant.
    Warning,
    /// Something worth knowing.
    Note,
}

/// One problem of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// A stable kebab-case name of the kind of problem, for filters and documentation.
    pub code: &'static str,
    /// Where; `None` for problems of no particular place (a missing file).
    pub place: Option<Place>,
    /// One line in plain words, without a full stop.
    pub message: String,
    /// Further lines: what to do, or what the reader should know.
    pub help: Vec<String>,
}

/// The problems of one load, collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

// === impl Severity ===

impl Severity {
    /// Returns the word that is printed: `error`, `warning` or `note`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

// === impl Diagnostic ===

impl Diagnostic {
    /// Builds a problem of any severity; add advice with [`Diagnostic::help`].
    pub fn new(
        severity: Severity,
        code: &'static str,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity, code, place: place.into(), message: message.into(), help: Vec::new() }
    }

    /// Builds an error.
    pub fn error(
        code: &'static str,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Error, code, place, message)
    }

    /// Builds a warning.
    pub fn warning(
        code: &'static str,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, code, place, message)
    }

    /// Adds a line of advice.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

// === impl Diagnostics ===

impl Diagnostics {
    /// Returns an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Adds all problems of another collection.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    /// Returns the problems in the order of their discovery.
    #[must_use]
    pub fn items(&self) -> &[Diagnostic] {
        &self.items
    }

    /// Tells whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns how many problems of a severity were found.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.items.iter().filter(|item| item.severity == severity).count()
    }

    /// Tells whether at least one problem refuses the input.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Sorts by place (problems without a place first) and drops exact repetitions.
    pub fn sort(&mut self) {
        self.items.sort_by(|a, b| {
            (a.place, a.severity, a.code, &a.message)
                .cmp(&(b.place, b.severity, b.code, &b.message))
        });
        self.items.dedup();
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, items: I) {
        self.items.extend(items);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}
