//! Statistics: do observed shares agree with given probabilities, how long do things take, and how sure is
//! that?
//!
//! Three questions, each with its own part:
//! how far may a measured share or mean be off ([`wilson_interval`], [`goodman_intervals`],
//! [`mean_interval`]); how surprising are these counts if the given probabilities hold
//! ([`goodness_of_fit`], [`holm_adjusted`] over many tests); and does a surprise matter
//! ([`Verdict`]). For runs in time: latencies ([`LatencyHistogram`], [`LatencyRecorder`]), counts and levels over time ([`Series`],
//! [`TimeAverage`]), independent runs and batches ([`Replications`], [`BatchMeans`], [`warm_up`]). Every result is a function of the arguments alone: nothing is sampled.

mod goodness;
mod histogram;
mod holm;
mod interval;
mod recorder;
mod replication;
mod series;
mod verdict;

pub use goodness::{GoodnessOfFit, TestMethod, goodness_of_fit};
pub use histogram::LatencyHistogram;
pub use holm::holm_adjusted;
pub use interval::{Interval, MeanInterval, goodman_intervals, mean_interval, wilson_interval};
pub use recorder::LatencyRecorder;
pub use replication::{BatchMeans, PRECISE_ENOUGH, Replications, WarmUp, warm_up};
pub use series::{LevelSeries, Series, TimeAverage};
pub use verdict::{Criteria, Verdict};

use std::error::Error;
use std::fmt;

/// Why arguments allow no result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StatsError {
    /// A number outside its range, or not finite.
    OutOfRange {
        /// What the number stands for, e.g. `confidence`.
        quantity: &'static str,
        /// The offending number.
        value: f64,
    },
    /// Counts and probabilities describe different numbers of cells.
    LengthMismatch {
        /// Cells with a count.
        observed: usize,
        /// Cells with a probability.
        probabilities: usize,
    },
    /// A mean of no values.
    EmptySample,
    /// More successes than trials.
    TooManySuccesses {
        /// Trials that succeeded.
        successes: u64,
        /// All trials.
        trials: u64,
    },
    /// The counts add up to more than `u64::MAX`.
    CountOverflow,
}

// === impl StatsError ===

impl fmt::Display for StatsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { quantity, value } => write!(f, "{quantity} out of range: {value}"),
            Self::LengthMismatch { observed, probabilities } => {
                write!(f, "{observed} counts for {probabilities} probabilities")
            }
            Self::EmptySample => write!(f, "no values to average"),
            Self::TooManySuccesses { successes, trials } => {
                write!(f, "{successes} successes in {trials} trials")
            }
            Self::CountOverflow => write!(f, "the counts add up to more than 2^64 - 1"),
        }
    }
}

impl Error for StatsError {}

// === shared checks ===

/// `value` if it lies strictly between 0 and 1, as levels and confidences must.
fn open_unit(quantity: &'static str, value: f64) -> Result<f64, StatsError> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(StatsError::OutOfRange { quantity, value })
    }
}

/// Sum of the counts.
fn total(counts: &[u64]) -> Result<u64, StatsError> {
    counts
        .iter()
        .try_fold(0_u64, |sum, &count| sum.checked_add(count))
        .ok_or(StatsError::CountOverflow)
}
