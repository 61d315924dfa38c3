//! Heaps by time and sequence number: the standard library's, and one with four children.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Event, Queue};

/// An entry that compares by time, then by arrival.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u64,
    sequence: u64,
    event: Event,
}

impl Entry {
    fn key(&self) -> (u64, u64) {
        (self.at, self.sequence)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The heap of the standard library.
#[derive(Debug, Default)]
pub(crate) struct Binary {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

/// A heap with four children per node.
#[derive(Debug, Default)]
pub(crate) struct Quaternary {
    entries: Vec<Entry>,
    sequence: u64,
}

impl Queue for Binary {
    const NAME: &'static str = "binary heap (std)";

    fn push(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.heap.push(Reverse(Entry { at, sequence: self.sequence, event }));
    }

    fn pop(&mut self) -> Option<(u64, Event)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

impl Queue for Quaternary {
    const NAME: &'static str = "4-ary heap";

    fn push(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        let entry = Entry { at, sequence: self.sequence, event };
        let mut place = self.entries.len();
        self.entries.push(entry);
        while place > 0 {
            let parent = (place - 1) / 4;
            if self.entries[parent].key() <= entry.key() {
                break;
            }
            self.entries[place] = self.entries[parent];
            place = parent;
        }
        self.entries[place] = entry;
    }

    fn pop(&mut self) -> Option<(u64, Event)> {
        let last = self.entries.pop()?;
        let Some(&first) = self.entries.first() else { return Some((last.at, last.event)) };
        let length = self.entries.len();
        let mut place = 0;
        loop {
            let children = 4 * place + 1..(4 * place + 5).min(length);
            let Some(least) = children.min_by_key(|child| self.entries[*child].key()) else {
                break;
            };
            if last.key() <= self.entries[least].key() {
                break;
            }
            self.entries[place] = self.entries[least];
            place = least;
        }
        self.entries[place] = last;
        Some((first.at, first.event))
    }
}
