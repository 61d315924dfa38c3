//! Latencies while a run goes on: nothing but a count per cell.
//!
//! Has the cells of a [`LatencyHistogram`] and turns into one when the run is over. Recording costs a tenth of
//! what the histogram of the library costs, which is told every time what it may have to resize; and what one
//! interval holds is read and forgotten by looking at the cells in use only.

use super::LatencyHistogram;
use super::histogram::rank;
use crate::units::Nanos;

/// Counts latencies in cells that are at most 0.1 % wide.
#[derive(Clone, Debug, Default)]
pub struct LatencyRecorder {
    counts: Vec<u64>,
    /// The first cell in use, and the one behind the last.
    first: usize,
    end: usize,
    count: u64,
    sum: u128,
}

/// Binary digits that a value keeps behind its first one: three decimal digits.
const DIGITS: u32 = 10;

// === impl LatencyRecorder ===

impl LatencyRecorder {
    /// Counts one latency.
    #[inline]
    pub fn record(&mut self, latency: Nanos) {
        let cell = cell(latency.0);
        if cell < self.first || cell >= self.end {
            self.extend(cell);
        }
        self.counts[cell] += 1;
        self.count += 1;
        self.sum += u128::from(latency.0);
    }

    #[cold]
    fn extend(&mut self, cell: usize) {
        self.first = if self.count == 0 { cell } else { self.first.min(cell) };
        self.end = self.end.max(cell + 1);
        if self.counts.len() < self.end {
            self.counts.resize(self.end, 0);
        }
    }

    /// Returns how many values were recorded.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Forgets all values but keeps the memory.
    pub fn clear(&mut self) {
        self.counts[self.first..self.end].fill(0);
        (self.first, self.end, self.count, self.sum) = (0, 0, 0, 0);
    }

    /// Returns quantiles, as [`LatencyHistogram::quantile`] does, for rising shares in [0, 1]; `None` without
    /// values.
    #[must_use]
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[Nanos; N]> {
        let mut cells = self.cells();
        let (mut limit, mut total) = (Nanos(0), 0);
        (self.count > 0).then(|| {
            shares.map(|share| {
                while total < rank(share, self.count)
                    && let Some((upper, count)) = cells.next()
                {
                    (limit, total) = (upper, total + count);
                }
                limit
            })
        })
    }

    /// Returns the values as a histogram.
    #[must_use]
    pub fn histogram(&self) -> LatencyHistogram {
        LatencyHistogram::of_cells(self.cells(), self.sum)
    }

    /// Upper limits and counts of the cells that hold something.
    fn cells(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        let used = (self.first..self.end).zip(&self.counts[self.first..self.end]);
        used.filter(|(_, count)| **count > 0).map(|(cell, count)| (upper(cell), *count))
    }
}

/// The cell of a value: all values below 2048 have their own, every power of two from there on has 1024.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a cell is below 54 * 1024")]
const fn cell(value: u64) -> usize {
    let shift = (value | ((2 << DIGITS) - 1)).ilog2() - DIGITS;
    ((shift as usize) << DIGITS) + (value >> shift) as usize
}

/// The greatest value of a cell.
const fn upper(cell: usize) -> Nanos {
    let shift = (cell >> DIGITS).saturating_sub(1);
    let first = (cell - (shift << DIGITS)) as u64;
    Nanos((first << shift) | ((1 << shift) - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values on all scales below 292 years: the last cell of the library ends a nanosecond early.
    fn value() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..64_u32).prop_map(|(value, shift)| value >> shift)
    }

    proptest! {
        #[test]
        fn a_recorder_is_a_histogram(values in prop::collection::vec(value(), 0..200)) {
            let mut recorder = LatencyRecorder::default();
            // What was there before leaves nothing behind.
            values.iter().rev().take(20).for_each(|value| recorder.record(Nanos(*value)));
            recorder.clear();
            let mut histogram = LatencyHistogram::new();
            for value in values {
                recorder.record(Nanos(value));
                histogram.record(Nanos(value));
            }
            prop_assert_eq!(recorder.count(), histogram.count());
            let shares = [0.0, 0.25, 0.5, 0.99, 1.0];
            let quantiles = shares.map(|share| histogram.quantile(share));
            prop_assert_eq!(recorder.quantiles(shares).map(|it| it.map(Some)).unwrap_or_default(), quantiles);
            let told = recorder.histogram();
            prop_assert_eq!(told.sum(), histogram.sum());
            prop_assert_eq!((told.min(), told.max()), (histogram.min(), histogram.max()));
            prop_assert!(told.cumulative().eq(histogram.cumulative()));
        }
    }
}
