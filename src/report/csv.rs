//! The rows of a summary as CSV files.

mod time;

use crate::summary::{Count, Fixed, PValue, Summary};

/// The columns that every count has.
const COUNT: [&str; 6] =
    ["requests", "share", "expected", "expected_fraction", "interval_low", "interval_high"];

/// Returns all files by name.
#[must_use]
pub fn files(summary: &Summary) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = vec![
        ("lanes.csv", lanes(summary)),
        ("hops.csv", hops(summary)),
        ("traces.csv", traces(summary)),
        ("fallbacks.csv", fallbacks(summary)),
        ("fit.csv", fit(summary)),
    ];
    files.extend(time::files(summary));
    files
}

/// Prints a table; writing to memory cannot fail.
fn written(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let _ = writer.write_record(head);
    for row in rows {
        let _ = writer.write_record(&row);
    }
    writer.into_inner().unwrap_or_default()
}

fn head(first: &[&'static str]) -> Vec<&'static str> {
    first.iter().chain(&COUNT).copied().collect()
}

fn fixed(value: Fixed) -> String {
    format!("{:.9}", value.value())
}

fn p_value(value: Option<PValue>) -> String {
    value.map(|value| format!("{:.6e}", value.value())).unwrap_or_default()
}

fn cells(count: &Count) -> [String; 6] {
    let [low, high] = count.interval.map(|it| it.map(fixed)).unwrap_or_default();
    [
        count.requests.map(|requests| requests.to_string()).unwrap_or_default(),
        fixed(count.share),
        fixed(count.expected),
        count.expected_fraction.clone(),
        low,
        high,
    ]
}

fn row(first: &[&str], count: &Count) -> Vec<String> {
    first.iter().map(|cell| (*cell).to_owned()).chain(cells(count)).collect()
}

/// One row per lane and class, and one per lane over all classes, whose class is empty.
fn lanes(summary: &Summary) -> Vec<u8> {
    let rows = summary.lanes.iter().flat_map(|lane| {
        let name = lane.lane.as_deref().unwrap_or_default();
        let all = [row(&[name, ""], &lane.count)];
        let classes = lane.classes.iter().map(move |it| row(&[name, &it.class], &it.count));
        all.into_iter().chain(classes)
    });
    written(&head(&["lane", "class"]), rows)
}

fn hops(summary: &Summary) -> Vec<u8> {
    let rows = summary.hops.iter().map(|it| {
        row(&[&it.class, &it.hop, &it.service, &it.subset, &it.version, &it.pod], &it.count)
    });
    written(&head(&["class", "hop", "service", "subset", "version", "pod"]), rows)
}

fn traces(summary: &Summary) -> Vec<u8> {
    let rows = summary.traces.iter().map(|it| {
        let lane = it.lane.as_deref().unwrap_or_default();
        row(&[&it.class, &it.trace, lane, &it.fallbacks.join(" ")], &it.count)
    });
    written(&head(&["class", "trace", "lane", "fallbacks"]), rows)
}

fn fallbacks(summary: &Summary) -> Vec<u8> {
    let rows = summary
        .fallbacks
        .iter()
        .map(|it| row(&[&it.class, &it.hop, &it.service, &it.from, &it.to, it.reason], &it.count));
    written(&head(&["class", "hop", "service", "from", "to", "reason"]), rows)
}

/// One row per cell of each test.
fn fit(summary: &Summary) -> Vec<u8> {
    let names = [
        "kind",
        "rule",
        "route",
        "destination",
        "weight",
        "observed",
        "share",
        "expected",
        "interval_low",
        "interval_high",
        "chi_square",
        "df",
        "method",
        "p",
        "p_adjusted",
        "cramers_w",
        "detectable_difference",
        "verdict",
    ];
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let share = |value: Option<Fixed>| value.map(fixed).unwrap_or_default();
    let rows = summary.fit.iter().flat_map(|test| {
        test.destinations.iter().map(move |cell| {
            let [low, high] = cell.interval.map(|it| it.map(fixed)).unwrap_or_default();
            vec![
                test.kind.to_owned(),
                test.rule.clone(),
                test.route.clone(),
                cell.destination.clone(),
                number(cell.weight),
                number(cell.observed),
                share(cell.share),
                fixed(cell.expected),
                low,
                high,
                p_value(test.chi_square),
                test.df.to_string(),
                test.method.clone(),
                p_value(test.p),
                p_value(test.p_adjusted),
                share(test.cramers_w),
                share(test.detectable_difference),
                test.verdict.clone(),
            ]
        })
    });
    written(&names, rows)
}
