//! One hop of a class.

use crate::report::chart::palette::{Palette, natural};
use crate::report::chart::share::{WHOLE, billionths, digits, percent};
use crate::report::chart::spaced;
use crate::report::chart::table::{Bar, Row, Segment};
use crate::report::document::grouped;
use crate::summary::{ClassRow, Count, FallbackRow, Fixed, HopRow, Summary};

/// A hop of a class.
pub(super) struct Hop<'a> {
    summary: &'a Summary,
    class: &'a ClassRow,
    name: &'a str,
    rows: Vec<&'a HopRow>,
    fallbacks: Vec<&'a FallbackRow>,
}

/// The pods of one version at a hop.
struct Part<'a> {
    service: &'a str,
    version: &'a str,
    rows: Vec<&'a HopRow>,
}

/// Which of two numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Observed,
    Expected,
}

/// Returns the hops of a class in their order.
pub(super) fn of_class<'a>(summary: &'a Summary, class: &'a ClassRow) -> Vec<Hop<'a>> {
    let mut hops: Vec<Hop<'a>> = Vec::new();
    for row in summary.hops.iter().filter(|row| row.class == class.class) {
        if let Some(hop) = hops.iter_mut().find(|hop| hop.name == row.hop) {
            hop.rows.push(row);
            continue;
        }
        let here = |it: &&FallbackRow| it.class == class.class && it.hop == row.hop;
        let fallbacks = summary.fallbacks.iter().filter(here).collect();
        hops.push(Hop { summary, class, name: &row.hop, rows: vec![row], fallbacks });
    }
    hops
}

// === impl Hop ===

impl<'a> Hop<'a> {
    /// Arranges the row of the hop.
    pub(super) fn row(&self, palette: &Palette) -> Row {
        let parts = self.parts();
        let observed = self.segments(&parts, palette, Value::Observed);
        let served = self.share(&self.rows, Value::Observed);
        let mut cells = vec![percent(served, digits(&[served]))];
        if !self.summary.fallbacks.is_empty() {
            let sum = Fixed::new(observed.iter().map(|segment| segment.fallback.value()).sum());
            cells.push(percent(sum, digits(&[sum])));
        }
        cells.extend(requests(&self.rows).map(grouped));
        let counted = self.summary.requests.is_some();
        let expected = counted.then(|| self.segments(&parts, palette, Value::Expected));
        let bar = Bar::Stack(observed, expected);
        Row { label: self.label(&parts), detail: String::new(), bar, cells }
    }

    /// Returns the versions that served, in the order of their names.
    fn parts(&self) -> Vec<Part<'a>> {
        let mut parts: Vec<Part<'a>> = Vec::new();
        for row in &self.rows {
            let same = |it: &&mut Part<'a>| it.service == row.service && it.version == row.version;
            match parts.iter_mut().find(same) {
                Some(part) => part.rows.push(row),
                None => parts.push(Part {
                    service: &row.service,
                    version: &row.version,
                    rows: vec![row],
                }),
            }
        }
        parts.sort_by_key(|part| (natural(part.service), natural(part.version)));
        parts
    }

    /// Returns the one service behind an entry, which the name of that hop leaves open.
    fn entered<'p>(&self, parts: &'p [Part<'a>]) -> Option<&'p str> {
        let first = parts.first().filter(|_| self.name == "entry")?.service;
        parts.iter().all(|part| part.service == first).then_some(first)
    }

    fn label(&self, parts: &[Part<'a>]) -> String {
        match self.entered(parts) {
            Some(service) => format!("entry >\u{a0}{service}"),
            None => spaced(self.name),
        }
    }

    fn segments(&self, parts: &[Part<'a>], palette: &Palette, value: Value) -> Vec<Segment> {
        // A bar whose label ends with the service needs versions alone.
        let last = self.name.rsplit('>').next().unwrap_or(self.name);
        let known = self.entered(parts).unwrap_or(last);
        let segment = |part: &Part<'a>| Segment {
            name: part.name(known),
            share: self.share(&part.rows, value),
            fallback: self.fallback(part, value),
            colour: palette.colour(part.version),
        };
        parts.iter().map(segment).collect()
    }

    /// Calls per request of the class.
    fn share(&self, rows: &[&HopRow], value: Value) -> Fixed {
        match (value, requests(rows), self.class.count.requests) {
            (Value::Observed, Some(served), Some(all)) if all > 0 => {
                Fixed::new(served as f64 / all as f64)
            }
            _ => snapped(rows.iter().map(|row| billionths(value.of(&row.count))).sum(), rows.len()),
        }
    }

    /// The share of fallbacks in what the pods of a version served.
    fn fallback(&self, part: &Part<'a>, value: Value) -> Fixed {
        let number = |count: &Count| value.of(count).value();
        let mut sum = 0.0;
        for fallback in &self.fallbacks {
            let subset = fallback.to.split_once('/').map_or("", |(_, subset)| subset);
            let behind = |row: &&&HopRow| row.service == fallback.service && row.subset == subset;
            let all: f64 = self.rows.iter().filter(behind).map(|row| number(&row.count)).sum();
            let own: f64 = part.rows.iter().filter(behind).map(|row| number(&row.count)).sum();
            if all > 0.0 {
                sum += number(&fallback.count).min(all) * (own / all);
            }
        }
        Fixed::new(sum)
    }
}

// === impl Part ===

impl Part<'_> {
    /// Returns the version; with the service, if that is not the one that is known.
    fn name(&self, known: &str) -> String {
        match self.version {
            "" => self.service.to_owned(),
            version if self.service == known => version.to_owned(),
            version => format!("{}@{version}", self.service),
        }
    }
}

// === impl Value ===

impl Value {
    const fn of(self, count: &Count) -> Fixed {
        match self {
            Self::Observed => count.share,
            Self::Expected => count.expected,
        }
    }
}

/// Calls that pods served; `None` with the exact engine.
fn requests(rows: &[&HopRow]) -> Option<u64> {
    rows.iter().map(|row| row.count.requests).sum()
}

/// Sums of rounded shares may miss the whole by half a billionth for each.
fn snapped(sum: u64, terms: usize) -> Fixed {
    let near = sum.abs_diff(WHOLE) <= terms as u64;
    Fixed::new(if near { 1.0 } else { sum as f64 / WHOLE as f64 })
}
