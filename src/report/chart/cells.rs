//! The numbers beside the bars.

use super::frame::{Key, Mark};
use super::palette::OBSERVED;
use super::share::{digits, percent};
use crate::report::document::grouped;
use crate::summary::{Count, Fixed, Summary};

/// Stands for a number that there is none of.
const NONE: &str = "–";

/// Returns the headings of the numbers of counts.
pub(super) fn columns(summary: &Summary) -> Vec<&'static str> {
    match summary.requests {
        Some(_) => vec!["observed", "95 % interval", "expected", "requests"],
        None => vec!["expected", "as a fraction"],
    }
}

/// Returns the numbers of a count.
pub(super) fn of(count: &Count) -> Vec<String> {
    let digits = digits(&[count.share, count.expected]);
    let expected = percent(count.expected, digits);
    let Some(requests) = count.requests else {
        return vec![expected, fraction(&count.expected_fraction)];
    };
    let interval = count.interval.map_or_else(
        || NONE.to_owned(),
        |[low, high]| {
            let low = percent(low, digits);
            format!("{} – {}", low.trim_end_matches(" %"), percent(high, digits))
        },
    );
    vec![percent(count.share, digits), interval, expected, grouped(requests)]
}

/// Returns the numbers of several rows summed up; `sum` is `None` where their shares have no sum.
pub(super) fn of_sum(requests: Option<u64>, sum: Option<(Fixed, Fixed)>) -> Vec<String> {
    let shown = sum.map(|(share, expected)| {
        let digits = digits(&[share, expected]);
        [percent(share, digits), percent(expected, digits)]
    });
    let [share, expected] = shown.unwrap_or_else(|| [NONE.to_owned(), NONE.to_owned()]);
    match requests {
        Some(requests) => vec![share, NONE.to_owned(), expected, grouped(requests)],
        None => vec![expected, NONE.to_owned()],
    }
}

/// Returns what the marks of single bars mean.
pub(super) fn legend(summary: &Summary, interval: &str) -> Vec<Key> {
    let key = |mark, text: String| Key { mark, text };
    match summary.requests {
        Some(_) => vec![
            key(Mark::Bar(OBSERVED), "observed share".to_owned()),
            key(Mark::Whisker, format!("95 % interval{interval}")),
            key(Mark::Expected, "expected share, exact".to_owned()),
        ],
        None => vec![key(Mark::Bar(OBSERVED), "expected share, exact".to_owned())],
    }
}

/// Fractions that nobody can read are left out.
fn fraction(text: &str) -> String {
    if text.len() <= 15 { text.to_owned() } else { NONE.to_owned() }
}
