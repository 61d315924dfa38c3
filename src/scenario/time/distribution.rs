//! Lengths of time that vary: how a scenario describes them.

use super::{Loading, csv};
use crate::config::app::{DistributionFile, MomentsFile};
use crate::config::decode::Located;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::units::{Nanos, Share};

/// A distribution of lengths of time; its numbers have been checked.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeDistribution {
    /// Always the same.
    Constant(Nanos),
    /// Exponential with this mean, not 0.
    Exponential(Nanos),
    /// Lognormal: the logarithm is normal with standard deviation `sigma`.
    LogNormal {
        /// Mean of the times themselves, not 0.
        mean: Nanos,
        /// Standard deviation of the logarithm, in (0, 3.1].
        sigma: f64,
    },
    /// Gamma.
    Gamma {
        /// Mean, not 0.
        mean: Nanos,
        /// Shape: 1 / cv², in [0.04, 10 000].
        shape: f64,
    },
    /// Linear between percentiles: shares in [0, 1], strictly rising, with times that never fall. Below the
    /// first and above the last share the time is constant.
    Percentiles(Vec<(Share, Nanos)>),
}

/// The longest mean of a random time: an hour.
const LONGEST: Nanos = Nanos(3_600_000_000_000);

/// The value that a standard normal exceeds with probability 1 %.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// Coefficients of variation that a gamma distribution may have.
const GAMMA_CV: (f64, f64) = (0.01, 5.0);

/// Coefficients of variation that a lognormal distribution may have.
const LOGNORMAL_CV: (f64, f64) = (0.001, 100.0);

// === impl TimeDistribution ===

impl TimeDistribution {
    /// Resolves a distribution; tables are looked for beside `folder`.
    pub(super) fn resolve(
        file: &DistributionFile,
        folder: &str,
        loading: &mut Loading<'_>,
    ) -> Option<Self> {
        let problems = &mut *loading.problems;
        match file {
            DistributionFile::Constant(time) => Some(Self::Constant(time.value)),
            DistributionFile::Exponential(mean) => {
                checked_mean(mean, problems).map(Self::Exponential)
            }
            DistributionFile::LogNormal(moments) => log_normal(moments, problems),
            DistributionFile::Gamma(moments) => gamma(moments, problems),
            DistributionFile::Percentiles(points) => {
                let written = points
                    .iter()
                    .map(|(name, time)| (name.value.as_str(), Some(time.value), name.place));
                percentiles(written, points.first().map(|(name, _)| name.place), problems)
            }
            DistributionFile::PercentileTable(name) => {
                let rows = csv::read(name, folder, loading);
                let written =
                    rows.iter().map(|row| (row.first.as_str(), row.second.parse().ok(), row.place));
                if rows.is_empty() {
                    return None;
                }
                percentiles(written, Some(name.place), loading.problems)
            }
        }
    }
}

impl Default for TimeDistribution {
    fn default() -> Self {
        Self::Constant(Nanos(0))
    }
}

fn checked_mean(mean: &Located<Nanos>, problems: &mut Diagnostics) -> Option<Nanos> {
    if mean.value > Nanos(0) && mean.value <= LONGEST {
        return Some(mean.value);
    }
    let message = format!("a mean of {} is not between 1ns and 1h", mean.value);
    problems.push(Diagnostic::error("out-of-range", mean.place, message));
    None
}

fn mean_of(moments: &MomentsFile, problems: &mut Diagnostics) -> Option<Nanos> {
    let Some(mean) = &moments.mean else {
        let message = "this distribution does not state its mean";
        problems.push(Diagnostic::error("missing-field", moments.place, message));
        return None;
    };
    checked_mean(mean, problems)
}

/// A coefficient of variation within limits.
fn checked_cv(
    cv: &Located<f64>,
    (low, high): (f64, f64),
    problems: &mut Diagnostics,
) -> Option<f64> {
    if (low..=high).contains(&cv.value) {
        return Some(cv.value);
    }
    let message =
        format!("a coefficient of variation of {} is not between {low} and {high}", cv.value);
    problems.push(Diagnostic::error("out-of-range", cv.place, message));
    None
}

