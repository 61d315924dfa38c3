//! Findings as text for people.

use crate::control_plane::lint::{Finding, Proof};
use crate::diagnostic::{Severity, Sources};

/// Prints findings with their source lines and proofs, then how many there are.
#[must_use]
pub fn text(findings: &[Finding], sources: &Sources) -> String {
    let mut text = String::new();
    for finding in findings {
        let mut shown = String::new();
        finding.diagnostic().render(sources, &mut shown);
        // The word of Istio's third grade.
        let place = finding.place.map(|place| format!("{}: ", sources.describe(place)));
        let head = format!("{}note[", place.unwrap_or_default());
        match shown.strip_prefix(&head) {
            Some(rest) => text += &format!("{}info[{rest}", head.trim_end_matches("note[")),
            None => text += &shown,
        }
        let digits = finding.place.map_or(0, |place| place.line.to_string().len());
        let gutter = digits.max(5);
        for (index, line) in finding.proof.iter().flat_map(Proof::lines).enumerate() {
            let lead = if index == 0 { "= proof:" } else { "        " };
            text += &format!("{:>gutter$} {lead} {}\n", "", visible(&line));
        }
    }
    let count = |severity| findings.iter().filter(|f| f.severity() == severity).count();
    let plural = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let summary = format!(
        "{}, {}, {} info\n",
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning"),
        count(Severity::Note)
    );
    text += if findings.is_empty() { "nothing found\n" } else { &summary };
    text
}

/// Input cannot steer the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_plane::lint::catalog;
    use crate::diagnostic::Place;

    #[test]
    fn the_third_grade_is_called_info_as_in_istio() {
        let mut sources = Sources::new();
        let source = sources.add("note[x].yaml", "a: b\n");
        let place = Place::new(source, 1, 4);
        let finding = Finding::new(&catalog::PORT_NAME, "Service a/b", place, "what").help("do");
        assert_eq!(
            text(&[finding], &sources),
            "note[x].yaml:1:4: info[IST0118] what\n\
            \x20   1 | a: b\n\
            \x20     |    ^\n\
            \x20     = help: do\n\
            0 errors, 0 warnings, 1 info\n"
        );
        assert_eq!(text(&[], &sources), "nothing found\n");
    }
}
