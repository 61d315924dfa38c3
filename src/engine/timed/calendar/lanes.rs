//! Events that come after delays which are always the same (the network, a constant service time), and those of
//! sequences (the arrivals of a source).
//!
//! What was pushed earlier with the same delay or in the same sequence comes earlier, so a queue each keeps them
//! in order without any search.

use std::collections::VecDeque;

use super::Entry;
use crate::units::Nanos;

/// Lanes that have a queue of their own; looking through more of them would cost more than it saves.
const LANES: usize = 8;

/// So many of them may belong to sequences, which begin first.
const SEQUENCES: usize = 3;

/// What events have in common that come in the order in which they are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The delay.
    After(Nanos),
    /// The number of the sequence.
    Sequence(u32),
}

/// Queues of events by lane.
#[derive(Clone, Debug)]
pub(super) struct Lanes<E> {
    known: Vec<Lane>,
    /// The one that was found last: mostly the next one too.
    found: usize,
    queues: Vec<VecDeque<Entry<E>>>,
    /// When the first event of each queue comes.
    heads: [u128; LANES],
    /// The earliest of them, and its queue.
    next: u128,
    lane: usize,
}

/// The head of an empty queue: later than every event, whose numbers are smaller.
const NEVER: u128 = u128::MAX;

// === impl Lanes ===

impl<E: Copy> Lanes<E> {
    pub(super) const fn new() -> Self {
        let heads = [NEVER; LANES];
        Self { known: Vec::new(), found: 0, queues: Vec::new(), heads, next: NEVER, lane: 0 }
    }

    /// Returns the number of a lane; `None` if no queue is left for it.
    #[inline]
    pub(super) fn find(&mut self, lane: Lane) -> Option<usize> {
        if self.known.get(self.found) == Some(&lane) {
            return Some(self.found);
        }
        let known = self.known.iter().position(|known| *known == lane);
        let found = known.or_else(|| self.begin(lane))?;
        self.found = found;
        Some(found)
    }

    /// Adds an event to a lane with a number.
    #[inline]
    pub(super) fn push(&mut self, lane: usize, entry: Entry<E>) {
        let queue = &mut self.queues[lane];
        if queue.is_empty() {
            let head = entry.order();
            self.heads[lane] = head;
            if head < self.next {
                (self.next, self.lane) = (head, lane);
            }
        }
        queue.push_back(entry);
    }

    #[cold]
    fn begin(&mut self, lane: Lane) -> Option<usize> {
        let number = self.known.len();
        let most = if matches!(lane, Lane::Sequence(_)) { SEQUENCES } else { LANES };
        (number < most).then(|| {
            self.known.push(lane);
            self.queues.push(VecDeque::new());
            number
        })
    }

    /// When the next event comes; beyond all of them without any.
    #[inline]
    pub(super) const fn next(&self) -> u128 {
        self.next
    }

    /// Takes the next event.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<E>> {
        let queue = self.queues.get_mut(self.lane)?;
        let entry = queue.pop_front()?;
        self.heads[self.lane] = queue.front().map_or(NEVER, Entry::order);
        (self.next, self.lane) = (self.heads[0], 0);
        for lane in 1..self.known.len().min(LANES) {
            if self.heads[lane] < self.next {
                (self.next, self.lane) = (self.heads[lane], lane);
            }
        }
        Some(entry)
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.queues.iter().map(VecDeque::capacity).sum()
    }
}
