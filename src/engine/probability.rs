//! Probabilities and expectations as exact fractions.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};

use crate::data_plane::Fraction;
use crate::units::Share;

/// An exact fraction: a probability, or an expected number.
pub type Probability = BigRational;

/// Nothing.
#[must_use]
pub fn zero() -> Probability {
    Probability::zero()
}

/// Certainty.
#[must_use]
pub fn one() -> Probability {
    Probability::one()
}

/// Returns `numerator / denominator`; a denominator of 0 counts as 1.
#[must_use]
pub fn ratio(numerator: u64, denominator: u64) -> Probability {
    Probability::new(BigInt::from(numerator), BigInt::from(denominator.max(1)))
}

/// Returns a share as a fraction.
#[must_use]
pub fn of_share(share: Share) -> Probability {
    ratio(share.numerator(), share.denominator())
}

/// Returns the share of random numbers that draw a fraction; at most 1.
#[must_use]
pub fn of_fraction(fraction: Fraction) -> Probability {
    ratio(u64::from(fraction.numerator.min(fraction.denominator)), u64::from(fraction.denominator))
}

/// Returns `numerator / denominator` as a float; 0 if the denominator is 0.
#[must_use]
pub fn of_ratio(numerator: u64, denominator: u64) -> f64 {
    if denominator == 0 { 0.0 } else { numerator as f64 / denominator as f64 }
}

/// Returns the nearest float.
#[must_use]
pub fn to_f64(probability: &Probability) -> f64 {
    probability.to_f64().unwrap_or(f64::NAN)
}

/// Prints a fraction as `3/5`, a whole number without a denominator.
#[must_use]
pub fn to_text(probability: &Probability) -> String {
    probability.to_string()
}
