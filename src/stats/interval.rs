//! Confidence intervals for shares and means.

use std::f64::consts::SQRT_2;

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc_inv;

use super::{StatsError, open_unit, total};

/// A closed interval; `low <= high`. Of shares: within [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit, in the unit of the estimate.
    pub low: f64,
    /// Upper limit, in the unit of the estimate.
    pub high: f64,
}

/// Mean of a sample with its Student t interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanInterval {
    /// Number of values, at least 1.
    pub sample_size: usize,
    /// Arithmetic mean, in the unit of the values.
    pub mean: f64,
    /// Sample standard deviation (divisor `sample_size - 1`), in the unit of the values; 0 for one
    /// value.
    pub standard_deviation: f64,
    /// Limits of the mean; (-inf, +inf) for one value, which says nothing about the spread.
    pub interval: Interval,
}

// === impl Interval ===

impl Interval {
    /// Whether `value` lies within the limits, the limits included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Wilson score interval of a share: `successes` out of `trials`, at `confidence` in (0, 1).
///
/// Keeps its coverage near shares of 0 and 1, where the textbook interval collapses. No trials
/// give [0, 1].
///
/// # Errors
/// More successes than trials, or a confidence outside (0, 1).
///
/// Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
pub fn wilson_interval(
    successes: u64,
    trials: u64,
    confidence: f64,
) -> Result<Interval, StatsError> {
    let tail = (1.0 - open_unit("confidence", confidence)?) / 2.0;
    if successes > trials {
        return Err(StatsError::TooManySuccesses { successes, trials });
    }
    Ok(score_interval(successes, trials, upper_normal_quantile(tail)))
}

/// Intervals for all cells of one multinomial that hold together: all of them cover their true
/// shares with probability about `confidence` in (0, 1). One interval per count, same order.
///
/// Goodman's chi-square(1) quantile at `(1 - confidence) / cells` is the square of the normal
/// quantile at half that tail, so each cell has the Wilson form. No observations give [0, 1].
///
/// # Errors
/// A confidence outside (0, 1), or counts that overflow.
///
/// Source: Goodman, Technometrics 7 (1965) 247-254.
pub fn goodman_intervals(counts: &[u64], confidence: f64) -> Result<Vec<Interval>, StatsError> {
    let alpha = 1.0 - open_unit("confidence", confidence)?;
    let trials = total(counts)?;
    let quantile = upper_normal_quantile(alpha / (2.0 * counts.len() as f64));
    Ok(counts.iter().map(|&count| score_interval(count, trials, quantile)).collect())
}

/// Mean of `sample` (any unit, finite) with its Student t interval at `confidence` in (0, 1).
///
/// # Errors
/// An empty sample, a value that is not finite, or a confidence outside (0, 1).
///
/// Source: Student, Biometrika 6 (1908) 1-25.
pub fn mean_interval(sample: &[f64], confidence: f64) -> Result<MeanInterval, StatsError> {
    let tail = (1.0 - open_unit("confidence", confidence)?) / 2.0;
    if let Some(&value) = sample.iter().find(|value| !value.is_finite()) {
        return Err(StatsError::OutOfRange { quantity: "sample value", value });
    }
    if sample.is_empty() {
        return Err(StatsError::EmptySample);
    }
    let sample_size = sample.len();
    let size = sample_size as f64;
    let mean = sample.iter().sum::<f64>() / size;
    let squares: f64 = sample.iter().map(|value| (value - mean).powi(2)).sum();
    // StudentsT refuses zero degrees of freedom, which is exactly the case of one value.
    let (standard_deviation, half) = match StudentsT::new(0.0, 1.0, size - 1.0) {
        Ok(student) => {
            let deviation = (squares / (size - 1.0)).sqrt();
            (deviation, -student.inverse_cdf(tail) * deviation / size.sqrt())
        }
        Err(_) => (0.0, f64::INFINITY),
    };
    let interval = Interval { low: mean - half, high: mean + half };
    Ok(MeanInterval { sample_size, mean, standard_deviation, interval })
}

/// The value a standard normal exceeds with probability `tail` in (0, 1).
///
/// Taken from the small tail itself: `1 - tail` would lose its digits.
pub(super) fn upper_normal_quantile(tail: f64) -> f64 {
    SQRT_2 * erfc_inv(2.0 * tail)
}

/// The shares a score test with critical value `quantile` does not reject.
fn score_interval(successes: u64, trials: u64, quantile: f64) -> Interval {
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (hits, misses) = (successes as f64, (trials - successes) as f64);
    let size = hits + misses;
    let square = quantile * quantile;
    let scale = size + square;
    let centre = (hits + square / 2.0) / scale;
    let half = quantile * (hits * (misses / size) + square / 4.0).sqrt() / scale;
    // Without misses the limit is exactly 1; the sum would leave a rounding error.
    Interval {
        low: (centre - half).max(0.0),
        high: if misses == 0.0 { 1.0 } else { (centre + half).min(1.0) },
    }
}

#[cfg(test)]
mod tests {
    use statrs::function::factorial::ln_binomial;

