//! Goodness of fit: how surprising are these counts if the given probabilities hold?
//!
//! Pearson's chi-square needs no rare cells, the exact test needs few outcomes; the mixed test
//! takes each where it is sound. The number of observations and the probabilities choose the
//! method, never the observed shares: a choice by the outcome would spoil the p value.

mod exact;
#[cfg(test)]
mod tests;

use std::fmt;

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::interval::upper_normal_quantile;
use super::{StatsError, open_unit, total};
use exact::{Cell, Tail, exact_p_value};

/// A cell that expects less than this is rare: Pearson's approximation is poor there (Cochran,
/// Biometrics 10 (1954) 417-451). The slack keeps 77 * (5 / 77) on its side of 5.
const RARE_BELOW: f64 = 5.0 - 1e-9;

/// How far the probabilities may sum from 1.
const SUM_TOLERANCE: f64 = 1e-9;

/// Power of [`GoodnessOfFit::smallest_detectable_difference`].
const POWER: f64 = 0.8;

/// How a p value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestMethod {
    /// Pearson's chi-square: every cell expects at least 5 observations.
    ChiSquare,
    /// The exact multinomial test: all outcomes enumerated, or all but a tail of probability
    /// 1e-12, which then counts as surprising.
    ExactMultinomial,
    /// The exact test on the rare cells against all others as one, and Pearson's chi-square among
    /// the others given their total; the two are independent, p = min(1, 2 min(p1, p2)). Where
    /// even the rare cells have too many outcomes, the two rarest cells are pooled until they have
    /// not; shifts between pooled cells then go unseen.
    Mixed,
    /// No test needed: no observations, or one cell has all the probability. p is 0 or 1.
    Degenerate,
}

/// Observed counts held against given probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoodnessOfFit {
    /// How [`Self::p_value`] was found.
    pub method: TestMethod,
    /// Number of observations, n.
    pub observations: u64,
    /// Number of cells, those of probability 0 included.
    pub cells: usize,
    /// Pearson's chi-square over the cells with p > 0, whatever the method (Pearson, Phil. Mag. 50
    /// (1900) 157-175). Infinite if a cell of probability 0 was observed.
    pub statistic: f64,
    /// Cells with p > 0, less one.
    pub degrees_of_freedom: usize,
    /// Probability of counts at least as surprising, in [0, 1]. 0 if a cell of probability 0 was
    /// observed, or below the smallest f64. An exact part that leaves a tail out (at most 1e-12)
    /// does not fall below it.
    pub p_value: f64,
    /// Cohen's w = sqrt(chi-square / n): 0.1 is small, 0.3 medium, 0.5 large (Cohen, Statistical
    /// Power Analysis, 1988, ch. 7). 0 without observations.
    pub effect_size: f64,
    /// Largest |observed share - probability| over all cells, in [0, 1]. 0 without observations.
    pub largest_share_error: f64,
    /// The smallest change of a share that n observations would reveal with power 0.8 at level
    /// alpha: (z(1 - alpha/2) + z(0.8)) sqrt(p(1-p)/n) for the cell of largest variance, the two-
    /// sided z test of one share. Above 1, or infinite: none. Where one of several cells has all
    /// the probability a single stray gives it away, so there it is 1 - (1 - 0.8)^(1/n).
    pub smallest_detectable_difference: f64,
}

// === impl TestMethod ===

impl fmt::Display for TestMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ChiSquare => "chi-square",
            Self::ExactMultinomial => "exact multinomial",
            Self::Mixed => "mixed",
            Self::Degenerate => "degenerate",
        })
    }
}

// === impl GoodnessOfFit ===

impl GoodnessOfFit {
    /// Whether any outcome could have spoken against the probabilities: there were observations,
    /// and more than one cell. If not, leave it out of [`super::holm_adjusted`].
    #[must_use]
    pub fn is_testable(&self) -> bool {
        self.observations > 0 && self.cells > 1
    }

    /// Whether a cell of probability 0 was observed: no matter of chance, even once.
    #[must_use]
    pub fn observed_impossible(&self) -> bool {
        self.statistic.is_infinite()
    }
}

