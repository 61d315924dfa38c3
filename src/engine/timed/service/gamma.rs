//! Quantiles of the standard gamma distribution.
//!
//! # Model
//! Newton's method for the logarithm of the tail as a function of y = ln x. The density of ln X is
//! log-concave for every shape, so both tails are log-concave in y and the method converges from any start.

use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur, ln_gamma};

use super::table::Tail;

/// Quantiles of the gamma distribution with scale 1, fast when asked for neighbouring shares in a row.
pub(super) struct Quantiles {
    shape: f64,
    ln_gamma: f64,
    /// ln x of the last answer.
    last: f64,
}

/// Steps until Newton's method is given up; from a neighbour it takes about three.
const MAX_STEPS: usize = 200;

// === impl Quantiles ===

impl Quantiles {
    pub(super) fn new(shape: f64) -> Self {
        Self { shape, ln_gamma: ln_gamma(shape), last: shape.ln() }
    }

    /// Returns the value with the given share below or above it.
    pub(super) fn at(&mut self, tail: Tail) -> f64 {
        let (share, sign) = match tail {
            Tail::Lower(share) => (share, 1.0),
            Tail::Upper(share) => (share, -1.0),
        };
        // Far below, P(x) = x^a / (a Γ(a)) to first order; Newton would have to walk there.
        let low = (share.ln() + self.shape.ln() + self.ln_gamma) / self.shape;
        if sign > 0.0 && low < -36.0 {
            self.last = low;
            return low.exp();
        }
        let mut y = if self.last < -36.0 { -36.0 } else { self.last };
        for _ in 0..MAX_STEPS {
            let x = y.exp();
            let found = if sign > 0.0 {
                checked_gamma_lr(self.shape, x)
            } else {
                checked_gamma_ur(self.shape, x)
            };
            let found = found.unwrap_or(f64::NAN);
            let density = (self.shape * y - x - self.ln_gamma).exp();
            let step = (share.ln() - found.ln()) * found / density * sign;
            if !step.is_finite() {
                // The tail is 0 in floating point so far out: come back inwards.
                y += sign * 0.5;
                continue;
            }
            y += step.clamp(-4.0, 4.0);
            if step.abs() < 1e-13 * (1.0 + y.abs()) {
                break;
            }
        }
        self.last = y;
        y.exp()
    }
}
