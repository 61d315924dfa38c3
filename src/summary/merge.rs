//! Summaries of the meshes that one run met, added up row by row.

use std::collections::BTreeMap;

use super::build::Assembled;
use super::count::{self, CONFIDENCE};
use super::{
    ClassRow, Count, ErrorRow, FallbackRow, Fixed, HopRow, IsolationRow, LaneClassRow, LaneRow,
    MirrorRow, SiteRow, StatusRow, StrayRow, Summary, TraceRow,
};
use crate::engine::probability::of_ratio;
use crate::scenario::Scenario;
use crate::stats;

/// A row that counts requests of a class.
trait Row: Clone {
    /// What makes it one row.
    fn key(&self) -> Vec<String>;
    fn class(&self) -> &str;
    fn count(&self) -> &Count;
    fn count_mut(&mut self) -> &mut Count;
}

macro_rules! row {
    ($row:ident: $($field:ident),+) => {
        impl Row for $row {
            fn key(&self) -> Vec<String> {
                vec![self.class.clone(), $(self.$field.to_string()),+]
            }
            fn class(&self) -> &str {
                &self.class
            }
            fn count(&self) -> &Count {
                &self.count
            }
            fn count_mut(&mut self) -> &mut Count {
                &mut self.count
            }
        }
    };
}

row!(HopRow: hop, service, subset, version, pod);
row!(FallbackRow: hop, service, from, to, reason);
row!(StrayRow: hop, lane, service, version);
row!(ErrorRow: hop, flag, status);
row!(MirrorRow: hop, cluster, served);
row!(SiteRow: hop);

impl Row for TraceRow {
    fn key(&self) -> Vec<String> {
        let lane = self.lane.clone().unwrap_or_default();
        vec![self.class.clone(), self.trace.clone(), lane, self.fallbacks.join(" ")]
    }
    fn class(&self) -> &str {
        &self.class
    }
    fn count(&self) -> &Count {
        &self.count
    }
    fn count_mut(&mut self) -> &mut Count {
        &mut self.count
    }
}

/// Requests per class, by part and in all.
struct Totals<'a> {
    parts: Vec<BTreeMap<&'a str, u64>>,
    all: BTreeMap<&'a str, u64>,
}

/// Observed, and expected times the requests it is about.
type Sum = (u64, f64);

impl Totals<'_> {
    fn part(&self, part: usize, class: &str) -> u64 {
        self.parts[part].get(class).copied().unwrap_or(0)
    }

    fn all(&self, class: &str) -> u64 {
        self.all.get(class).copied().unwrap_or(0)
    }
}

/// Adds up the summaries of the parts of a run; one part stays as it is.
pub(super) fn merge(scenario: &Scenario, first: Assembled, rest: Vec<Assembled>) -> Assembled {
    if rest.is_empty() {
        return first;
    }
    let mut parts: Vec<Assembled> = std::iter::once(first).chain(rest).collect();
    let names: Vec<&str> = scenario.classes.iter().map(|class| class.name.as_str()).collect();
    let by_class = |part: &Assembled| {
        names.iter().copied().zip(part.classes.iter().copied()).collect::<BTreeMap<_, _>>()
    };
    let mut totals = Totals { parts: parts.iter().map(by_class).collect(), all: BTreeMap::new() };
    for part in &totals.parts {
        for (class, requests) in part {
            *totals.all.entry(class).or_default() += requests;
        }
    }
    let classes = names.iter().map(|name| totals.all(name)).collect();
    let tests = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.tests)).collect();
    let summaries: Vec<Summary> = parts.into_iter().map(|part| part.summary).collect();
    let mut summary = summaries[0].clone();
    summary.requests = Some(totals.all.values().sum());
    summary.classes = class_rows(&summaries, &totals);
    summary.lanes = lane_rows(&summaries, &totals);
    summary.traces = rows(&summaries, &totals, |summary| &summary.traces);
    let order = |class: &str| names.iter().position(|name| *name == class);
    summary.traces.sort_by_key(|row| (order(&row.class), std::cmp::Reverse(row.count.requests)));
    summary.hops = rows(&summaries, &totals, |summary| &summary.hops);
    summary.fallbacks = rows(&summaries, &totals, |summary| &summary.fallbacks);
    summary.strays = rows(&summaries, &totals, |summary| &summary.strays);
    summary.errors = rows(&summaries, &totals, |summary| &summary.errors);
    summary.mirrors = rows(&summaries, &totals, |summary| &summary.mirrors);
    summary.delays = rows(&summaries, &totals, |summary| &summary.delays);
    summary.retries = rows(&summaries, &totals, |summary| &summary.retries);
    for other in &summaries[1..] {
        for text in &other.assumptions {
            if !summary.assumptions.contains(text) {
                summary.assumptions.push(text.clone());
            }
        }
    }
    Assembled { summary, classes, tests }
}

