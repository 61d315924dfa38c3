//! Tests, expectations, assumptions and the last line.

use super::Align::{Left, Right};
use super::{Section, Table, section, table};
use crate::summary::Summary;

pub(super) fn fit(summary: &Summary) -> Section {
    if summary.requests.is_none() {
        return section("Fit", "", (Table::default(), Vec::new()));
    }
    let columns = [
        ("counts of", Left),
        ("against", Left),
        ("chi-square", Right),
        ("df", Right),
        ("p", Right),
        ("p adjusted", Right),
        ("w", Right),
        ("detectable", Right),
        ("verdict", Left),
    ];
    let made = table(&columns, &summary.fit, |row| {
        let weights: Vec<String> =
            row.destinations.iter().filter_map(|cell| cell.weight).map(|w| w.to_string()).collect();
        let against = match row.kind {
            "traces" => "exact traces".to_owned(),
            "classes" => format!("shares {}", shortened(&weights)),
            _ => format!("weights {}", shortened(&weights)),
        };
        let number = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        vec![
            format!("{} {}", row.rule, row.route).trim_end().to_owned(),
            against,
            number(row.chi_square.map(|value| format!("{:.2}", value.value()))),
            number(row.p.map(|_| row.df.to_string())),
            number(row.p.map(|value| value.to_string())),
            number(row.p_adjusted.map(|value| value.to_string())),
            number(row.cramers_w.map(|value| format!("{:.4}", value.value()))),
            number(row.detectable_difference.map(|value| format!("{value:.3}"))),
            row.verdict.clone(),
        ]
    });
    section("Fit", "", made)
}

/// Weights as `60/20/20`, at most eight of them.
fn shortened(weights: &[String]) -> String {
    let shown = weights.iter().take(8).map(String::as_str).collect::<Vec<_>>().join("/");
    if weights.len() > 8 { format!("{shown}/…") } else { shown }
}

pub(super) fn expectations(summary: &Summary) -> Section {
    let columns = [
        ("", Left),
        ("expectation", Left),
        ("wanted", Right),
        ("found", Right),
        ("because", Left),
        ("line", Right),
    ];
    let made = table(&columns, &summary.expectations, |row| {
        vec![
            if row.met { "met" } else { "FAILED" }.to_owned(),
            row.expectation.clone(),
            row.target.clone(),
            row.observed.clone(),
            row.reason.clone(),
            row.line.to_string(),
        ]
    });
    section("Expectations", "", made)
}

pub(super) fn assumptions(summary: &Summary) -> Section {
    let lines = summary.assumptions.clone();
    Section { heading: "Assumptions", note: String::new(), table: Table::default(), lines }
}

pub(super) fn verdict(summary: &Summary) -> (String, bool) {
    let failed = summary.expectations.iter().filter(|row| !row.met).count();
    let all = summary.expectations.len();
    let expectations = match (summary.verdict.expectations, failed) {
        ("none", _) => "no expectations".to_owned(),
        (_, 0) => format!("all {all} expectations met"),
        _ => format!("{failed} of {all} expectations FAILED"),
    };
    let tests = summary.fit.iter().filter(|row| row.verdict != "untested").count();
    let fit = match summary.verdict.fit {
        "fits" if tests == 1 => "counts fit their weights (1 test)".to_owned(),
        "fits" => format!("counts fit their weights ({tests} tests)"),
        "deviates" => "counts DEVIATE from their weights".to_owned(),
        _ => "nothing to test counts against".to_owned(),
    };
    (format!("{expectations}; {fit}"), failed == 0 && summary.verdict.fit != "deviates")
}
