//! What a person reads of a summary, as tables: the same content for a terminal and for Markdown.

mod judgement;
mod time;

use crate::summary::{Count, Fixed, LaneRow, Summary};

/// A report for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// First line.
    pub title: String,
    /// What was run.
    pub subtitle: String,
    /// Sections that have something to say.
    pub sections: Vec<Section>,
    /// The verdict, one line, and whether all is well.
    pub verdict: (String, bool),
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Heading.
    pub heading: &'static str,
    /// A line of explanation; may be empty.
    pub note: String,
    /// Its table; may have no rows.
    pub table: Table,
    /// Its sentences.
    pub lines: Vec<String>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Headings of the columns with their alignment.
    pub columns: Vec<(&'static str, Align)>,
    /// Cells by row.
    pub rows: Vec<Vec<String>>,
}

/// Alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

use Align::{Left, Right};

/// Rows beyond this are counted, not printed; the files have them all.
const MAX_ROWS: usize = 40;

/// Arranges a summary for people.
#[must_use]
pub fn document(summary: &Summary) -> Document {
    let sections = [
        lanes(summary),
        traces(summary),
        fallbacks(summary),
        strays(summary),
        errors(summary),
        mirrors(summary),
        delays(summary),
        retries(summary),
        hops(summary),
        judgement::fit(summary),
        judgement::expectations(summary),
        judgement::assumptions(summary),
    ];
    let has_content = |section: &Section| {
        !section.table.rows.is_empty() || !section.lines.is_empty() || !section.note.is_empty()
    };
    let mut sections: Vec<Section> = sections.into_iter().filter(has_content).collect();
    // What happened in time comes before the small print of hops and tests.
    let at = sections.iter().position(|section| section.heading == "Hops").unwrap_or(0);
    sections.splice(at..at, time::sections(summary).into_iter().filter(has_content));
    if summary.requests.is_none() {
        for section in &mut sections {
            section.table.drop_counts();
        }
    }
    Document {
        title: summary.title.clone(),
        subtitle: subtitle(summary),
        sections,
        verdict: judgement::verdict(summary),
    }
}

fn subtitle(summary: &Summary) -> String {
    let seed = summary.manifest.seed;
    let mut text = match summary.requests {
        Some(requests) => {
            let how = if summary.engine == "timed" { "simulated in time" } else { "replayed" };
            format!("{} requests {how}, seed {seed}", grouped(requests))
        }
        None => "exact probabilities, nothing sampled".to_owned(),
    };
    if !summary.manifest.changes.is_empty() {
        text = format!("{text}; changed: {}", summary.manifest.changes.join(", "));
    }
    text
}

/// Prints `1234567` as `1,234,567`.
#[must_use]
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The columns that every count has.
const COUNT: [(&str, Align); 4] =
    [("requests", Right), ("share", Right), ("95 % interval", Right), ("expected", Right)];

fn cells(count: &Count) -> [String; 4] {
    let interval = match count.interval {
        Some([low, high]) => format!("{} – {high}", bare(low)),
        None => "-".to_owned(),
    };
    [
        count.requests.map_or_else(|| "-".to_owned(), grouped),
        count.share.to_string(),
        interval,
        expected(count),
    ]
}

fn bare(value: Fixed) -> String {
    value.to_string().trim_end_matches(" %").to_owned()
}

/// The expectation in percent, as a fraction if that says more.
fn expected(count: &Count) -> String {
    let fraction = &count.expected_fraction;
    let says_more = fraction.len() <= 7 && (count.expected.value() * 1e4).fract().abs() > 1e-6;
    if says_more { fraction.clone() } else { count.expected.to_string() }
}

