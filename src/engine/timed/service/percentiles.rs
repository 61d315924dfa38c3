//! A distribution given by some of its percentiles.

use crate::units::{Nanos, Share};

/// Straight lines between percentiles; constant below the first and above the last one.
#[derive(Clone, Debug)]
pub(super) struct Percentiles {
    /// Shares as parts of 2^64, with their times.
    points: Vec<(u64, u64)>,
}

// === impl Percentiles ===

impl Percentiles {
    pub(super) fn new(points: &[(Share, Nanos)]) -> Self {
        Self { points: points.iter().map(|(share, time)| (position(*share), time.0)).collect() }
    }

    /// Returns the quantile at `word` / 2^64.
    pub(super) fn at(&self, word: u64) -> Nanos {
        let next = self.points.partition_point(|(share, _)| *share <= word);
        let ends = (next.checked_sub(1).and_then(|i| self.points.get(i)), self.points.get(next));
        Nanos(match ends {
            (Some(&(low, from)), Some(&(high, to))) => {
                let along = u128::from(to.saturating_sub(from)) * u128::from(word - low);
                // Not more than `to - from`, so it fits.
                from + u64::try_from(along / u128::from(high - low)).unwrap_or_default()
            }
            (Some(&(_, time)), None) | (None, Some(&(_, time))) => time,
            (None, None) => 0,
        })
    }

    /// Mean in seconds and variance in square seconds.
    pub(super) fn moments(&self) -> (f64, f64) {
        let whole = 2.0_f64.powi(64);
        let mut cells: Vec<(f64, f64, f64)> = Vec::new();
        if let (Some(&(first, low)), Some(&(last, high))) =
            (self.points.first(), self.points.last())
        {
            cells.push((first as f64 / whole, low as f64, low as f64));
            cells.push((1.0 - last as f64 / whole, high as f64, high as f64));
        }
        cells.extend(self.points.windows(2).map(|ends| {
            ((ends[1].0 - ends[0].0) as f64 / whole, ends[0].1 as f64, ends[1].1 as f64)
        }));
        let seconds = |(share, from, to): &(f64, f64, f64)| (*share, from / 1e9, to / 1e9);
        let mean: f64 = cells.iter().map(seconds).map(|(w, a, b)| w * (a + b) / 2.0).sum();
        // The mean square around the mean of a uniform piece [a, b].
        let spread = |(w, a, b): (f64, f64, f64)| {
            let (a, b) = (a - mean, b - mean);
            w * (a * a + a * b + b * b) / 3.0
        };
        (mean, cells.iter().map(seconds).map(spread).sum())
    }
}

/// A share as a part of 2^64, at most 2^64 - 1.
fn position(share: Share) -> u64 {
    let (numerator, denominator) = (u128::from(share.numerator()), u128::from(share.denominator()));
    u64::try_from((numerator << 64) / denominator).unwrap_or(u64::MAX)
}
