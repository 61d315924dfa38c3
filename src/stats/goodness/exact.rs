//! The exact multinomial test, by enumeration.
//!
//! p is the probability of all outcomes that are not more probable than the observed one (Read and
//! Cressie, Goodness-of-Fit Statistics for Discrete Multivariate Data, 1988). An
//! outcome is the counts of the enumerated cells; the rest cells take what is left, as one cell.

use statrs::function::factorial::{ln_binomial, ln_factorial};

/// Most outcomes that are enumerated: about a tenth of a second.
pub(super) const MAX_OUTCOMES: u64 = 2_000_000;

/// Probability of the tail that [`Tail::Cut`] leaves out.
const NEGLIGIBLE: f64 = 1e-12;

/// Outcomes whose log-probabilities differ by less are equally probable. By symmetry there are
/// exact ties, and rounding must not decide them; R's `binom.test` allows 1e-7 too.
const TIE: f64 = 1e-7;

/// A cell of a multinomial: `probability` > 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) count: u64,
    pub(super) probability: f64,
}

/// Whether large totals of the enumerated cells are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    Kept,
    Cut,
}

/// Distribution of the total of the enumerated cells, a binomial.
struct Totals {
    /// ln P(total = index), up to the largest total that is enumerated.
    ln_probability: Vec<f64>,
    /// Upper bound of the probability of all larger totals.
    remainder: f64,
}

/// An outcome on the way: the cells after `last` are still 0.
#[derive(Clone, Copy)]
struct Outcome {
    last: usize,
    last_count: u32,
    total: usize,
    /// ln of the product of `share^count / count!` over the cells.
    ln_weight: f64,
}

/// p value of the counts of `cells`, all cells of `rest` taken as one; `rest` is not empty, the
/// probabilities of both together sum to 1. `None` if there are more than [`MAX_OUTCOMES`].
///
/// With [`Tail::Cut`] the remainder, below 1e-12, counts as surprising: p is never too small.
pub(super) fn exact_p_value(cells: &[Cell], rest: &[Cell], tail: Tail) -> Option<f64> {
    let observed: u64 = cells.iter().map(|cell| cell.count).sum();
    let size = observed + rest.iter().map(|cell| cell.count).sum::<u64>();
    let largest = largest_total(cells.len() as u64, size);
    if tail == Tail::Kept && largest < size {
        return None;
    }
    let mass: f64 = cells.iter().map(|cell| cell.probability).sum();
    let totals = Totals::new(size, mass, tail, largest)?;
    // Given its total, the enumerated part is itself multinomial, with these shares.
    let ln_shares: Vec<f64> = cells.iter().map(|cell| (cell.probability / mass).ln()).collect();
    let ln_total = usize::try_from(observed)
        .ok()
        .and_then(|observed| totals.ln_probability.get(observed).copied())
        .unwrap_or_else(|| ln_binomial_probability(size, mass, observed));
    let ln_weight: f64 = cells
        .iter()
        .zip(&ln_shares)
        .map(|(cell, ln_share)| cell.count as f64 * ln_share - ln_factorial(cell.count))
        .sum();
    let ln_observed = ln_total + ln_factorial(observed) + ln_weight;
    Some(totals.probability_up_to(ln_observed + TIE, &ln_shares))
}

/// The largest total, up to `size`, for which `cells` counts have at most [`MAX_OUTCOMES`]
/// outcomes: choose(total + cells, cells) of them.
fn largest_total(cells: u64, size: u64) -> u64 {
    if cells == 1 {
        return size.min(MAX_OUTCOMES - 1);
    }
    let mut outcomes = 1_u64;
    for total in 1..=size {
        outcomes = outcomes.saturating_mul(total + cells) / total;
        if outcomes > MAX_OUTCOMES {
            return total - 1;
        }
    }
    size
}

/// ln of the binomial probability of `hits` in `size` trials.
fn ln_binomial_probability(size: u64, probability: f64, hits: u64) -> f64 {
    let misses = (size - hits) as f64;
    ln_binomial(size, hits) + hits as f64 * probability.ln() + misses * (-probability).ln_1p()
}

// === impl Totals ===

impl Totals {
    /// From total to total by the ratio of neighbours: `ln_gamma` of a large size would leave
    /// only its rounding error. `None` if totals beyond `largest` are needed.
    fn new(size: u64, probability: f64, tail: Tail, largest: u64) -> Option<Self> {
        let ln_odds = probability.ln() - (-probability).ln_1p();
        let mut current = size as f64 * (-probability).ln_1p();
        let mut ln_probability = vec![current];
        for total in 0..size {
            let ln_ratio = ((size - total) as f64 / (total + 1) as f64).ln() + ln_odds;
            // The ratio falls from total to total, so a geometric series bounds what follows.
            let remainder = current.exp() / (-ln_ratio).exp_m1();
            if tail == Tail::Cut && ln_ratio < 0.0 && remainder < NEGLIGIBLE {
                return Some(Self { ln_probability, remainder });
            }
            if total >= largest {
                return None;
            }
            current += ln_ratio;
            ln_probability.push(current);
        }
        Some(Self { ln_probability, remainder: 0.0 })
    }

    /// Probability of all outcomes with a log-probability of at most `threshold`, at most 1.
    fn probability_up_to(&self, threshold: f64, ln_shares: &[f64]) -> f64 {
        let largest = self.ln_probability.len() - 1;
        let ln_arranged: Vec<f64> = (0_u64..)
            .zip(&self.ln_probability)
            .map(|(total, ln_probability)| ln_probability + ln_factorial(total))
            .collect();
        let mut sum = self.remainder;
        // Each outcome is reached once: from the one with one observation less in its last
        // cell. A stack of its own, because the depth is the number of observations.
        let mut pending = vec![Outcome { last: 0, last_count: 0, total: 0, ln_weight: 0.0 }];
        while let Some(outcome) = pending.pop() {
            let Outcome { last, last_count, total, ln_weight } = outcome;
            let ln_probability = ln_arranged[total] + ln_weight;
            if ln_probability <= threshold {
                sum += ln_probability.exp();
            }
            if total == largest {
                continue;
            }
            for (cell, ln_share) in ln_shares.iter().enumerate().skip(last) {
                let count = if cell == last { last_count + 1 } else { 1 };
                pending.push(Outcome {
                    last: cell,
                    last_count: count,
                    total: total + 1,
                    ln_weight: ln_weight + ln_share - f64::from(count).ln(),
                });
            }
        }
        sum.min(1.0)
    }
}
