//! A report as `JUnit` XML, for the test views of CI systems.
//!
//! No times and no host names: equal inputs give equal bytes.

use std::fmt::Write as _;

use super::render::failure_text;
use super::report::{Report, Suite, Test};
use crate::diagnostic::Sources;

/// Writes a report as `JUnit` XML.
#[must_use]
pub fn junit(report: &Report, sources: &Sources) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failed) = (report.tests(), report.failed());
    let _ = writeln!(
        out,
        "<testsuites name=\"lanecast check\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">"
    );
    for suite in &report.suites {
        write_suite(suite, sources, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

fn write_suite(suite: &Suite, sources: &Sources, out: &mut String) {
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">",
        escaped(&suite.file),
        suite.tests.len(),
        suite.failed()
    );
    for test in &suite.tests {
        write_test(suite, test, sources, out);
    }
    out.push_str("  </testsuite>\n");
}

fn write_test(suite: &Suite, test: &Test, sources: &Sources, out: &mut String) {
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
        escaped(&test.name),
        escaped(&suite.file),
        escaped(&suite.file),
        test.place.line
    );
    if test.passed() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for failure in &test.failures {
        let message = format!("expected {}, got {}", failure.expected, failure.got);
        let _ = writeln!(
            out,
            "      <failure type=\"check\" message=\"{}\">{}</failure>",
            escaped(&message),
            escaped(&failure_text(test, failure, sources))
        );
    }
    out.push_str("    </testcase>\n");
}

/// Replaces what has a meaning in XML; characters that XML cannot hold at all become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_gives_a_meaning_to_is_escaped() {
        for (text, expected) in [
            ("a & b < c > d \"e\"", "a &amp; b &lt; c &gt; d &quot;e&quot;"),
            ("one\ntwo\tthree\r", "one&#10;two&#9;three&#13;"),
            ("\u{0}\u{1b}\u{fffe}", "\u{fffd}\u{fffd}\u{fffd}"),
            ("ünï", "ünï"),
        ] {
            assert_eq!(escaped(text), expected, "{text:?}");
        }
    }
}
