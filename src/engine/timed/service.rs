//! Lengths of time drawn at random: service times, think times, gaps between arrivals.
//!
//! A draw takes exactly one random number, whatever the distribution, so that slots stay where they are when
//! a scenario changes a distribution; equal numbers give comparable times (slow stays slow).
//!
//! # Model
//! The inverse of the distribution function, tabulated once and interpolated in integers: the
//! same on every machine. Percentiles are interpolated between the given points.

mod gamma;
mod percentiles;
mod table;

use std::sync::Arc;

use statrs::function::erf::erfc_inv;

use crate::scenario::time::TimeDistribution;
use crate::units::Nanos;

use percentiles::Percentiles;
use table::{QuantileTable, Tail};

/// A distribution of lengths of time, ready to draw from; cheap to clone.
#[derive(Clone, Debug)]
pub struct Distribution {
    form: Form,
    mean: f64,
    variance: f64,
}

#[derive(Clone, Debug)]
enum Form {
    Constant(Nanos),
    Table(Arc<QuantileTable>),
    Percentiles(Arc<Percentiles>),
}

// === impl Distribution ===

impl Distribution {
    /// Prepares a distribution.
    #[must_use]
    pub fn new(plan: &TimeDistribution) -> Self {
        match plan {
            TimeDistribution::Constant(time) => Self::constant(*time),
            TimeDistribution::Exponential(mean) => Self::exponential(*mean),
            TimeDistribution::LogNormal { mean, sigma } => Self::log_normal(*mean, *sigma),
            TimeDistribution::Gamma { mean, shape } => Self::gamma(*mean, *shape),
            TimeDistribution::Percentiles(points) => {
                let percentiles = Percentiles::new(points);
                let (mean, variance) = percentiles.moments();
                Self { form: Form::Percentiles(Arc::new(percentiles)), mean, variance }
            }
        }
    }

    /// Builds the distribution that always gives `time`.
    #[must_use]
    pub fn constant(time: Nanos) -> Self {
        Self { form: Form::Constant(time), mean: time.as_secs_f64(), variance: 0.0 }
    }

    /// Builds the exponential distribution with a mean.
    #[must_use]
    pub fn exponential(mean: Nanos) -> Self {
        let scale = mean.0 as f64;
        let quantile = |tail: Tail| match tail {
            Tail::Lower(share) => -scale * (-share).ln_1p(),
            Tail::Upper(share) => -scale * share.ln(),
        };
        Self::tabulated(mean, 1.0, quantile)
    }

    /// Builds the lognormal distribution with a mean, and `sigma` as the standard deviation of the logarithm.
    #[must_use]
    pub fn log_normal(mean: Nanos, sigma: f64) -> Self {
        // The mean of a lognormal is exp(mu + sigma² / 2).
        let median = mean.0 as f64 * (-sigma * sigma / 2.0).exp();
        let normal = |share: f64| std::f64::consts::SQRT_2 * erfc_inv(2.0 * share);
        let quantile = |tail: Tail| match tail {
            Tail::Lower(share) => median * (-sigma * normal(share)).exp(),
            Tail::Upper(share) => median * (sigma * normal(share)).exp(),
        };
        Self::tabulated(mean, (sigma * sigma).exp_m1(), quantile)
    }

    /// Builds the gamma distribution with a mean and a shape, the squared mean over the variance.
    #[must_use]
    pub fn gamma(mean: Nanos, shape: f64) -> Self {
        let scale = mean.0 as f64 / shape;
        let mut quantiles = gamma::Quantiles::new(shape);
        Self::tabulated(mean, 1.0 / shape, |tail| scale * quantiles.at(tail))
    }

    fn tabulated(mean: Nanos, squared_cv: f64, quantile: impl FnMut(Tail) -> f64) -> Self {
        let table = QuantileTable::new(mean.0 as f64, quantile);
        let mean = mean.as_secs_f64();
        Self { form: Form::Table(Arc::new(table)), mean, variance: squared_cv * mean * mean }
    }

    /// Draws a length of time with one random number, uniform over all of its values.
    ///
    /// Greater numbers give times that are not shorter.
    #[must_use]
    #[inline]
    pub fn sample(&self, word: u64) -> Nanos {
        match &self.form {
            Form::Constant(time) => *time,
            Form::Table(table) => table.at(word),
            Form::Percentiles(percentiles) => percentiles.at(word),
        }
    }

    /// Returns the mean of the distribution in seconds.
    #[must_use]
    pub const fn mean_seconds(&self) -> f64 {
        self.mean
    }

    /// Returns the variance of the distribution in square seconds.
    #[must_use]
    pub const fn variance(&self) -> f64 {
        self.variance
    }
}

#[cfg(test)]
mod tests;
