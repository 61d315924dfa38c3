//! When the requests of a class arrive, one after the other, without looking at the simulation.
//!
//! # Model
//! Arrivals come where the integral of the rate passes whole numbers (constant process) or the sums of
//! independent exponential numbers with mean 1 (Poisson process): the integral is inverted exactly, nothing
//! is thinned. So arrival `i` uses the random number `i` of the stream of its class, whatever the rate does.
//! Users of a closed loop depend on answers and are not handled here.

use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

use super::service::Distribution;
use crate::engine::draws::Purpose;
use crate::scenario::time::{ArrivalPlan, Process, RatePiece};
use crate::units::{Nanos, Rate};

/// The arrivals of a class in time order; an iterator that ends when no further request will come.
#[derive(Clone, Debug)]
pub struct Arrivals {
    source: Source,
    last: Nanos,
}

#[derive(Clone, Debug)]
enum Source {
    Rate(Profile),
    Bursts { size: u32, every: Nanos, sent: u32, at: Nanos },
}

/// A rate profile with the place that has been reached.
#[derive(Clone, Debug)]
struct Profile {
    pieces: Vec<RatePiece>,
    /// The piece of the last arrival.
    piece: usize,
    /// The integral of the rate at the start of that piece, in [`UNIT`]ths of a request.
    before: u128,
    /// The integral of the rate at the last arrival.
    target: u128,
    gaps: Gaps,
}

#[derive(Clone, Debug)]
enum Gaps {
    Even,
    /// Exponential with mean [`UNIT`].
    Random(Distribution, Box<ChaCha8Rng>),
}

/// Parts of a request in which integrals of rates are counted.
const UNIT: u64 = 1 << 32;

/// Billionths per second times nanoseconds that make one request.
const PER_REQUEST: u128 = 1_000_000_000_000_000_000;

// === impl Arrivals ===

impl Arrivals {
    /// Starts the arrivals of a class; `None` if it is a closed loop.
    #[must_use]
    pub fn new(plan: &ArrivalPlan, class: &str, seed: u64) -> Option<Self> {
        let source = match plan {
            ArrivalPlan::Open(profile) => Source::Rate(Profile {
                pieces: profile.pieces.clone(),
                piece: 0,
                before: 0,
                target: 0,
                gaps: match profile.process {
                    Process::Constant => Gaps::Even,
                    Process::Poisson => {
                        let mut stream = ChaCha8Rng::seed_from_u64(seed);
                        stream.set_stream(Purpose::Arrival.stream(class));
                        Gaps::Random(Distribution::exponential(Nanos(UNIT)), Box::new(stream))
                    }
                },
            }),
            ArrivalPlan::Bursts { size, every } => {
                Source::Bursts { size: *size, every: *every, sent: 0, at: Nanos(0) }
            }
            ArrivalPlan::Users { .. } => return None,
        };
        Some(Self { source, last: Nanos(0) })
    }
}

impl Iterator for Arrivals {
    type Item = Nanos;

    fn next(&mut self) -> Option<Nanos> {
        let at = match &mut self.source {
            Source::Rate(profile) => profile.next()?,
            Source::Bursts { size, every, sent, at } => {
                if sent == size {
                    *at = Nanos(at.0.checked_add(every.0).filter(|_| every.0 > 0)?);
                    *sent = 0;
                }
                if *size == 0 {
                    return None;
                }
                *sent += 1;
                *at
            }
        };
        // Rounding to nanoseconds never goes back over the end of a piece.
        self.last = self.last.max(at);
        Some(self.last)
    }
}

// === impl Profile ===

impl Profile {
    fn next(&mut self) -> Option<Nanos> {
        let gap = match &mut self.gaps {
            Gaps::Even => UNIT,
            Gaps::Random(distribution, stream) => distribution.sample(stream.next_u64()).0,
        };
        self.target = self.target.checked_add(u128::from(gap))?;
        loop {
            let piece = self.pieces.get(self.piece)?;
            let need = self.target - self.before;
            let Some(next) = self.pieces.get(self.piece + 1) else {
                return after(piece.start, level_time(piece.from, need)?);
            };
            let length = Nanos(next.start.0.saturating_sub(piece.start.0));
            let mass = mass(piece, length);
            if need <= mass {
                let time = if piece.from == piece.to {
                    level_time(piece.from, need)?
                } else {
                    slope_time(piece, length, need)
                };
                return after(piece.start, time.min(length));
            }
            self.before += mass;
            self.piece += 1;
        }
    }
}

fn after(start: Nanos, time: Nanos) -> Option<Nanos> {
    start.0.checked_add(time.0).map(Nanos)
}

/// The integral of a piece of the given length, in [`UNIT`]ths of a request, rounded down.
fn mass(piece: &RatePiece, length: Nanos) -> u128 {
    let twice = u128::from(piece.from.0) + u128::from(piece.to.0);
    let product = twice.saturating_mul(u128::from(length.0));
    let (whole, rest) = (product / (2 * PER_REQUEST), product % (2 * PER_REQUEST));
    whole * u128::from(UNIT) + rest * u128::from(UNIT) / (2 * PER_REQUEST)
}

/// The time in which a constant rate makes `need`; `None` if it never does.
fn level_time(rate: Rate, need: u128) -> Option<Nanos> {
    let unit = u128::from(UNIT);
    let whole = (need / unit).checked_mul(PER_REQUEST)?;
    let parts = whole.checked_add(need % unit * PER_REQUEST / unit)?;
    u64::try_from(parts.checked_div(u128::from(rate.0))?).ok().map(Nanos)
}

/// The time in which a rate that runs in a straight line makes `need`, not more than its whole mass.
///
/// Root of `from t + slope t² / 2 = need` in the form without cancellation; IEEE fixes every step of it.
fn slope_time(piece: &RatePiece, length: Nanos, need: u128) -> Nanos {
    let (from, to) = (piece.from.as_f64(), piece.to.as_f64());
    let need = need as f64 / UNIT as f64;
    let slope = (to - from) / length.as_secs_f64();
    let root = (from * from + 2.0 * slope * need).max(0.0).sqrt();
    if from + root > 0.0 { Nanos::from_secs_f64(2.0 * need / (from + root)) } else { Nanos(0) }
}

#[cfg(test)]
mod tests;
