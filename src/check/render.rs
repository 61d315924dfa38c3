//! A report as text for a terminal, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::coverage::{Coverage, Item};
use super::report::{Failure, Report, Suite, Test};
use crate::diagnostic::{Diagnostic, Place, Sources};
use crate::report::{Ink, Style};
use crate::units::Share;

/// What of a report is printed.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// Only tests that failed.
    pub only_failures: bool,
    /// Also which rules and destinations were met.
    pub coverage: bool,
    /// The least share of them in percent.
    pub fail_under: Option<Share>,
}

/// Prints a report as text.
#[must_use]
pub fn text(report: &Report, sources: &Sources, selection: Selection, style: Style) -> String {
    let mut out = String::new();
    for suite in &report.suites {
        write_suite(suite, sources, selection, style, &mut out);
    }
    if selection.coverage || selection.fail_under.is_some() {
        write_coverage(&report.coverage, sources, selection, &mut out);
    }
    let (tests, failed) = (report.tests(), report.failed());
    let plural = if tests == 1 { "" } else { "s" };
    let line = format!("check: {tests} test{plural}, {failed} failed");
    out.push_str(&style.paint(if failed == 0 { Ink::Green } else { Ink::Red }, &line));
    out.push('\n');
    out
}

fn write_suite(
    suite: &Suite,
    sources: &Sources,
    selection: Selection,
    style: Style,
    out: &mut String,
) {
    if selection.only_failures && suite.failed() == 0 {
        return;
    }
    out.push_str(&style.paint(Ink::Bold, &suite.file));
    let _ = writeln!(out, " ({})", suite.format.name());
    if !selection.only_failures {
        for note in &suite.notes {
            let _ = writeln!(out, "  note    {}", visible(note));
        }
    }
    for test in &suite.tests {
        let name = visible(&test.name);
        if test.passed() {
            if !selection.only_failures {
                let _ = writeln!(out, "  {}      {name}", style.paint(Ink::Green, "ok"));
            }
            continue;
        }
        let _ = writeln!(out, "  {}  {name}", style.paint(Ink::Red, "FAILED"));
        for failure in &test.failures {
            let text = failure_text(test, failure, sources);
            out.push_str(&match style {
                Style::Plain => text,
                Style::Colour => {
                    text.replacen("failed[check]", &style.paint(Ink::Red, "failed[check]"), 1)
                }
            });
        }
    }
    out.push('\n');
}

/// Prints a failure as every problem is printed: place, source line, caret, then who decided and why.
pub(super) fn failure_text(test: &Test, failure: &Failure, sources: &Sources) -> String {
    let Failure { place, expected, got, why } = failure;
    let message = format!("{}: expected {expected}, got {got}", test.name);
    let mut text = String::new();
    let mut diagnostic = Diagnostic::error("check", *place, message);
    diagnostic.help.clone_from(why);
    diagnostic.render(sources, &mut text);
    // A failure is no error of the input; only the word and the leads of the lines differ.
    let place = format!("{}: ", sources.describe(failure.place));
    let rest = text.strip_prefix(&place).and_then(|rest| rest.strip_prefix("error"));
    let text = rest.map_or_else(|| text.clone(), |rest| format!("{place}failed{rest}"));
    text.replace("\n      = help: ", "\n      = ")
}

fn write_coverage(coverage: &Coverage, sources: &Sources, selection: Selection, out: &mut String) {
    let line = |name: &str, items: &[Item]| {
        let (met, all) = Coverage::counts(items);
        format!("  {name:<13} {met}/{all}\n")
    };
    let share = coverage.share();
    let _ = write!(out, "coverage {share}");
    if let Some(least) = selection.fail_under
        && is_under(share, least)
    {
        let _ = write!(out, ", less than {least}");
    }
    out.push('\n');
    out.push_str(&line("rules", &coverage.rules));
    out.push_str(&line("destinations", &coverage.destinations));
    for item in coverage.missed() {
        let place = sources.describe(item.place);
        let _ = writeln!(out, "  not met: {place}: {}", visible(&item.name));
    }
    out.push('\n');
}

/// Tells whether a share is below another, exactly.
#[must_use]
pub fn is_under(share: Share, least: Share) -> bool {
    let cross = |a: Share, b: Share| u128::from(a.numerator()) * u128::from(b.denominator());
    cross(share, least) < cross(least, share)
}

/// Control characters of names cannot steer the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Prints a report as JSON: all tests or only failed ones, and the coverage.
#[must_use]
pub fn json(report: &Report, sources: &Sources, selection: Selection) -> String {
    let suites = report.suites.iter().map(|suite| {
        let tests = suite.tests.iter().filter(|test| !selection.only_failures || !test.passed());
        json!({
            "file": suite.file,
            "format": suite.format.name(),
            "notes": suite.notes,
            "tests": tests.map(|test| of_test(test, sources)).collect::<Vec<_>>(),
        })
    });
    let items = |items: &[Item]| {
        let (met, all) = Coverage::counts(items);
        json!({"met": met, "all": all})
    };
    let missed = report.coverage.missed().map(|item| {
        let mut value = of_place(item.place, sources);
        value["name"] = item.name.clone().into();
        value
    });
    let share = report.coverage.share();
    let document = json!({
        "tests": report.tests(),
        "failed": report.failed(),
        "files": suites.collect::<Vec<_>>(),
        "coverage": {
            "rules": items(&report.coverage.rules),
            "destinations": items(&report.coverage.destinations),
            "share": format!("{}/{}", share.numerator(), share.denominator()),
            "missed": missed.collect::<Vec<_>>(),
        },
    });
    format!("{document:#}\n")
}

fn of_test(test: &Test, sources: &Sources) -> Value {
    let failures = test.failures.iter().map(|failure| {
        let mut value = of_place(failure.place, sources);
        value["expected"] = failure.expected.clone().into();
        value["got"] = failure.got.clone().into();
        value["why"] = failure.why.clone().into();
        value
    });
    let mut value = of_place(test.place, sources);
    value["name"] = test.name.clone().into();
    value["passed"] = test.passed().into();
    value["failures"] = failures.collect();
    value
}

fn of_place(place: Place, sources: &Sources) -> Value {
    let name = sources.get(place.source).map_or("", |source| source.name.as_str());
    json!({"file": name, "line": place.line, "column": place.column})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_compare_exactly() {
        let share = |text: &str| text.parse::<Share>().unwrap();
        for (a, b, under) in [
            ("80%", "80%", false),
            ("79.9999%", "80%", true),
            ("2/3", "66.6667%", true),
            ("2/3", "66.6666%", false),
            ("1", "100%", false),
        ] {
            assert_eq!(is_under(share(a), share(b)), under, "{a} {b}");
        }
    }
}