fn log_normal(moments: &MomentsFile, problems: &mut Diagnostics) -> Option<TimeDistribution> {
    let mean = mean_of(moments, problems)?;
    let sigma = match (&moments.p99, &moments.cv) {
        (Some(p99), None) => sigma_of_p99(mean, p99, problems)?,
        (None, Some(cv)) => {
            let cv = checked_cv(cv, LOGNORMAL_CV, problems)?;
            (cv * cv).ln_1p().sqrt()
        }
        _ => {
            let message = "a lognormal distribution states either its p99 or its cv";
            let help =
                "write `lognormal: {mean: 5ms, p99: 40ms}` or `lognormal: {mean: 5ms, cv: 2}`";
            problems.push(Diagnostic::error("missing-field", moments.place, message).help(help));
            return None;
        }
    };
    Some(TimeDistribution::LogNormal { mean, sigma })
}

/// ln(p99 / mean) = z σ - σ² / 2: the smaller root, as the greater one has its mean beyond its p99.
fn sigma_of_p99(mean: Nanos, p99: &Located<Nanos>, problems: &mut Diagnostics) -> Option<f64> {
    let ratio = (p99.value.0 as f64 / mean.0 as f64).ln();
    let root = NORMAL_P99 * NORMAL_P99 - 2.0 * ratio;
    if ratio > 0.0 && root >= 0.0 {
        return Some(2.0 * ratio / (NORMAL_P99 + root.sqrt()));
    }
    let message =
        format!("no lognormal distribution has the mean {mean} and the p99 {}", p99.value);
    let help = "the p99 is longer than the mean, and at most 14.97 times as long";
    problems.push(Diagnostic::error("invalid-distribution", p99.place, message).help(help));
    None
}

fn gamma(moments: &MomentsFile, problems: &mut Diagnostics) -> Option<TimeDistribution> {
    let mean = mean_of(moments, problems)?;
    let Some(cv) = moments.cv.as_ref().filter(|_| moments.p99.is_none()) else {
        let message = "a gamma distribution states its mean and its cv";
        let help = "write `gamma: {mean: 5ms, cv: 0.5}`";
        problems.push(Diagnostic::error("missing-field", moments.place, message).help(help));
        return None;
    };
    let cv = checked_cv(cv, GAMMA_CV, problems)?;
    Some(TimeDistribution::Gamma { mean, shape: 1.0 / (cv * cv) })
}

fn percentiles<'w>(
    written: impl Iterator<Item = (&'w str, Option<Nanos>, Place)>,
    place: Option<Place>,
    problems: &mut Diagnostics,
) -> Option<TimeDistribution> {
    let mut points: Vec<(Share, Nanos)> = Vec::new();
    for (name, time, place) in written {
        let (Some(share), Some(time)) = (percentile(name), time) else {
            let message = format!("`{name}` is no percentile with a time");
            let help = "write p50 or 50, and a time such as 4ms";
            problems.push(Diagnostic::error("invalid-distribution", place, message).help(help));
            return None;
        };
        let rises = points
            .last()
            .is_none_or(|(last, before)| last.as_f64() < share.as_f64() && *before <= time);
        if !rises {
            let message = format!("{name} does not rise above the percentile before it");
            problems.push(Diagnostic::error("invalid-distribution", place, message));
            return None;
        }
        points.push((share, time));
    }
    if points.is_empty() {
        problems.push(Diagnostic::error("invalid-distribution", place, "there is no percentile"));
        return None;
    }
    Some(TimeDistribution::Percentiles(points))
}

/// Reads `p99.9`, `99.9` or `99.9%`.
fn percentile(text: &str) -> Option<Share> {
    let number = text.trim().trim_start_matches(['p', 'P']).trim_end_matches('%');
    format!("{number}%").parse().ok().filter(|share: &Share| share.is_probability())
}