/// Rows in the order in which they appear first.
fn rows<R: Row>(summaries: &[Summary], totals: &Totals<'_>, of: fn(&Summary) -> &Vec<R>) -> Vec<R> {
    let mut index: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut merged: Vec<(R, Sum)> = Vec::new();
    for (part, summary) in summaries.iter().enumerate() {
        for row in of(summary) {
            let at = *index.entry(row.key()).or_insert_with(|| {
                merged.push((row.clone(), (0, 0.0)));
                merged.len() - 1
            });
            add(&mut merged[at].1, row.count(), totals.part(part, row.class()));
        }
    }
    let counted = merged.into_iter().filter(|(_, sum)| sum.0 > 0 || sum.1 > 0.0);
    let finished = counted.map(|(mut row, sum)| {
        *row.count_mut() = mixed(totals.all(row.class()), sum);
        row
    });
    finished.collect()
}

fn add(sum: &mut Sum, count: &Count, requests: u64) {
    sum.0 += count.requests.unwrap_or(0);
    sum.1 += count.expected.value() * requests as f64;
}

/// A count over several meshes; its expectation is no simple fraction any more.
fn mixed(total: u64, (observed, expected): Sum) -> Count {
    let expected = Fixed::new(expected / total.max(1) as f64);
    let interval = stats::wilson_interval(observed, total, CONFIDENCE).ok();
    Count {
        requests: Some(observed),
        share: Fixed::new(of_ratio(observed, total)),
        expected,
        expected_fraction: format!("{:.9}", expected.value()),
        interval: interval.map(|interval| [Fixed::new(interval.low), Fixed::new(interval.high)]),
    }
}

fn class_rows(summaries: &[Summary], totals: &Totals<'_>) -> Vec<ClassRow> {
    let everything: u64 = totals.all.values().sum();
    let rows = summaries[0].classes.iter().map(|class| {
        let mut statuses: BTreeMap<u16, Sum> = BTreeMap::new();
        for (part, summary) in summaries.iter().enumerate() {
            let found = summary.classes.iter().find(|row| row.class == class.class);
            for status in found.map_or(&[][..], |row| &row.statuses) {
                let sum = statuses.entry(status.status).or_default();
                add(sum, &status.count, totals.part(part, &class.class));
            }
        }
        let total = totals.all(&class.class);
        let statuses = statuses.into_iter();
        ClassRow {
            class: class.class.clone(),
            from: class.from.clone(),
            count: mixed(everything, (total, total as f64)),
            statuses: statuses
                .map(|(status, sum)| StatusRow { status, count: mixed(total, sum) })
                .collect(),
        }
    });
    rows.collect()
}

/// What is added up of a lane.
#[derive(Default)]
struct LaneSum {
    all: Sum,
    classes: BTreeMap<String, Sum>,
    isolation: BTreeMap<&'static str, u64>,
}

fn lane_rows(summaries: &[Summary], totals: &Totals<'_>) -> Vec<LaneRow> {
    let everything: u64 = totals.all.values().sum();
    let mut lanes: BTreeMap<(bool, Option<String>), LaneSum> = BTreeMap::new();
    for (part, summary) in summaries.iter().enumerate() {
        let requests = totals.parts[part].values().sum();
        for row in &summary.lanes {
            let sum = lanes.entry((row.lane.is_none(), row.lane.clone())).or_default();
            add(&mut sum.all, &row.count, requests);
            for class in &row.classes {
                let own = sum.classes.entry(class.class.clone()).or_default();
                add(own, &class.count, totals.part(part, &class.class));
            }
            for status in &row.isolation {
                *sum.isolation.entry(status.status).or_default() += status.hops.unwrap_or(0);
            }
        }
    }
    let counted = lanes.into_iter().filter(|(_, sum)| sum.all.0 > 0 || sum.all.1 > 0.0);
    let rows = counted.map(|((_, lane), sum)| {
        let hops: u64 = sum.isolation.values().sum();
        let isolation = sum.isolation.into_iter();
        let classes = sum.classes.into_iter();
        LaneRow {
            lane,
            count: mixed(everything, sum.all),
            classes: classes
                .map(|(class, sum)| {
                    let count = mixed(totals.all(&class), sum);
                    LaneClassRow { class, count }
                })
                .collect(),
            isolation: isolation
                .map(|(status, observed)| IsolationRow {
                    status,
                    hops: Some(observed),
                    share: Fixed::new(of_ratio(observed, hops)),
                })
                .collect(),
        }
    });
    let mut rows: Vec<LaneRow> = rows.collect();
    count::simultaneous(rows.iter_mut().map(|row| &mut row.count));
    rows
}