    use super::*;

    fn assert_limits(interval: Interval, low: f64, high: f64, within: f64) {
        assert!((interval.low - low).abs() <= within, "{interval:?} instead of {low}");
        assert!((interval.high - high).abs() <= within, "{interval:?} instead of {high}");
    }

    /// Newcombe, Stat. Med. 17 (1998) 857-872, Table I, method 3.
    #[test]
    fn wilson_agrees_with_newcombe() {
        for (successes, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = wilson_interval(successes, trials, 0.95).unwrap();
            assert_limits(interval, low, high, 5e-5);
        }
    }

    #[test]
    fn wilson_ends_are_exact_and_mirrored() {
        assert_limits(wilson_interval(0, 0, 0.95).unwrap(), 0.0, 1.0, 0.0);
        for trials in 1..=1000 {
            let confidence = 0.5 + trials as f64 / 2001.0;
            let none = wilson_interval(0, trials, confidence).unwrap();
            let all = wilson_interval(trials, trials, confidence).unwrap();
            assert_eq!((none.low.to_bits(), all.high.to_bits()), (0, 1.0_f64.to_bits()));
            assert!((none.high - (1.0 - all.low)).abs() < 1e-15);
            assert!(none.contains(0.0) && !none.contains(1.0));
        }
    }

    /// The coverage summed over the binomial itself: no simulation error.
    #[test]
    fn wilson_covers_a_tenth_of_a_thousand() {
        let (trials, share) = (1000, 0.1_f64);
        let coverage: f64 = (0..=trials)
            .filter(|&hits| wilson_interval(hits, trials, 0.95).unwrap().contains(share))
            .map(|hits| {
                let misses = (trials - hits) as f64;
                let ln_choices = ln_binomial(trials, hits);
                (ln_choices + hits as f64 * share.ln() + misses * (-share).ln_1p()).exp()
            })
            .sum();
        assert!((0.93..=0.97).contains(&coverage), "{coverage}");
    }

    /// Sison and Glaz, J. Am. Stat. Assoc. 90 (1995) 366-369, example 1, column Goodman.
    #[test]
    fn goodman_agrees_with_sison_and_glaz() {
        let expected = [
            (0.085, 0.166),
            (0.115, 0.204),
            (0.116, 0.207),
            (0.091, 0.173),
            (0.096, 0.181),
            (0.143, 0.239),
            (0.089, 0.171),
        ];
        let intervals = goodman_intervals(&[56, 72, 73, 59, 62, 87, 58], 0.95).unwrap();
        assert_eq!(intervals.len(), expected.len());
        for (interval, (low, high)) in intervals.into_iter().zip(expected) {
            assert_limits(interval, low, high, 5.1e-4);
        }
    }

    /// t(0.975, 9) = 2.262, t(0.975, 1) = 12.706: NIST/SEMATECH e-Handbook, table 1.3.6.7.2.
    #[test]
    fn mean_uses_student_t() {
        let sample: Vec<f64> = (1..=10).map(f64::from).collect();
        let ten = mean_interval(&sample, 0.95).unwrap();
        let half = 2.262_157 * (55.0_f64 / 6.0).sqrt() / 10.0_f64.sqrt();
        assert_limits(ten.interval, 5.5 - half, 5.5 + half, 1e-5);
        let two = mean_interval(&[0.0, 2.0], 0.95).unwrap();
        assert_limits(two.interval, 1.0 - 12.7062, 1.0 + 12.7062, 1e-4);
        let one = mean_interval(&[3.0], 0.95).unwrap();
        assert!(one.interval.low.is_infinite() && one.interval.contains(-1e300));
        assert_limits(mean_interval(&[4.0; 5], 0.95).unwrap().interval, 4.0, 4.0, 0.0);
    }

    #[test]
    fn refuses_what_has_no_answer() {
        assert!(wilson_interval(2, 1, 0.95).is_err());
        for confidence in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(wilson_interval(1, 2, confidence).is_err());
            assert!(goodman_intervals(&[1, 2], confidence).is_err());
            assert!(mean_interval(&[1.0, 2.0], confidence).is_err());
        }
        assert_eq!(goodman_intervals(&[u64::MAX, 1], 0.95), Err(StatsError::CountOverflow));
        assert_eq!(mean_interval(&[], 0.95), Err(StatsError::EmptySample));
        assert!(mean_interval(&[1.0, f64::NAN], 0.95).is_err());
    }
}
