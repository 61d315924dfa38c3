//! Slots of a radix heap: events by the highest digit in which their time differs from a base time.
//!
//! A slot is a list of blocks from one pool; entries of a block lie side by side, so that reading a slot runs
//! through memory in order.

use super::Entry;

/// Binary digits per level.
const BITS: u32 = 6;

/// Values of a digit.
const SLOTS: usize = 1 << BITS;

/// Digits of a time.
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// Entries of a block: long enough to be read in one go, so that a million events cost little more than a
/// thousand.
const BLOCK: usize = 64;

/// No block.
const NONE: u32 = u32::MAX;

/// All slots of all levels.
#[derive(Clone, Debug)]
pub(super) struct Slots<E> {
    lists: Vec<List>,
    /// Which slots of a level hold events.
    used: [u64; LEVELS],
    entries: Vec<Entry<E>>,
    /// The block after a block, in a list or among the free ones.
    next: Vec<u32>,
    free: u32,
}

/// The name of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) level: u32,
    digit: u32,
}

/// The events of a slot in the order of arrival.
#[derive(Clone, Copy, Debug)]
struct List {
    head: u32,
    tail: u32,
    count: u32,
}

// === impl Slots ===

impl<E: Copy> Slots<E> {
    pub(super) fn new() -> Self {
        Self {
            lists: vec![List { head: NONE, tail: NONE, count: 0 }; SLOTS * LEVELS],
            used: [0; LEVELS],
            entries: Vec::new(),
            next: Vec::new(),
            free: NONE,
        }
    }

    /// Adds an event that is not before `base`.
    #[inline]
    pub(super) fn push(&mut self, base: u64, entry: Entry<E>) {
        let slot = Slot::of(base, entry.at);
        let list = self.lists[slot.index()];
        let place = list.count as usize % BLOCK;
        let mut tail = list.tail;
        if place == 0 {
            tail = self.block(entry);
            if list.count == 0 {
                self.lists[slot.index()].head = tail;
                self.used[slot.level as usize] |= 1 << slot.digit;
            } else {
                self.next[list.tail as usize] = tail;
            }
            self.lists[slot.index()].tail = tail;
        }
        self.entries[tail as usize * BLOCK + place] = entry;
        self.lists[slot.index()].count += 1;
    }

    /// Returns the slot with the earliest events.
    #[inline]
    pub(super) fn lowest(&self) -> Option<Slot> {
        let level = self.used.iter().position(|used| *used != 0)?;
        let digit = self.used[level].trailing_zeros();
        Some(Slot { level: u32::try_from(level).unwrap_or_default(), digit })
    }

    /// Returns how many events a slot holds.
    pub(super) fn count(&self, slot: Slot) -> usize {
        self.lists[slot.index()].count as usize
    }

    /// Returns the earliest time in any slot.
    pub(super) fn earliest(&self) -> Option<u64> {
        let list = self.lists[self.lowest()?.index()];
        let (mut block, mut left) = (list.head, list.count as usize);
        let mut earliest = u64::MAX;
        while left > 0 {
            let taken = left.min(BLOCK);
            let start = block as usize * BLOCK;
            let times = self.entries[start..start + taken].iter().map(|entry| entry.at);
            earliest = times.fold(earliest, u64::min);
            left -= taken;
            block = self.next[block as usize];
        }
        Some(earliest)
    }

    /// Takes all events of a slot in the order of arrival.
    #[inline]
    pub(super) fn drain(&mut self, slot: Slot, mut take: impl FnMut(Entry<E>)) {
        self.walk(slot, |_, entry| take(entry));
    }

    /// Moves all events of a slot to the slots that they have relative to `base`.
    pub(super) fn spread(&mut self, slot: Slot, base: u64) {
        self.walk(slot, |slots, entry| slots.push(base, entry));
    }

    #[inline]
    fn walk(&mut self, slot: Slot, mut take: impl FnMut(&mut Self, Entry<E>)) {
        let empty = List { head: NONE, tail: NONE, count: 0 };
        let list = std::mem::replace(&mut self.lists[slot.index()], empty);
        self.used[slot.level as usize] &= !(1 << slot.digit);
        let (mut block, mut left) = (list.head, list.count as usize);
        while left > 0 {
            let taken = left.min(BLOCK);
            let start = block as usize * BLOCK;
            for place in start..start + taken {
                let entry = self.entries[place];
                take(self, entry);
            }
            left -= taken;
            let next = self.next[block as usize];
            self.next[block as usize] = self.free;
            self.free = block;
            block = next;
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// A free block; a new one is filled with `entry`.
    #[inline]
    fn block(&mut self, entry: Entry<E>) -> u32 {
        if self.free != NONE {
            let block = self.free;
            self.free = self.next[block as usize];
            self.next[block as usize] = NONE;
            return block;
        }
        let block = u32::try_from(self.next.len()).unwrap_or(NONE);
        self.next.push(NONE);
        self.entries.resize(self.entries.len() + BLOCK, entry);
        block
    }
}

// === impl Slot ===

impl Slot {
    /// The slot of a time that is not before `base`.
    #[inline]
    const fn of(base: u64, at: u64) -> Self {
        // Equal times differ in no digit and belong to the lowest level.
        let level = ((base ^ at) | 1).ilog2() / BITS;
        let digit = (at >> (level * BITS)) & (SLOTS as u64 - 1);
        #[expect(clippy::cast_possible_truncation, reason = "a digit is below SLOTS")]
        Self { level, digit: digit as u32 }
    }

    #[inline]
    const fn index(self) -> usize {
        self.level as usize * SLOTS + self.digit as usize
    }

    /// First time and length of the slot relative to `base`.
    pub(super) const fn span(self, base: u64) -> (u64, u64) {
        let shift = self.level * BITS;
        let length = 1 << shift;
        // The highest digit has nothing above it.
        let above = match base.checked_shr(shift + BITS) {
            Some(digits) if shift + BITS < u64::BITS => digits << (shift + BITS),
            _ => 0,
        };
        (above | ((self.digit as u64) << shift), length)
    }
}
