//! The radix heap as published: one bucket per binary digit.
//!
//! Source: Ahuja, Mehlhorn, Orlin and Tarjan, J. ACM 37 (1990) 213-223.

use std::collections::VecDeque;

use crate::{Event, Queue};

/// Buckets by the highest binary digit in which a time differs from the last one taken.
#[derive(Debug)]
pub(crate) struct BinaryRadix {
    now: VecDeque<(u64, Event)>,
    buckets: Vec<Vec<(u64, Event)>>,
    last: u64,
}

impl Default for BinaryRadix {
    fn default() -> Self {
        Self { now: VecDeque::new(), buckets: vec![Vec::new(); 64], last: 0 }
    }
}

impl Queue for BinaryRadix {
    const NAME: &'static str = "binary radix heap";

    fn push(&mut self, at: u64, event: Event) {
        match (at ^ self.last).checked_ilog2() {
            None => self.now.push_back((at, event)),
            Some(bucket) => self.buckets[bucket as usize].push((at, event)),
        }
    }

    fn pop(&mut self) -> Option<(u64, Event)> {
        if self.now.is_empty() {
            let index = self.buckets.iter().position(|bucket| !bucket.is_empty())?;
            let mut bucket = std::mem::take(&mut self.buckets[index]);
            self.last = bucket.iter().map(|(at, _)| *at).min()?;
            for (at, event) in bucket.drain(..) {
                self.push(at, event);
            }
            self.buckets[index] = bucket;
        }
        self.now.pop_front()
    }
}
