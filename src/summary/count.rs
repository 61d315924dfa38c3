//! Observed and expected counts under keys, and the rows they become.

use std::collections::BTreeMap;

use super::{Count, Fixed};
use crate::engine::flow::ClassId;
use crate::engine::probability::{Probability, of_ratio, to_f64, to_text, zero};
use crate::engine::replay::Tally;
use crate::stats;

/// The confidence of all intervals.
pub(super) const CONFIDENCE: f64 = 0.95;

/// Sums of slots under a key.
#[derive(Clone, Debug)]
pub(super) struct Sums<K> {
    /// Class, observed, expected per request of the class.
    map: BTreeMap<K, (u64, Probability)>,
}

/// Where counts come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) expected: &'a [Probability],
    pub(super) tally: Option<&'a Tally>,
    /// Exact share of each class.
    pub(super) classes: &'a [Probability],
}

impl<K: Ord> Sums<K> {
    pub(super) const fn new() -> Self {
        Self { map: BTreeMap::new() }
    }

    /// Adds a slot to a key; slots that can never count are left out.
    pub(super) fn add(&mut self, source: Source<'_>, key: K, slot: u32) {
        let slot = slot as usize;
        let expected = &source.expected[slot];
        let observed = source.tally.map_or(0, |tally| tally.slots[slot]);
        self.add_counts(key, observed, expected.clone());
    }

    pub(super) fn add_counts(&mut self, key: K, observed: u64, expected: Probability) {
        if observed == 0 && expected == zero() {
            return;
        }
        let entry = self.map.entry(key).or_insert_with(|| (0, zero()));
        entry.0 += observed;
        entry.1 += expected;
    }

    /// Subtracts a slot from a key that has it.
    pub(super) fn subtract(&mut self, source: Source<'_>, key: &K, slot: u32) {
        if let Some(entry) = self.map.get_mut(key) {
            entry.0 -= source.tally.map_or(0, |tally| tally.slots[slot as usize]);
            entry.1 -= &source.expected[slot as usize];
        }
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (K, (u64, Probability))> {
        self.map
            .into_iter()
            .filter(|(_, (observed, expected))| *observed > 0 || *expected != zero())
    }
}

impl Source<'_> {
    /// Requests of a class; `None` with the exact engine.
    pub(super) fn requests(self, class: ClassId) -> Option<u64> {
        self.tally.map(|tally| tally.classes[class])
    }

    /// All requests; `None` with the exact engine.
    pub(super) fn all_requests(self) -> Option<u64> {
        self.tally.map(|tally| tally.classes.iter().sum())
    }

    /// A row about the requests of a class.
    pub(super) fn count(self, class: ClassId, observed: u64, expected: &Probability) -> Count {
        count(self.requests(class), observed, expected)
    }
}

/// A row about `total` requests; without them the share is the expected one.
pub(super) fn count(total: Option<u64>, observed: u64, expected: &Probability) -> Count {
    let interval = total.and_then(|total| stats::wilson_interval(observed, total, CONFIDENCE).ok());
    Count {
        requests: total.map(|_| observed),
        share: Fixed::new(match total {
            Some(total) => of_ratio(observed, total),
            None => to_f64(expected),
        }),
        expected: Fixed::new(to_f64(expected)),
        expected_fraction: to_text(expected),
        interval: interval.map(|interval| [Fixed::new(interval.low), Fixed::new(interval.high)]),
    }
}

/// Replaces the intervals of rows by ones that hold together.
pub(super) fn simultaneous<'c>(counts: impl Iterator<Item = &'c mut Count>) {
    let mut counts: Vec<&mut Count> = counts.collect();
    let observed: Option<Vec<u64>> = counts.iter().map(|count| count.requests).collect();
    let Some(intervals) =
        observed.and_then(|observed| stats::goodman_intervals(&observed, CONFIDENCE).ok())
    else {
        return;
    };
    for (count, interval) in counts.iter_mut().zip(intervals) {
        count.interval = Some([Fixed::new(interval.low), Fixed::new(interval.high)]);
    }
}
