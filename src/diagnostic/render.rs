//! Diagnostics as text for people and for editors that jump to `file:line:col`.

use std::fmt::Write as _;

use super::{Diagnostic, Diagnostics, Place, Sources};

/// The longest part of a source line that is printed, in characters.
const LINE_WINDOW: usize = 160;

impl Diagnostics {
    /// Prints all problems in their present order; call [`Diagnostics::sort`] before.
    #[must_use]
    pub fn render(&self, sources: &Sources) -> String {
        let mut text = String::new();
        for item in self.items() {
            item.render(sources, &mut text);
        }
        text
    }
}

impl Diagnostic {
    /// Appends the problem to `text`: one machine-readable line, then the source line, the caret and
    /// the advice.
    pub fn render(&self, sources: &Sources, text: &mut String) {
        if let Some(place) = self.place {
            let _ = write!(text, "{}: ", sources.describe(place));
        }
        let _ =
            writeln!(text, "{}[{}] {}", self.severity.word(), self.code, one_line(&self.message));
        let snippet = self.place.and_then(|place| Snippet::new(sources, place));
        let gutter = snippet.as_ref().map_or(5, |snippet| snippet.number.len().max(5));
        if let Some(snippet) = snippet {
            let number = &snippet.number;
            let _ = writeln!(text, "{number:>gutter$} | {}", snippet.line);
            let indent = " ".repeat(snippet.indent);
            let carets = "^".repeat(snippet.carets);
            let _ = writeln!(text, "{:>gutter$} | {indent}{carets}", "");
        }
        for help in &self.help {
            for (index, line) in help.lines().enumerate() {
                let lead = if index == 0 { "= help:" } else { "       " };
                let _ = writeln!(text, "{:>gutter$} {lead} {}", "", visible(line));
            }
        }
    }
}

/// The part of a source line that is worth showing around a place.
struct Snippet {
    number: String,
    line: String,
    indent: usize,
    carets: usize,
}

impl Snippet {
    fn new(sources: &Sources, place: Place) -> Option<Self> {
        let index = (place.line as usize).checked_sub(1)?;
        let line = sources.get(place.source)?.line(index)?;
        let line = line.trim_start_matches('\u{feff}');
        let column = (place.column as usize).saturating_sub(1);
        // A scalar of a megabyte on one line is shown in a window around the place.
        let skip = if column >= LINE_WINDOW { column - LINE_WINDOW / 2 } else { 0 };
        let mut shown: String = line.chars().skip(skip).take(LINE_WINDOW).collect();
        let length = shown.chars().count();
        let indent = (column - skip).min(length);
        let carets = (place.length as usize).clamp(1, (length - indent).max(1));
        if skip > 0 {
            shown = format!("…{}", shown.chars().skip(1).collect::<String>());
        }
        if line.chars().nth(skip + LINE_WINDOW).is_some() {
            shown.push('…');
        }
        Some(Self {
            number: place.line.to_string(),
            line: visible(shown.trim_end()),
            indent,
            carets,
        })
    }
}

/// Keeps a message on one line.
fn one_line(message: &str) -> String {
    visible(&message.replace("\r\n", " ").replace(['\n', '\r'], " "))
}

/// Replaces control characters, so that input cannot steer the terminal; one character stays one.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() || is_bidirectional_control(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// The characters that reorder text on screen.
const fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, Diagnostics, Place, Sources};

    fn rendered(text: &str, line: u32, column: u32, length: u32) -> String {
        let mut sources = Sources::new();
        let source = sources.add("a.yaml", text);
        let place = Place { source, line, column, length };
        let mut all = Diagnostics::new();
        all.push(Diagnostic::error("bad", place, "the message").help("do this\nor that"));
        all.render(&sources)
    }

    #[test]
    fn a_problem_shows_place_line_caret_and_advice() {
        assert_eq!(
            rendered("one\n\tkey: välue # x\n", 2, 7, 5),
            "a.yaml:2:7: error[bad] the message\n\
            \x20   2 |  key: välue # x\n\
            \x20     |       ^^^^^\n\
            \x20     = help: do this\n\
            \x20             or that\n"
        );
    }

    #[test]
    fn places_outside_the_text_print_without_a_line() {
        assert_eq!(
            rendered("one\n", 9, 1, 1),
            "a.yaml:9:1: error[bad] the message\n      = help: do this\n              or that\n"
        );
    }

    #[test]
    fn a_place_behind_the_end_of_its_line_points_there() {
        assert!(rendered("ab\n", 1, 9, 4).contains("    1 | ab\n      |   ^\n"));
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}!{}", "x".repeat(5000), "y".repeat(5000));
        let shown = rendered(&text, 1, 5001, 1);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].chars().count() < 200);
        let caret = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[1].chars().nth(caret), Some('!'));
    }

    #[test]
    fn control_characters_cannot_steer_the_terminal() {
        assert!(!rendered("a: \u{1b}[31m\u{202e}red\n", 1, 4, 1).contains(['\u{1b}', '\u{202e}']));
    }
}
