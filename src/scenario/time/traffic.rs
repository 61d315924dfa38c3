//! When requests arrive: rates over time, bursts, users.

use super::TimeDistribution;
use crate::units::{Nanos, Rate};

/// When the requests of a class arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrivalPlan {
    /// Open loop: whatever happens to earlier requests.
    Open(RateProfile),
    /// Many at once, first at the start of the run.
    Bursts {
        /// Requests per burst.
        size: u32,
        /// Time between the beginnings of two bursts, not 0.
        every: Nanos,
    },
    /// Closed loop: each user thinks, sends one request, waits for its answer.
    Users {
        /// How many.
        users: u32,
        /// Time between an answer and the next request.
        think: TimeDistribution,
    },
}

/// How the arrivals of an open loop follow its rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Process {
    /// Independent arrivals: exponential gaps at a constant rate.
    #[default]
    Poisson,
    /// Even gaps at a constant rate.
    Constant,
}

/// A rate over time: pieces one after the other, the last one for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateProfile {
    /// How arrivals follow the rate.
    pub process: Process,
    /// Sorted by start; the first one starts at 0.
    pub pieces: Vec<RatePiece>,
}

/// A piece of a rate profile: the rate runs in a straight line until the next piece starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatePiece {
    /// When it starts.
    pub start: Nanos,
    /// The rate at its start.
    pub from: Rate,
    /// The rate at its end; equal to `from` in the last piece.
    pub to: Rate,
}

// === impl RateProfile ===

impl RateProfile {
    /// Builds a rate that stays.
    #[must_use]
    pub fn level(rate: Rate, process: Process) -> Self {
        Self { process, pieces: vec![RatePiece { start: Nanos(0), from: rate, to: rate }] }
    }

    /// Replaces the rate from a moment on.
    pub(super) fn change(&mut self, at: Nanos, rate: Rate) {
        let next = self.pieces.partition_point(|piece| piece.start < at);
        if let Some(end) = self.pieces.get(next)
            && let Some(cut) = next.checked_sub(1).and_then(|last| self.pieces.get(last)).copied()
        {
            let (whole, part) = (end.start.0 - cut.start.0, at.0 - cut.start.0);
            self.pieces[next - 1].to = between(cut.from, cut.to, part, whole);
        }
        self.pieces.truncate(next);
        self.pieces.push(RatePiece { start: at, from: rate, to: rate });
    }
}

/// The rate after `part` of `whole` nanoseconds on the way between two rates.
fn between(from: Rate, to: Rate, part: u64, whole: u64) -> Rate {
    let way = i128::from(to.0) - i128::from(from.0);
    let reached = way * i128::from(part) / i128::from(whole.max(1));
    Rate(u64::try_from(i128::from(from.0) + reached).unwrap_or_default())
}
