//! The same model as a loop written by hand: a binary heap, three counters and queues, nothing else.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A generator as small as can be (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Draws an exponential number with a mean, in whole nanoseconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and the number is not negative"
    )]
    pub(crate) fn exponential(&mut self, mean: f64) -> u64 {
        let uniform = ((self.next() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0;
        (-mean * uniform.ln()) as u64
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive,
    /// Station, time of the arrival at the first one.
    Served(usize, u64),
}

/// Runs so many requests; returns the sum of their times.
pub(crate) fn run(seed: u64, requests: u64, rate: u64, service: u64) -> u64 {
    let mut random = Random(seed);
    let gap = 1e9 / rate as f64;
    let mut heap = BinaryHeap::new();
    let mut sequence = 0_u64;
    let mut busy = [0_u32; 3];
    let mut queues = [VecDeque::new(), VecDeque::new(), VecDeque::new()];
    let (mut done, mut sum) = (0, 0);
    heap.push(Reverse((random.exponential(gap), sequence, Event::Arrive)));
    while done < requests {
        let Some(Reverse((now, _, event))) = heap.pop() else { break };
        let mut push = |at: u64, event| {
            sequence += 1;
            heap.push(Reverse((at, sequence, event)));
        };
        let (station, started) = match event {
            Event::Arrive => {
                push(now + random.exponential(gap), Event::Arrive);
                (0, now)
            }
            Event::Served(station, started) => {
                match queues[station].pop_front() {
                    Some(next) => {
                        push(
                            now + random.exponential(service as f64),
                            Event::Served(station, next),
                        );
                    }
                    None => busy[station] -= 1,
                }
                (station + 1, started)
            }
        };
        if station == 3 {
            done += 1;
            sum += now - started;
        } else if busy[station] < 8 {
            busy[station] += 1;
            push(now + random.exponential(service as f64), Event::Served(station, started));
        } else {
            queues[station].push_back(started);
        }
    }
    sum
}
