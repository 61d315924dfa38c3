//! Records that are used again: no allocation per request once as many exist as are ever under way.

use std::ops::{Index, IndexMut};

/// No record.
pub(super) const NONE: u32 = u32::MAX;

/// Records by number.
#[derive(Debug, Default)]
pub(super) struct Slab<T> {
    items: Vec<T>,
    free: Vec<u32>,
}

/// Turns a length into the number of the next item.
pub(super) fn id(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NONE)
}

// === impl Slab ===

impl<T: Default> Slab<T> {
    /// Returns the number of an unused record; what the last user left in it is still there.
    pub(super) fn take(&mut self) -> u32 {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        self.items.push(T::default());
        id(self.items.len() - 1)
    }

    /// Returns a record, unless there is none with that number.
    pub(super) fn get(&self, slot: u32) -> Option<&T> {
        self.items.get(slot as usize)
    }

    /// Gives a record back.
    pub(super) fn give(&mut self, slot: u32) {
        self.free.push(slot);
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, slot: u32) -> &T {
        &self.items[slot as usize]
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.items[slot as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_used_again_before_another_is_made() {
        let mut slab: Slab<u64> = Slab::default();
        let (a, b) = (slab.take(), slab.take());
        slab[a] = 7;
        slab.give(a);
        assert_ne!(a, b);
        assert_eq!((slab.take(), slab[a]), (a, 7));
        assert_eq!(slab.take(), 2);
    }
}
