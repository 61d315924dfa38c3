//! The texts that were read and the places inside them.

/// The number of a text in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A place in a text: a line, a column and how many characters from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which text.
    pub source: SourceId,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters (not bytes), from 1.
    pub column: u32,
    /// Length in characters; 0 or 1 print one caret.
    pub length: u32,
}

/// A text that was read, with the name that messages call it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file name as the user gave it, or `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Where its lines start, in bytes.
    starts: Vec<usize>,
}

/// All texts of one load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    entries: Vec<Source>,
}

// === impl Place ===

impl Place {
    /// Builds a place of one character.
    #[must_use]
    pub const fn new(source: SourceId, line: u32, column: u32) -> Self {
        Self { source, line, column, length: 1 }
    }

    /// Returns the place `columns` characters further on the same line, with the given length.
    #[must_use]
    pub const fn shifted(self, columns: u32, length: u32) -> Self {
        Self { column: self.column.saturating_add(columns), length, ..self }
    }
}

// === impl Source ===

impl Source {
    fn new(name: String, text: String) -> Self {
        let ends =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Self { name, text, starts }
    }

    /// Returns a line by its number from 0, without its end; `None` behind the last one. Takes no time that
    /// grows with the text: a large file may have as many problems as lines.
    #[must_use]
    pub fn line(&self, index: usize) -> Option<&str> {
        let rest = self.text.get(*self.starts.get(index)?..)?;
        rest.lines().next()
    }
}

// === impl Sources ===

impl Sources {
    /// Returns an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and returns its number.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(Source::new(name.into(), text.into()));
        id
    }

    /// Returns a text; `None` for a number of another collection.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.entries.get(id.0 as usize)
    }

    /// Returns all texts in the order in which they were added.
    #[must_use]
    pub fn entries(&self) -> &[Source] {
        &self.entries
    }

    /// Prints a place as `file:line:col`.
    #[must_use]
    pub fn describe(&self, place: Place) -> String {
        let name = self.get(place.source).map_or("<unknown>", |source| source.name.as_str());
        format!("{name}:{}:{}", place.line, place.column)
    }
}

#[cfg(test)]
mod tests {
    use super::Sources;

    #[test]
    fn lines_are_found_by_number_without_their_ends() {
        let mut sources = Sources::new();
        let id = sources.add("t", "one\r\n\nthree");
        let source = sources.get(id).unwrap();
        let found: Vec<_> = (0..4).map(|index| source.line(index)).collect();
        assert_eq!(found, [Some("one"), Some(""), Some("three"), None]);
        let id = sources.add("u", "one\n");
        assert_eq!(sources.get(id).unwrap().line(1), None);
    }
}
