//! A level that changes at moments: queue length, busy workers, connections.

use crate::units::Nanos;

/// The average of a whole number over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAverage {
    level: u64,
    since: Nanos,
    start: Nanos,
    /// Level times nanoseconds.
    area: u128,
    highest: u64,
}

/// Averages of a level per interval of time, from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelSeries {
    interval: Nanos,
    level: u64,
    since: Nanos,
    /// Level times nanoseconds per interval.
    areas: Vec<u128>,
}

// === impl TimeAverage ===

impl TimeAverage {
    /// Starts at a time with a level.
    #[must_use]
    pub const fn new(start: Nanos, level: u64) -> Self {
        Self { level, since: start, start, area: 0, highest: level }
    }

    /// Sets the level from `now` on; times never go back.
    #[inline]
    pub fn set(&mut self, now: Nanos, level: u64) {
        self.area += u128::from(self.level) * u128::from(now.0.saturating_sub(self.since.0));
        self.since = now.max(self.since);
        self.level = level;
        self.highest = self.highest.max(level);
    }

    /// Raises the level by one.
    #[inline]
    pub fn raise(&mut self, now: Nanos) {
        self.set(now, self.level.saturating_add(1));
    }

    /// Lowers the level by one; 0 stays 0.
    #[inline]
    pub fn lower(&mut self, now: Nanos) {
        self.set(now, self.level.saturating_sub(1));
    }

    /// Returns the level.
    #[must_use]
    pub const fn level(&self) -> u64 {
        self.level
    }

    /// Returns the highest level since the start.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// Forgets the past and keeps the level, as at the end of the warm-up.
    pub const fn restart(&mut self, now: Nanos) {
        *self = Self::new(now, self.level);
    }

    /// Returns level times nanoseconds from the start to `now`.
    #[must_use]
    pub fn area(&self, now: Nanos) -> u128 {
        self.area + u128::from(self.level) * u128::from(now.0.saturating_sub(self.since.0))
    }

    /// Returns the average level from the start to `now`; `None` if no time has passed.
    #[must_use]
    pub fn mean(&self, now: Nanos) -> Option<f64> {
        let time = now.0.saturating_sub(self.start.0);
        (time > 0).then(|| self.area(now) as f64 / time as f64)
    }
}

// === impl LevelSeries ===

impl LevelSeries {
    /// Starts at time 0 with level 0; an interval of 0 counts as a nanosecond.
    #[must_use]
    pub fn new(interval: Nanos) -> Self {
        Self { interval: interval.max(Nanos(1)), level: 0, since: Nanos(0), areas: Vec::new() }
    }

    /// Sets the level from `now` on; times never go back.
    pub fn set(&mut self, now: Nanos, level: u64) {
        self.advance(now);
        self.level = level;
    }

    /// Counts the level up to `now`, the end of the run.
    pub fn advance(&mut self, now: Nanos) {
        while self.since < now {
            let index = self.since.0 / self.interval.0;
            let end = (index + 1).saturating_mul(self.interval.0).min(now.0);
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if index >= self.areas.len() {
                self.areas.resize(index + 1, 0);
            }
            self.areas[index] += u128::from(self.level) * u128::from(end - self.since.0);
            self.since = Nanos(end);
        }
    }

    /// Returns level times nanoseconds per interval.
    #[must_use]
    pub fn areas(&self) -> &[u128] {
        &self.areas
    }

    /// Returns the average level per interval, as if the last one were complete.
    pub fn means(&self) -> impl Iterator<Item = f64> + '_ {
        self.areas.iter().map(|area| *area as f64 / self.interval.0 as f64)
    }

    /// Adds the levels of another series of the same interval, as for the pods of a service; `false`, and
    /// nothing is added, if the intervals differ.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.interval != other.interval {
            return false;
        }
        if other.areas.len() > self.areas.len() {
            self.areas.resize(other.areas.len(), 0);
        }
        self.areas.iter_mut().zip(&other.areas).for_each(|(own, more)| *own += more);
        true
    }
}
