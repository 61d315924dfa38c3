//! Latencies as a histogram: small, mergeable, every quantile to three digits.

use hdrhistogram::Histogram;
use statrs::function::beta::checked_beta_reg;

use super::{StatsError, open_unit};
use crate::units::Nanos;

/// Latencies counted in cells that are at most 0.1 % wide.
///
/// Count, sum and mean are exact; quantiles, least and greatest value are those of the cell. Histograms of
/// different runs merge without loss. Takes no memory until something is recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencyHistogram {
    cells: Option<Histogram<u64>>,
    sum: u128,
}

/// Decimal digits that a value keeps.
const DIGITS: u8 = 3;

// === impl LatencyHistogram ===

impl LatencyHistogram {
    /// Returns an empty histogram.
    #[must_use]
    pub const fn new() -> Self {
        Self { cells: None, sum: 0 }
    }

    /// Builds a histogram of counted values.
    pub(super) fn of_cells(counted: impl Iterator<Item = (Nanos, u64)>, sum: u128) -> Self {
        let mut cells: Option<Histogram<u64>> = None;
        for (value, count) in counted {
            if cells.is_none() {
                cells = Histogram::new(DIGITS).ok();
            }
            if let Some(cells) = &mut cells
                && cells.record_n(value.0, count).is_err()
            {
                cells.saturating_record_n(value.0, count);
            }
        }
        Self { cells, sum }
    }

    /// Counts one latency.
    pub fn record(&mut self, latency: Nanos) {
        if self.cells.is_none() {
            // Three digits are within what the crate offers.
            self.cells = Histogram::new(DIGITS).ok();
        }
        if let Some(cells) = &mut self.cells {
            if cells.record(latency.0).is_err() {
                cells.saturating_record(latency.0);
            }
            self.sum = self.sum.saturating_add(u128::from(latency.0));
        }
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        self.sum = self.sum.saturating_add(other.sum);
        match (&mut self.cells, &other.cells) {
            (Some(own), Some(more)) => {
                // Both grow as needed, so that the sum always fits.
                let _fits = own.add(more).is_ok();
            }
            (own @ None, more) => own.clone_from(more),
            (Some(_), None) => {}
        }
    }

    /// Forgets all values but keeps the memory.
    pub fn clear(&mut self) {
        self.sum = 0;
        if let Some(cells) = &mut self.cells {
            cells.reset();
        }
    }

    /// Returns how many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.cells.as_ref().map_or(0, Histogram::len)
    }

    /// Returns the sum of all values in nanoseconds.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// Returns the mean in seconds; `None` without values.
    #[must_use]
    pub fn mean_seconds(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum as f64 / count as f64 / 1e9)
    }

    /// Returns the least value, rounded down to its cell; `None` without values.
    #[must_use]
    pub fn min(&self) -> Option<Nanos> {
        self.filled().map(|cells| Nanos(cells.min()))
    }

    /// Returns the greatest value, rounded up to its cell; `None` without values.
    #[must_use]
    pub fn max(&self) -> Option<Nanos> {
        self.filled().map(|cells| Nanos(cells.max()))
    }

    /// Returns the least value that at least the share `quantile` in [0, 1] of all values does not exceed,
    /// rounded up to its cell; `None` without values.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<Nanos> {
        self.at_rank(rank(quantile, self.count()))
    }

    /// Returns limits that cover the true quantile with probability `confidence` or more, whatever the
    /// distribution; `None` if there are too few values for that.
    ///
    /// Holds for independent values. Latencies of one run are correlated: there it says how much the
    /// finite number of requests alone blurs the quantile.
    ///
    /// # Errors
    /// A confidence or quantile outside (0, 1).
    ///
    /// Source: David and Nagaraja, Order Statistics (2003), section 7.1.
    pub fn quantile_interval(
        &self,
        quantile: f64,
        confidence: f64,
    ) -> Result<Option<(Nanos, Nanos)>, StatsError> {
        let quantile = open_unit("quantile", quantile)?;
        let tail = (1.0 - open_unit("confidence", confidence)?) / 2.0;
        let count = self.count();
        // The true quantile lies between two order statistics as often as a binomial number of values lies
        // below it.
        let low = first_rank(count, |below| binomial_cdf(below, count, quantile) > tail);
        let high = first_rank(count, |below| binomial_cdf(below, count, quantile) >= 1.0 - tail);
        if low == 0 || high >= count {
            return Ok(None);
        }
        Ok(self.at_rank(low).zip(self.at_rank(high + 1)))
    }

    /// Returns the cells that hold values as (upper limit, values up to there), rising: the points of the
    /// distribution function.
    pub fn cumulative(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        let cells = self.cells.iter().flat_map(Histogram::iter_recorded);
        cells.scan(0, |total, cell| {
            *total += cell.count_since_last_iteration();
            Some((Nanos(cell.value_iterated_to()), *total))
        })
    }

    fn filled(&self) -> Option<&Histogram<u64>> {
        self.cells.as_ref().filter(|cells| !cells.is_empty())
    }

    /// The `rank`-th smallest value, from 1.
    fn at_rank(&self, rank: u64) -> Option<Nanos> {
        self.cumulative().find(|(_, total)| *total >= rank).map(|(value, _)| value)
    }
}

/// The rank of a quantile among `count` values, from 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a rank is a whole number between 1 and the count"
)]
pub(super) fn rank(quantile: f64, count: u64) -> u64 {
    let rank = (quantile.clamp(0.0, 1.0) * count as f64).ceil() as u64;
    rank.clamp(1, count.max(1))
}

/// The least number below `count` for which a condition that stays true holds; `count` if none.
fn first_rank(count: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The probability of at most `hits` hits in `trials`.
fn binomial_cdf(hits: u64, trials: u64, share: f64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    let misses = (trials - hits) as f64;
    checked_beta_reg(misses, hits as f64 + 1.0, 1.0 - share).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