/// Tests `observed` counts against `probabilities` (same cells, same order; each in [0, 1], sum 1
/// within 1e-9, the remainder is scaled away). `alpha` in (0, 1) enters only
/// [`GoodnessOfFit::smallest_detectable_difference`].
///
/// # Errors
/// Slices of different length, probabilities out of range or not summing to 1 (so also none at
/// all), alpha outside (0, 1), or counts that overflow.
pub fn goodness_of_fit(
    observed: &[u64],
    probabilities: &[f64],
    alpha: f64,
) -> Result<GoodnessOfFit, StatsError> {
    open_unit("alpha", alpha)?;
    let sum = checked_sum(observed, probabilities)?;
    let observations = total(observed)?;
    let size = observations as f64;
    let all = || observed.iter().zip(probabilities).map(|(&count, &p)| (count, p / sum));
    let impossible = all().any(|(count, p)| count > 0 && p == 0.0);
    let cells: Vec<Cell> = all()
        .filter(|&(_, p)| p > 0.0)
        .map(|(count, probability)| Cell { count, probability })
        .collect();

    let statistic = if impossible { f64::INFINITY } else { pearson(&cells) };
    let degrees_of_freedom = cells.len() - 1;
    let (method, p_value) = if observations == 0 || degrees_of_freedom == 0 {
        (TestMethod::Degenerate, if impossible { 0.0 } else { 1.0 })
    } else if impossible {
        // The observed outcome has probability 0, and so have all that are not more probable.
        (TestMethod::ExactMultinomial, 0.0)
    } else {
        p_value(cells, size)
    };
    let largest_variance = all().map(|(_, p)| p * (1.0 - p)).fold(0.0, f64::max);
    let (effect_size, largest_share_error) = if observations == 0 {
        (0.0, 0.0)
    } else {
        let errors = all().map(|(count, p)| (count as f64 / size - p).abs());
        ((statistic / size).sqrt(), errors.fold(0.0, f64::max))
    };
    let mut result = GoodnessOfFit {
        method,
        observations,
        cells: observed.len(),
        statistic,
        degrees_of_freedom,
        p_value,
        effect_size,
        largest_share_error,
        smallest_detectable_difference: f64::INFINITY,
    };
    if result.is_testable() {
        result.smallest_detectable_difference = if degrees_of_freedom == 0 {
            -((1.0 - POWER).ln() / size).exp_m1()
        } else {
            let quantiles = upper_normal_quantile(alpha / 2.0) + upper_normal_quantile(1.0 - POWER);
            quantiles * (largest_variance / size).sqrt()
        };
    }
    Ok(result)
}

/// Sum of the probabilities, after checking them.
fn checked_sum(observed: &[u64], probabilities: &[f64]) -> Result<f64, StatsError> {
    if observed.len() != probabilities.len() {
        return Err(StatsError::LengthMismatch {
            observed: observed.len(),
            probabilities: probabilities.len(),
        });
    }
    if let Some(&value) = probabilities.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(StatsError::OutOfRange { quantity: "probability", value });
    }
    let sum: f64 = probabilities.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(StatsError::OutOfRange { quantity: "sum of probabilities", value: sum });
    }
    Ok(sum)
}

/// p value of `cells`, at least two, of `size` > 0 observations.
fn p_value(mut cells: Vec<Cell>, size: f64) -> (TestMethod, f64) {
    if cells.iter().all(|cell| cell.probability * size >= RARE_BELOW) {
        return (TestMethod::ChiSquare, pearson_p_value(&cells));
    }
    // The most probable cell comes last and stays out of the enumeration: it is what the others
    // leave over.
    cells.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    let (others, rest) = cells.split_at(cells.len() - 1);
    match exact_p_value(others, rest, Tail::Kept) {
        Some(p) => (TestMethod::ExactMultinomial, p),
        None => mixed_p_value(cells, size),
    }
}

/// The mixed test, see [`TestMethod::Mixed`]. `cells` by increasing probability.
fn mixed_p_value(mut cells: Vec<Cell>, size: f64) -> (TestMethod, f64) {
    let mut pooled = false;
    loop {
        let rare = cells.partition_point(|cell| cell.probability * size < RARE_BELOW);
        let (rare, big) = cells.split_at(rare.min(cells.len() - 1));
        if rare.is_empty() {
            return (TestMethod::Mixed, pearson_p_value(big));
        }
        match exact_p_value(rare, big, Tail::Cut) {
            Some(p) if big.len() > 1 => {
                return (TestMethod::Mixed, (2.0 * p.min(pearson_p_value(big))).min(1.0));
            }
            Some(p) if pooled => return (TestMethod::Mixed, p),
            Some(p) => return (TestMethod::ExactMultinomial, p),
            None => pool_rarest(&mut cells),
        }
        pooled = true;
    }
}

/// Merges the two least probable of `cells`, keeping their order.
fn pool_rarest(cells: &mut Vec<Cell>) {
    let merged = cells.drain(..2).fold(Cell { count: 0, probability: 0.0 }, |sum, cell| Cell {
        count: sum.count + cell.count,
        probability: sum.probability + cell.probability,
    });
    let place = cells.partition_point(|cell| cell.probability < merged.probability);
    cells.insert(place, merged);
}

/// Pearson's chi-square of `cells` given their total; their probabilities need not sum to 1.
fn pearson(cells: &[Cell]) -> f64 {
    let total: f64 = cells.iter().map(|cell| cell.count as f64).sum();
    let mass: f64 = cells.iter().map(|cell| cell.probability).sum();
    if total == 0.0 {
        return 0.0;
    }
    cells
        .iter()
        .map(|cell| {
            let expected = total * cell.probability / mass;
            (cell.count as f64 - expected).powi(2) / expected
        })
        .sum()
}

/// p value of [`pearson`], accurate in the far tail: the survival function itself, not 1 - cdf.
fn pearson_p_value(cells: &[Cell]) -> f64 {
    // ChiSquared refuses zero degrees of freedom: one cell given its total cannot deviate.
    ChiSquared::new(cells.len() as f64 - 1.0)
        .map_or(1.0, |chi_squared| chi_squared.sf(pearson(cells)).clamp(0.0, 1.0))
}
