//! Weighted turns: earliest deadline first (E-76, E-77).
//!
//! # Model
//! Every entry has a deadline; the earliest is picked, ties in order of insertion. The clock moves to
//! it, and the entry comes back at clock + 1 / weight. Doubles, as in Envoy: ties and rounding are part
//! of the sequence that is compared with the binary.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Entries `0..n` taking turns by weight.
#[derive(Clone, Debug, Default)]
pub struct Edf {
    queue: BinaryHeap<Turn>,
    clock: f64,
    inserted: u64,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    deadline: f64,
    order: u64,
    entry: u32,
}

/// Envoy adds this to weights when it computes the start, so that no entry is a pick ahead.
const START_EPSILON: f64 = 1e-13;

// === impl Edf ===

impl Edf {
    /// Builds the state after `picks` picks with constant weights (E-77); weights are above 0.
    #[must_use]
    pub fn after_picks(entries: u32, picks: u32, weight: impl Fn(u32) -> f64) -> Self {
        let mut edf = Self::default();
        edf.restart(entries, picks, weight);
        edf
    }

    /// Tells whether there is nothing to pick.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Removes all entries.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }

    /// Picks the next entry; `weight` is asked for its present weight, which holds for its next turn.
    pub fn pick(&mut self, weight: impl FnOnce(u32) -> f64) -> Option<u32> {
        let mut first = self.queue.peek_mut()?;
        let Turn { deadline, entry, .. } = *first;
        self.clock = deadline;
        *first = Turn { deadline: deadline + 1.0 / weight(entry), order: self.inserted, entry };
        // The changed entry finds its place when it is let go.
        drop(first);
        self.inserted += 1;
        Some(entry)
    }

    /// As [`Edf::after_picks`], reusing the memory.
    pub(super) fn restart(&mut self, entries: u32, picks: u32, weight: impl Fn(u32) -> f64) {
        self.queue.clear();
        self.clock = 0.0;
        self.inserted = u64::from(entries);
        let start = |entry: u32| weight(entry) + START_EPSILON;
        let sum: f64 = (0..entries).map(start).sum();
        let mut done: u32 = 0;
        for entry in 0..entries {
            let weight = start(entry);
            let count = whole_picks(f64::from(picks), weight, sum);
            done = done.saturating_add(count);
            self.clock = self.clock.max(f64::from(count) / weight);
            let deadline = (f64::from(count) + 1.0) / weight;
            self.queue.push(Turn { deadline, order: u64::from(entry), entry });
        }
        if entries > 0 {
            for _ in done..picks {
                self.pick(&weight);
            }
        }
    }
}

/// The picks of an entry that are certain after `picks` picks of all (E-77).
fn whole_picks(picks: f64, weight: f64, sum: f64) -> u32 {
    let count = (weight * picks / sum).floor();
    // A pick that is only just due may still be waiting behind its equals.
    let count = if count > 0.0 && count / weight >= picks / sum { count - 1.0 } else { count };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and a share of a u32 is one"
    )]
    let count = count as u32;
    count
}

// === impl Turn ===

impl Ord for Turn {
    /// The greatest is the earliest, because the heap hands out the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        let earlier = other.deadline.total_cmp(&self.deadline);
        earlier.then_with(|| other.order.cmp(&self.order))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Turn {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Turn {}

#[cfg(test)]
mod tests;
