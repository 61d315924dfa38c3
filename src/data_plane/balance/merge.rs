//! When the workers of a proxy see a change of its hosts (E-95).
//!
//! Changes of health and weight are merged: one is passed on at once if the previous update of that
//! priority is more than a window ago; otherwise a timer of one window starts, and all changes until
//! then arrive together. Additions and removals are never held back and take along what waits.

use crate::units::Nanos;

/// Envoy's default window for merging updates.
pub const DEFAULT_MERGE_WINDOW: Nanos = Nanos::SECOND;

/// When the workers see a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Immediately.
    Now,
    /// At this time.
    At(Nanos),
}

/// The updates of one priority.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MergedUpdates {
    last: Option<Nanos>,
    due: Option<Nanos>,
}

// === impl MergedUpdates ===

impl MergedUpdates {
    /// Registers a change and says when it is to be passed on.
    pub(super) fn register(&mut self, now: Nanos, mergeable: bool, window: Nanos) -> Visible {
        // Envoy compares whole milliseconds.
        let outside = self.last.is_none_or(|last| {
            Nanos(now.0.saturating_sub(last.0)).as_millis() > window.as_millis()
        });
        if !mergeable || outside || window.as_millis() == 0 {
            *self = Self { last: Some(now), due: None };
            return Visible::Now;
        }
        let due = *self.due.get_or_insert(Nanos(now.0.saturating_add(window.0)));
        Visible::At(due)
    }

    /// When the waiting changes are to be passed on.
    pub(super) const fn due(self) -> Option<Nanos> {
        self.due
    }

    /// Ends the wait if its time has come, and says whether it has.
    pub(super) fn end_wait(&mut self, now: Nanos) -> bool {
        let ended = self.due.is_some_and(|due| due <= now);
        if ended {
            *self = Self { last: Some(now), due: None };
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Nanos = DEFAULT_MERGE_WINDOW;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    #[test]
    fn the_first_change_passes_and_the_next_ones_wait_one_window_together() {
        let mut updates = MergedUpdates::default();
        assert_eq!(updates.register(ms(100), true, WINDOW), Visible::Now);
        assert_eq!(updates.register(ms(300), true, WINDOW), Visible::At(ms(1300)));
        assert_eq!(updates.register(ms(900), true, WINDOW), Visible::At(ms(1300)));
        assert!(!updates.end_wait(ms(1299)) && updates.end_wait(ms(1300)));
        assert_eq!(updates.due(), None);
        // The delivery counts as an update: the window is measured from it.
        assert_eq!(updates.register(ms(2300), true, WINDOW), Visible::At(ms(3300)));
    }

    #[test]
    fn a_change_more_than_a_window_after_the_last_passes_at_once() {
        let mut updates = MergedUpdates::default();
        updates.register(ms(0), true, WINDOW);
        assert_eq!(updates.register(ms(1001), true, WINDOW), Visible::Now);
    }

    #[test]
    fn additions_pass_at_once_and_take_along_what_waits() {
        let mut updates = MergedUpdates::default();
        updates.register(ms(0), true, WINDOW);
        updates.register(ms(10), true, WINDOW);
        assert_eq!(updates.register(ms(20), false, WINDOW), Visible::Now);
        assert_eq!(updates.due(), None);
        // They start a window of their own.
        assert_eq!(updates.register(ms(30), true, WINDOW), Visible::At(ms(1030)));
    }

    #[test]
    fn a_window_of_zero_merges_nothing() {
        let mut updates = MergedUpdates::default();
        for millis in [0, 0, 1] {
            assert_eq!(updates.register(ms(millis), true, Nanos(0)), Visible::Now);
        }
    }
}
