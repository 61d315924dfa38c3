//! From numbers to a word: does the deviation exist, and does it matter?

use std::fmt;

/// What counts as a deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criteria {
    /// Significance level in (0, 1): the accepted chance of a false alarm over the whole family.
    pub alpha: f64,
    /// Practical tolerance, an absolute share in [0, 1): smaller errors are of no consequence.
    pub tolerance: f64,
}

/// The outcome of one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing speaks against the probabilities, or nothing of consequence.
    Fits,
    /// The shares differ from the probabilities, beyond chance and beyond the tolerance.
    Deviates,
    /// There was nothing to test.
    Untested,
}

// === impl Verdict ===

impl Verdict {
    /// The verdict on one test: `adjusted_p` in [0, 1], or `None` if there was nothing to test;
    /// `largest_share_error` in [0, 1], the largest absolute difference of a share.
    ///
    /// `Deviates` needs both `adjusted_p < alpha` and `largest_share_error > tolerance`: with ten
    /// million requests a difference of 0.01 % is significant, but breaks nothing. The reverse
    /// holds too: a handful of requests differ widely by chance alone.
    ///
    /// Observations in a cell of probability 0 are judged alike; a caller that takes any of them
    /// for a fault asks `GoodnessOfFit::observed_impossible`. A NaN is no p value: `Untested`.
    #[must_use]
    pub fn decide(adjusted_p: Option<f64>, largest_share_error: f64, criteria: Criteria) -> Self {
        match adjusted_p {
            Some(p) if p < criteria.alpha && largest_share_error > criteria.tolerance => {
                Self::Deviates
            }
            Some(p) if !p.is_nan() => Self::Fits,
            _ => Self::Untested,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fits => "fits",
            Self::Deviates => "deviates",
            Self::Untested => "untested",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRITERIA: Criteria = Criteria { alpha: 0.01, tolerance: 0.005 };

    #[test]
    fn deviates_only_beyond_chance_and_tolerance() {
        for (p, error, expected) in [
            (0.0, 0.2, Verdict::Deviates),
            (0.0, 0.0001, Verdict::Fits),
            (0.3, 0.2, Verdict::Fits),
            (0.01, 0.2, Verdict::Fits),
            (0.0, 0.005, Verdict::Fits),
            (0.009_999, 0.005_001, Verdict::Deviates),
        ] {
            assert_eq!(Verdict::decide(Some(p), error, CRITERIA), expected, "{p} {error}");
        }
    }

    #[test]
    fn without_a_p_value_nothing_was_tested() {
        assert_eq!(Verdict::decide(None, 1.0, CRITERIA), Verdict::Untested);
        assert_eq!(Verdict::decide(Some(f64::NAN), 1.0, CRITERIA), Verdict::Untested);
        assert_eq!(format!("{:>9}", Verdict::Untested), " untested");
    }
}