fn table<R>(
    columns: &[(&'static str, Align)],
    rows: &[R],
    cells: impl Fn(&R) -> Vec<String>,
) -> (Table, Vec<String>) {
    let table =
        Table { columns: columns.to_vec(), rows: rows.iter().take(MAX_ROWS).map(cells).collect() };
    let more = rows.len().saturating_sub(MAX_ROWS);
    let lines = (more > 0).then(|| format!("and {more} more rows, see the CSV files"));
    (table, lines.into_iter().collect())
}

impl Table {
    /// Where nothing was counted, the exact share says it all.
    fn drop_counts(&mut self) {
        for name in ["requests", "share", "95 % interval"] {
            let Some(index) = self.columns.iter().position(|(column, _)| *column == name) else {
                continue;
            };
            self.columns.remove(index);
            for row in &mut self.rows {
                row.remove(index);
            }
        }
        for column in &mut self.columns {
            if column.0 == "expected" {
                column.0 = "share";
            }
        }
    }
}

fn section(heading: &'static str, note: &str, (table, lines): (Table, Vec<String>)) -> Section {
    Section { heading, note: note.to_owned(), table, lines }
}

fn with_count(first: &[(&'static str, Align)]) -> Vec<(&'static str, Align)> {
    first.iter().chain(&COUNT).copied().collect()
}

fn named(lane: Option<&String>) -> String {
    lane.cloned().unwrap_or_else(|| "(no lane)".to_owned())
}

fn lanes(summary: &Summary) -> Section {
    let mut columns = with_count(&[("lane", Left)]);
    let statuses = ["inside", "fallback", "after fallback", "shared", "stray"];
    let used: Vec<&str> = statuses
        .into_iter()
        .filter(|status| {
            summary.lanes.iter().any(|row| row.isolation.iter().any(|it| it.status == *status))
        })
        .collect();
    columns.extend(used.iter().map(|status| (*status, Right)));
    let row = |row: &LaneRow| {
        let mut out = vec![named(row.lane.as_ref())];
        out.extend(cells(&row.count));
        out.extend(used.iter().map(|status| {
            let found = row.isolation.iter().find(|it| it.status == *status);
            found.map_or_else(|| "-".to_owned(), |it| format!("{:.1}", it.share))
        }));
        out
    };
    let note = if used.is_empty() {
        ""
    } else {
        "Who is in which lane, and what part of the lane's hops its own pods serve."
    };
    section("Lanes", note, table(&columns, &summary.lanes, row))
}

fn traces(summary: &Summary) -> Section {
    let columns = with_count(&[("class", Left), ("lane", Left), ("trace", Left)]);
    let mut columns = columns;
    columns.push(("by fallback", Left));
    let made = table(&columns, &summary.traces, |row| {
        let mut out =
            vec![row.class.clone(), named(row.lane.as_ref()), row.trace.replace('>', " > ")];
        out.extend(cells(&row.count));
        out.push(row.fallbacks.join(", "));
        out
    });
    section("Traces", "Which versions served a request, from hop to hop.", made)
}

fn fallbacks(summary: &Summary) -> Section {
    let columns =
        with_count(&[("class", Left), ("hop", Left), ("from", Left), ("to", Left), ("why", Left)]);
    let made = table(&columns, &summary.fallbacks, |row| {
        let mut out = vec![row.class.clone(), row.hop.clone(), row.from.clone(), row.to.clone()];
        out.push(row.reason.to_owned());
        out.extend(cells(&row.count));
        out
    });
    let note = if summary.fallbacks.is_empty() { "None." } else { "" };
    section("Fallbacks", note, made)
}

fn strays(summary: &Summary) -> Section {
    let columns =
        with_count(&[("class", Left), ("hop", Left), ("lane", Left), ("served by", Left)]);
    let made = table(&columns, &summary.strays, |row| {
        let mut out = vec![row.class.clone(), row.hop.clone(), row.lane.clone()];
        out.push(format!("{}@{}", row.service, row.version));
        out.extend(cells(&row.count));
        out
    });
    let note = if summary.strays.is_empty() {
        ""
    } else {
        "Hops that left their lane, and no fallback explains it."
    };
    section("Strays", note, made)
}

fn errors(summary: &Summary) -> Section {
    let columns = with_count(&[("class", Left), ("hop", Left), ("status", Right), ("flag", Left)]);
    let made = table(&columns, &summary.errors, |row| {
        let status = if row.status == 0 { "refused".to_owned() } else { row.status.to_string() };
        let mut out = vec![row.class.clone(), row.hop.clone(), status, row.flag.clone()];
        out.extend(cells(&row.count));
        out
    });
    let note = if summary.errors.is_empty() { "None." } else { "" };
    section("Errors", note, made)
}

fn mirrors(summary: &Summary) -> Section {
    let columns = with_count(&[("class", Left), ("hop", Left), ("copied to", Left)]);
    let made = table(&columns, &summary.mirrors, |row| {
        let dropped = if row.served { "" } else { " (dropped: no endpoint)" };
        let mut out = vec![row.class.clone(), row.hop.clone(), format!("{}{dropped}", row.cluster)];
        out.extend(cells(&row.count));
        out
    });
    section("Mirrors", "", made)
}

fn delays(summary: &Summary) -> Section {
    let columns = with_count(&[("class", Left), ("hop", Left)]);
    let made = table(&columns, &summary.delays, |row| {
        let mut out = vec![row.class.clone(), row.hop.clone()];
        out.extend(cells(&row.count));
        out
    });
    section("Delays by fault injection", "", made)
}

fn retries(summary: &Summary) -> Section {
    let columns = with_count(&[("class", Left), ("hop", Left)]);
    let made = table(&columns, &summary.retries, |row| {
        let mut out = vec![row.class.clone(), row.hop.clone()];
        out.extend(cells(&row.count));
        out
    });
    section("Retries by proxies", "", made)
}

fn hops(summary: &Summary) -> Section {
    let columns = with_count(&[
        ("class", Left),
        ("hop", Left),
        ("served by", Left),
        ("subset", Left),
        ("pod", Left),
    ]);
    let made = table(&columns, &summary.hops, |row| {
        let served = match row.version.as_str() {
            "" => row.service.clone(),
            version => format!("{}@{version}", row.service),
        };
        let subset = if row.subset.is_empty() { "-" } else { &row.subset };
        let mut out = vec![row.class.clone(), row.hop.clone(), served, subset.to_owned()];
        out.push(row.pod.clone());
        out.extend(cells(&row.count));
        out
    });
    section("Hops", "Calls per request of the class.", made)
}
