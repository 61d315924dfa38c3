//! Events that come after delays which are always the same: the network, a constant service time.
//!
//! What was pushed earlier with the same delay comes earlier, so a queue per delay keeps them in order without
//! any search.

use std::collections::VecDeque;

use super::Entry;

/// Delays that have a queue of their own; looking through more of them would cost more than it saves.
const LANES: usize = 8;

/// Queues of events by delay.
#[derive(Clone, Debug)]
pub(super) struct Lanes<E> {
    delays: Vec<u64>,
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
        Self { delays: Vec::new(), queues: Vec::new(), heads, next: NEVER, lane: 0 }
    }

    /// Adds an event that comes after `delay`; gives it back if no queue is left for that.
    #[inline]
    pub(super) fn push(&mut self, delay: u64, entry: Entry<E>) -> Option<Entry<E>> {
        let lane = match self.delays.iter().position(|known| *known == delay) {
            Some(lane) => lane,
            None if self.delays.len() < LANES => {
                self.delays.push(delay);
                self.queues.push(VecDeque::new());
                self.delays.len() - 1
            }
            None => return Some(entry),
        };
        let queue = &mut self.queues[lane];
        if queue.is_empty() {
            let head = entry.order();
            self.heads[lane] = head;
            if head < self.next {
                (self.next, self.lane) = (head, lane);
            }
        }
        queue.push_back(entry);
        None
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
        for lane in 1..self.delays.len().min(LANES) {
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
