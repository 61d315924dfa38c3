//! The calendar queue: days of equal length, years of as many days as events.
//!
//! Source: Brown, Comm. ACM 31 (1988) 1220-1227.

use crate::{Event, Queue};

/// Sorted days, the next event of each last.
#[derive(Debug)]
pub(crate) struct Brown {
    days: Vec<Vec<(u64, u64, Event)>>,
    width: u64,
    today: usize,
    /// End of today.
    end: u64,
    length: usize,
    sequence: u64,
}

/// The smallest year.
const DAYS: usize = 16;

impl Default for Brown {
    fn default() -> Self {
        let days = vec![Vec::new(); DAYS];
        Self { days, width: 1 << 20, today: 0, end: 1 << 20, length: 0, sequence: 0 }
    }
}

impl Brown {
    fn insert(&mut self, entry: (u64, u64, Event)) {
        let count = self.days.len() as u64;
        let day = &mut self.days[index(entry.0 / self.width % count)];
        let place = day.partition_point(|other| (other.0, other.1) > (entry.0, entry.1));
        day.insert(place, entry);
    }

    /// Another number of days; their length is three times the mean gap between the next events.
    fn resize(&mut self, days: usize) {
        let mut all: Vec<(u64, u64, Event)> = self.days.drain(..).flatten().collect();
        let sample = all.len().min(64);
        if sample > 1 {
            all.select_nth_unstable_by_key(sample - 1, |entry| entry.0);
            let low = all[..sample].iter().map(|entry| entry.0).min().unwrap_or_default();
            let gap = (all[sample - 1].0 - low) / sample as u64;
            self.width = (3 * gap).max(1);
        }
        self.days = vec![Vec::new(); days];
        let first = all.iter().map(|entry| entry.0).min().unwrap_or_default();
        self.go_to(first);
        for entry in all {
            self.insert(entry);
        }
    }

    fn go_to(&mut self, at: u64) {
        let day = at / self.width;
        self.today = index(day % self.days.len() as u64);
        self.end = (day + 1) * self.width;
    }
}

/// A number of a day as an index: it is below their count.
fn index(day: u64) -> usize {
    usize::try_from(day).unwrap_or_default()
}

impl Queue for Brown {
    const NAME: &'static str = "calendar queue";

    fn push(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.insert((at, self.sequence, event));
        self.length += 1;
        if at + self.width < self.end {
            self.go_to(at);
        }
        if self.length > 2 * self.days.len() {
            self.resize(2 * self.days.len());
        }
    }

    fn pop(&mut self) -> Option<(u64, Event)> {
        if self.length == 0 {
            return None;
        }
        for _ in 0..self.days.len() {
            let day = &mut self.days[self.today];
            if let Some((at, _, event)) = day.pop_if(|entry| entry.0 < self.end) {
                self.length -= 1;
                if self.length < self.days.len() / 2 && self.days.len() > DAYS {
                    self.resize(self.days.len() / 2);
                }
                return Some((at, event));
            }
            self.today = (self.today + 1) % self.days.len();
            self.end += self.width;
        }
        // Nothing in a whole year: go straight to the next event.
        let next = self.days.iter().filter_map(|day| day.last()).map(|entry| entry.0).min()?;
        self.go_to(next);
        self.pop()
    }
}
