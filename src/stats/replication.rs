//! How sure is a mean of a simulation: over independent runs, or over batches of one run.

mod batch;
mod warm_up;

pub use batch::BatchMeans;
pub use warm_up::{WarmUp, warm_up};

use super::{MeanInterval, StatsError, mean_interval};

/// The mean of a quantity over independent runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replications {
    /// Mean over the runs with its Student t interval, in the unit of the quantity.
    pub mean: MeanInterval,
    /// Half the width of the interval over the mean; infinite for one run, 0 if all runs agree.
    pub relative_half_width: f64,
}

/// The half width of an interval, relative to its mean, that reports call sufficient.
pub const PRECISE_ENOUGH: f64 = 0.05;

// === impl Replications ===

impl Replications {
    /// Averages one value per run (any unit, finite) at `confidence` in (0, 1).
    ///
    /// # Errors
    /// No values, a value that is not finite, or a confidence outside (0, 1).
    pub fn new(values: &[f64], confidence: f64) -> Result<Self, StatsError> {
        let mean = mean_interval(values, confidence)?;
        let half = (mean.interval.high - mean.interval.low) / 2.0;
        let relative_half_width = if half == 0.0 { 0.0 } else { half / mean.mean.abs() };
        Ok(Self { mean, relative_half_width })
    }

    /// Tells whether the relative half width is at most `target`; never so for one run, which says nothing
    /// about its own spread.
    #[must_use]
    pub fn is_precise(&self, target: f64) -> bool {
        self.relative_half_width <= target
    }

    /// Returns how many runs would make the relative half width at most `target`, by the spread seen so
    /// far; `None` if it cannot be told: one run, a mean of 0, or no positive target.
    ///
    /// The target is corrected for the mean being an estimate itself.
    ///
    /// Source: Law, Simulation Modeling and Analysis (5th ed.), section 9.4.1.
    #[must_use]
    pub fn runs_needed(&self, target: f64) -> Option<u64> {
        let corrected = target / (1.0 + target);
        let ratio = self.relative_half_width / corrected;
        if !ratio.is_finite() || target <= 0.0 {
            return None;
        }
        let runs = self.mean.sample_size as f64 * ratio * ratio;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and the number is not negative"
        )]
        let runs = runs.ceil() as u64;
        Some(runs.max(self.mean.sample_size as u64))
    }
}

#[cfg(test)]
mod tests;
