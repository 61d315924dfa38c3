//! The events that come next, in order.

use super::Entry;

/// Few events in time order, those of one time in the order of arrival.
#[derive(Clone, Debug)]
pub(super) struct Front<E> {
    entries: Vec<Entry<E>>,
    /// Entries before this one are taken.
    head: usize,
}

/// So many taken entries are worth moving the others.
const COMPACT: usize = 256;

// === impl Front ===

impl<E: Copy> Front<E> {
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new(), head: 0 }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head == self.entries.len()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.head
    }

    pub(super) fn first(&self) -> Option<&Entry<E>> {
        self.entries.get(self.head)
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<E>> {
        let entry = self.entries.get(self.head).copied()?;
        self.head += 1;
        if self.head == self.entries.len() {
            self.entries.clear();
            self.head = 0;
        }
        Some(entry)
    }

    /// Inserts behind all events that are not later.
    #[inline]
    pub(super) fn insert(&mut self, entry: Entry<E>) {
        // One event that always comes back at once would make the list longer and longer.
        if self.head >= COMPACT && self.head * 2 >= self.entries.len() {
            self.entries.drain(..self.head);
            self.head = 0;
        }
        let place = self.entries[self.head..].partition_point(|other| other.at <= entry.at);
        self.entries.insert(self.head + place, entry);
    }

    /// Adds an event without regard to its time; [`Front::sort`] must follow unless the order is right.
    #[inline]
    pub(super) fn add_last(&mut self, entry: Entry<E>) {
        self.entries.push(entry);
    }

    /// Sorts few entries by time, keeping the order of equal ones.
    pub(super) fn sort(&mut self) {
        for next in self.head + 1..self.entries.len() {
            let entry = self.entries[next];
            let mut place = next;
            while place > self.head && self.entries[place - 1].at > entry.at {
                self.entries[place] = self.entries[place - 1];
                place -= 1;
            }
            self.entries[place] = entry;
        }
    }

    /// Hands over all events after a time in order.
    pub(super) fn drain_after(&mut self, at: u64, take: impl FnMut(Entry<E>)) {
        let place = self.entries[self.head..].partition_point(|entry| entry.at <= at);
        self.entries.drain(self.head + place..).for_each(take);
        if self.head == self.entries.len() {
            self.entries.clear();
            self.head = 0;
        }
    }
}
