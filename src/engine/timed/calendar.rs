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
//! event, until few enough events are left to be sorted into the front. Slots share one pool of blocks: nothing
//! is allocated once it has grown to the largest number of events that were ever pending. Delays that are
//! always the same pass by all that: each has a queue, and the next event is the earlier one of both.

mod front;
mod lanes;
mod slots;

use front::Front;
use lanes::{Lane, Lanes};
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
    /// No event in a slot comes before this; may be too early.
    slots_from: u64,
    lanes: Lanes<E>,
    now: u64,
    /// Events that were ever pushed, and those that were taken.
    pushed: u64,
    taken: u64,
}

/// An event with its time.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: u64,
    /// How many were pushed before it.
    number: u64,
    event: E,
}

/// So many events are sorted at a time.
const SORTED: usize = 24;

/// More events in the front go back into slots: inserting into it costs time.
const CROWDED: usize = 96;

/// The time in what [`Entry::order`] returns.
const fn time_of(order: u128) -> u64 {
    (order >> 64) as u64
}

// === impl Entry ===

impl<E> Entry<E> {
    /// Rises with the time, for equal times with the number.
    #[inline]
    const fn order(&self) -> u128 {
        (self.at as u128) << 64 | self.number as u128
    }
}

// === impl Calendar ===

impl<E: Copy> Calendar<E> {
    /// Returns an empty calendar at time 0.
    #[must_use]
    pub fn new() -> Self {
        Self {
            front: Front::new(),
            front_last: 0,
            base: 0,
            slots: Slots::new(),
            slots_from: u64::MAX,
            lanes: Lanes::new(),
            now: 0,
            pushed: 0,
            taken: 0,
        }
    }

    /// Returns the time of the event that was taken last; 0 at the beginning.
    #[must_use]
    pub const fn now(&self) -> Nanos {
        Nanos(self.now)
    }

    /// Returns how many events are pending.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.pushed - self.taken
    }

    /// Tells whether no event is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pushed == self.taken
    }

    /// Adds an event; a time that has passed counts as now.
    #[inline]
    pub fn push(&mut self, at: Nanos, event: E) {
        self.add(at.0.max(self.now), event);
    }

    /// Adds an event that comes after a delay which is not drawn at random, but one of a few: that costs less.
    #[inline]
    pub fn push_after(&mut self, delay: Nanos, event: E) {
        self.add_to_lane(Lane::After(delay), self.now.saturating_add(delay.0), event);
    }

    /// Adds an event of a sequence whose events are pushed in the order of their times, such as arrivals; the
    /// sequence has any number. That costs less.
    #[inline]
    pub fn push_in_order(&mut self, sequence: u32, at: Nanos, event: E) {
        self.add_to_lane(Lane::Sequence(sequence), at.0.max(self.now), event);
    }

    /// Takes the next event with its time, which is the time from now on.
    #[inline]
    pub fn pop(&mut self) -> Option<(Nanos, E)> {
        let lane = self.lanes.next();
        // Slots that come later than that stay as they are: what is pushed meanwhile may come before them.
        if self.front.is_empty() && u128::from(self.slots_from) << 64 <= lane {
            self.refill(time_of(lane));
        }
        let entry = match self.front.first() {
            Some(first) if first.order() < lane => self.front.pop(),
            _ => self.lanes.pop(),
        }?;
        self.taken += 1;
        self.now = entry.at;
        Some((Nanos(entry.at), entry.event))
    }

    /// Returns the time of the next event.
    #[must_use]
    pub fn peek(&self) -> Option<Nanos> {
        let sorted = self.front.first().map(|entry| entry.at).or_else(|| self.slots.earliest());
        let earliest = sorted.unwrap_or(u64::MAX).min(time_of(self.lanes.next()));
        (!self.is_empty()).then_some(Nanos(earliest))
    }

    #[inline]
    const fn entry(&mut self, at: u64, event: E) -> Entry<E> {
        let number = self.pushed;
        self.pushed += 1;
        Entry { at, number, event }
    }

    #[inline]
    fn add_to_lane(&mut self, lane: Lane, at: u64, event: E) {
        match self.lanes.find(lane) {
            Some(lane) => {
                let entry = self.entry(at, event);
                self.lanes.push(lane, entry);
            }
            None => self.add(at, event),
        }
    }

    #[inline]
    fn add(&mut self, at: u64, event: E) {
        let entry = self.entry(at, event);
        if at > self.front_last {
            self.slots_from = self.slots_from.min(entry.at);
            self.slots.push(self.base, entry);
            return;
        }
        self.front.insert(entry);
        if self.front.len() > CROWDED {
            self.clear_front();
        }
    }

    /// Entries that fit without allocation, in the front and in slots.
    #[cfg(test)]
    fn capacity(&self) -> (usize, usize, usize) {
        (self.front.capacity(), self.slots.capacity(), self.lanes.capacity())
    }

    /// Moves the earliest slot into the front, unless it begins after `until`; large slots are spread over finer
    /// ones first.
    fn refill(&mut self, until: u64) {
        while let Some(slot) = self.slots.lowest() {
            let (start, length) = slot.span(self.base);
            self.slots_from = start;
            if start > until {
                return;
            }
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
                self.slots_from = self.front_last;
                return;
            }
            self.slots.spread(slot, start);
        }
        self.slots_from = u64::MAX;
    }

    /// Puts what is later than the present back into slots, now relative to the present: the front covers one
    /// slot, and the levels below that slot are empty, so all of it goes to finer slots than before.
    fn clear_front(&mut self) {
        self.base = self.now;
        self.front_last = self.now;
        self.slots_from = self.now;
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
