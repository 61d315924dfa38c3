//! The future event list: what happens next.
//!
//! Holds events until their time comes and gives them back in time order; of events with one time the one
//! that was pushed first comes first. Time never goes back: what is pushed for a time that has passed happens
//! now. An event that must not happen any more is not searched for: its owner counts generations and passes
//! over an event of an old one.
//!
//! # Model
//! A radix heap: times differ from a base time in a highest digit; that digit says the level of an event, its
//! value the slot. The lowest slot in use is spread over the levels below it, at most once per level and
//! event, until few enough events are left to be sorted into the front. Slots keep the order of arrival, so
//! no sequence numbers are needed. Slots share one pool of blocks: nothing is allocated once it has grown to
//! the largest number of events that were ever pending.

mod front;
mod slots;

use front::Front;
use slots::Slots;

use crate::units::Nanos;

/// Events in time order.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    front: Front<E>,
    /// Events up to this time are in the front, all later ones in slots.
    front_last: u64,
    /// No event in a slot is earlier.
    base: u64,
    slots: Slots<E>,
    now: u64,
    length: usize,
}

/// An event with its time.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: u64,
    event: E,
}

/// So many events are sorted at a time.
const SORTED: usize = 24;

/// More events in the front go back into slots: inserting into it costs time.
const CROWDED: usize = 96;

// === impl Calendar ===

impl<E: Copy> Calendar<E> {
    /// Returns an empty calendar at time 0.
    #[must_use]
    pub fn new() -> Self {
        Self { front: Front::new(), front_last: 0, base: 0, slots: Slots::new(), now: 0, length: 0 }
    }

    /// Returns the time of the event that was taken last; 0 at the beginning.
    #[must_use]
    pub const fn now(&self) -> Nanos {
        Nanos(self.now)
    }

    /// Returns how many events are pending.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Tells whether no event is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds an event; a time that has passed counts as now.
    #[inline]
    pub fn push(&mut self, at: Nanos, event: E) {
        let entry = Entry { at: at.0.max(self.now), event };
        self.length += 1;
        if entry.at > self.front_last {
            self.slots.push(self.base, entry);
            return;
        }
        self.front.insert(entry);
        if self.front.len() > CROWDED {
            self.clear_front();
        }
    }

    /// Takes the next event with its time, which is the time from now on.
    #[inline]
    pub fn pop(&mut self) -> Option<(Nanos, E)> {
        if self.front.is_empty() {
            self.refill();
        }
        let entry = self.front.pop()?;
        self.length -= 1;
        self.now = entry.at;
        Some((Nanos(entry.at), entry.event))
    }

    /// Returns the time of the next event.
    #[must_use]
    pub fn peek(&self) -> Option<Nanos> {
        let at = self.front.first().map(|entry| entry.at).or_else(|| self.slots.earliest());
        at.map(Nanos)
    }

    /// Entries that fit without allocation, in the front and in slots.
    #[cfg(test)]
    fn capacity(&self) -> (usize, usize) {
        (self.front.capacity(), self.slots.capacity())
    }

    /// Moves the earliest slot into the front; large slots are spread over finer ones first.
    fn refill(&mut self) {
        while let Some(slot) = self.slots.lowest() {
            let (start, length) = slot.span(self.base);
            self.base = start;
            if slot.level == 0 || self.slots.count(slot) <= SORTED {
                // The last slot ends with the last nanosecond: its end is no time.
                self.front_last = start + (length - 1);
                let front = &mut self.front;
                self.slots.drain(slot, |entry| front.add_last(entry));
                // Equal times need no sorting: they stand in the order in which they were pushed.
                if slot.level > 0 {
                    self.front.sort();
                }
                return;
            }
            self.slots.spread(slot, start);
        }
    }

    /// Puts what is later than the present back into slots, now relative to the present: the front covers one
    /// slot, and the levels below that slot are empty, so all of it goes to finer slots than before.
    fn clear_front(&mut self) {
        self.base = self.now;
        self.front_last = self.now;
        let (slots, base) = (&mut self.slots, self.base);
        self.front.drain_after(self.now, |entry| slots.push(base, entry));
    }
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
