//! Batch means: one long run cut into batches that are nearly independent.

use crate::stats::{MeanInterval, StatsError, mean_interval};

/// Means of consecutive batches of equal size; batches grow so that there are always 32 to 64 of them.
///
/// The interval of their mean holds if batches are long against the memory of the process;
/// [`BatchMeans::autocorrelation`] tells.
#[derive(Clone, Debug)]
pub struct BatchMeans {
    /// Sums of complete batches.
    sums: Vec<u128>,
    /// Values per batch, a power of two.
    size: u64,
    /// The batch that is being filled.
    sum: u128,
    count: u64,
}

/// When there are so many batches, neighbours are joined.
const BATCHES: usize = 64;

// === impl BatchMeans ===

impl BatchMeans {
    /// Returns an empty list of batches.
    #[must_use]
    pub fn new() -> Self {
        Self { sums: Vec::with_capacity(BATCHES), size: 1, sum: 0, count: 0 }
    }

    /// Adds the next value, in any unit.
    pub fn add(&mut self, value: u64) {
        self.sum = self.sum.saturating_add(u128::from(value));
        self.count += 1;
        if self.count < self.size {
            return;
        }
        self.sums.push(self.sum);
        (self.sum, self.count) = (0, 0);
        if self.sums.len() == BATCHES {
            for batch in 0..BATCHES / 2 {
                self.sums[batch] = self.sums[2 * batch].saturating_add(self.sums[2 * batch + 1]);
            }
            self.sums.truncate(BATCHES / 2);
            self.size *= 2;
        }
    }

    /// Returns the means of complete batches.
    #[must_use]
    pub fn means(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| *sum as f64 / self.size as f64).collect()
    }

    /// Returns how many values a batch has.
    #[must_use]
    pub const fn batch_size(&self) -> u64 {
        self.size
    }

    /// Returns the mean of the batches with its Student t interval at `confidence` in (0, 1).
    ///
    /// # Errors
    /// No complete batch, or a confidence outside (0, 1).
    pub fn interval(&self, confidence: f64) -> Result<MeanInterval, StatsError> {
        mean_interval(&self.means(), confidence)
    }

    /// Returns the correlation of neighbouring batches, in [-1, 1]; 0 without spread. Well above 0 means that
    /// the run is too short for its interval.
    #[must_use]
    pub fn autocorrelation(&self) -> f64 {
        let means = self.means();
        let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
        let spread: f64 = means.iter().map(|value| (value - mean).powi(2)).sum();
        let joint: f64 = means.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
        if spread > 0.0 { joint / spread } else { 0.0 }
    }
}

impl Default for BatchMeans {
    fn default() -> Self {
        Self::new()
    }
}
