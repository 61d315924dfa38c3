//! Quantities over simulated time: counts per interval, levels weighted by how long they last.
//!
//! All sums are integers, so that merged runs do not depend on the order of merging.

mod level;

pub use level::{LevelSeries, TimeAverage};

use crate::units::Nanos;

/// Counts per interval of time, from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    interval: Nanos,
    counts: Vec<u64>,
}

// === impl Series ===

impl Series {
    /// Returns a series without counts; an interval of 0 counts as a nanosecond.
    #[must_use]
    pub fn new(interval: Nanos) -> Self {
        Self { interval: interval.max(Nanos(1)), counts: Vec::new() }
    }

    /// Returns a series with room for a run of this length, so that counting does not allocate.
    #[must_use]
    pub fn with_length(interval: Nanos, length: Nanos) -> Self {
        let mut series = Self::new(interval);
        let intervals = length.0.div_ceil(series.interval.0);
        // An endless run gets its room as it goes.
        series.counts.reserve_exact(usize::try_from(intervals.min(1 << 20)).unwrap_or_default());
        series
    }

    /// Adds to the interval in which `at` lies; an interval contains its beginning, not its end.
    pub fn add(&mut self, at: Nanos, count: u64) {
        let index = usize::try_from(at.0 / self.interval.0).unwrap_or(usize::MAX);
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += count;
    }

    /// Returns the length of an interval.
    #[must_use]
    pub const fn interval(&self) -> Nanos {
        self.interval
    }

    /// Returns the counts; intervals without any behind the last count are missing.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Returns the count of an interval; 0 behind the last one.
    #[must_use]
    pub fn get(&self, index: usize) -> u64 {
        self.counts.get(index).copied().unwrap_or_default()
    }

    /// Returns the sum of the counts of the intervals that begin in `[from, to)`.
    #[must_use]
    pub fn sum_between(&self, from: Nanos, to: Nanos) -> u64 {
        let index =
            |at: Nanos| usize::try_from(at.0.div_ceil(self.interval.0)).unwrap_or(usize::MAX);
        let (first, last) = (index(from).min(self.counts.len()), index(to).min(self.counts.len()));
        self.counts.get(first..last).unwrap_or_default().iter().sum()
    }

    /// Adds the counts of another run of the same interval; `false`, and nothing is added, if the
    /// intervals differ.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.interval != other.interval {
            return false;
        }
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, more)| *own += more);
        true
    }
}

#[cfg(test)]
mod tests;
